"""From the bytes that somebody sent to text that is safe to keep. Pure."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from guestbook.messages import HttpError

MAX_AUTHOR = 60  # characters
MAX_MESSAGE = 1000
# Invisible marks that turn the direction of the text around them: names could pose as others.
_DIRECTION = re.compile("[\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True)
class Draft:
    """What a visitor wrote, cleaned; `errors` maps a field to a sentence, and is empty if good."""

    author: str
    message: str
    errors: Mapping[str, str]


def read_fields(content_type: str, body: bytes) -> dict[str, Any]:
    """The fields of a form or of a JSON object. Raises HttpError 400 or 415."""
    kind = content_type.partition(";")[0].strip().lower()
    try:
        text = body.decode("utf-8")
        if kind == "application/json":
            fields = json.loads(text)
            if not isinstance(fields, dict):
                raise HttpError(400, "The body must be a JSON object.")
            return fields
        if kind == "application/x-www-form-urlencoded":
            pairs = parse_qs(text, keep_blank_values=True, errors="strict", max_num_fields=20)
            return {name: values[0] for name, values in pairs.items()}
    except UnicodeDecodeError:
        raise HttpError(400, "The body is not UTF-8.") from None
    except (ValueError, RecursionError):
        raise HttpError(400, "The body cannot be read.") from None
    raise HttpError(415, "Send a form (application/x-www-form-urlencoded) or application/json.")


def read_draft(fields: Mapping[str, Any]) -> Draft:
    """The entry in `fields`, with what is wrong with it."""
    author, author_error = _text(fields, "author", "your name", MAX_AUTHOR)
    message, message_error = _text(fields, "message", "a message", MAX_MESSAGE)
    errors = {"author": author_error, "message": message_error}
    return Draft(
        author=" ".join(author.split()),
        message=message,
        errors={name: error for name, error in errors.items() if error},
    )


def clean(text: str) -> str:
    """`text` in one normal form, without control characters, and with at most one empty line."""
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    text = "".join(c for c in text if c in "\n\t" or unicodedata.category(c) != "Cc")
    return re.sub(r"\n\s*\n\s*\n", "\n\n", _DIRECTION.sub("", text)).strip()


def _text(fields: Mapping[str, Any], name: str, what: str, limit: int) -> tuple[str, str]:
    """The cleaned field and, if it is not good, a sentence."""
    value = fields.get(name, "")
    if not isinstance(value, str):
        return "", f"Send {what} as text."
    if any(unicodedata.category(c) == "Cs" for c in value):
        return "", f"Send {what} as Unicode text: half of a surrogate pair is none."
    text = clean(value)
    if not text:
        return "", f"Please write {what}."
    if len(text) > limit:
        return text, f"Please use at most {limit} characters; these are {len(text)}."
    return text, ""
