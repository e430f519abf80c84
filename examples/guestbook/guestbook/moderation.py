"""What a worker thinks of a message. Pure: the same text always gives the same verdict."""

from __future__ import annotations

import re
from typing import NamedTuple

MAX_LINKS = 2
_LINK = re.compile(r"https?://|www\.", re.IGNORECASE)
_SPAM = re.compile(r"\b(casino|viagra|free money|crypto giveaway|work from home)\b", re.IGNORECASE)
_LONG_RUN = re.compile(r"(\S)\1{11}")
_KINDS = (
    ("thanks", re.compile(r"\b(thanks|thank you|merci|danke|gracias)\b", re.IGNORECASE)),
    ("question", re.compile(r"\?\s*$", re.MULTILINE)),
    ("greeting", re.compile(r"^\s*(hello|hi|hey|greetings|bonjour|hallo|hola)\b", re.IGNORECASE)),
)


class Verdict(NamedTuple):
    """`status` is `shown` or `held`; `text` is the kind of message, or why it is held."""

    status: str
    text: str


def check(message: str) -> Verdict:
    """Whether a message may stay in the book."""
    if len(_LINK.findall(message)) > MAX_LINKS:
        return Verdict("held", "too many links")
    if _SPAM.search(message):
        return Verdict("held", "reads like an advertisement")
    letters = [letter for letter in message if letter.isalpha()]
    if len(letters) >= 20 and sum(letter.isupper() for letter in letters) > 0.8 * len(letters):
        return Verdict("held", "all in capitals")
    if _LONG_RUN.search(message):
        return Verdict("held", "one character over and over")
    for kind, pattern in _KINDS:
        if pattern.search(message):
            return Verdict("shown", kind)
    return Verdict("shown", "note")
