"""What a secret looks like in a text, and what only looks like one. Pure.

Known shapes are those that their makers document; beyond them only a name that says so (KEY,
TOKEN, SECRET, PASSWORD) with a literal that seems random. The value itself is never part of what
is said: only its length is.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

# kind -> its shape. Prefixes as documented by AWS, GitHub, GitLab, Slack, Stripe, Google, npm,
# PyPI, SendGrid, Twilio, Square, OpenAI, Heroku; PEM blocks are RFC 7468.
_SHAPES = {
    "a private key": r"-----BEGIN (?:RSA |EC |DSA |OPENSSH |ENCRYPTED |PGP )?PRIVATE KEY(?: BLOCK)?"
    r"-----\s*(?:\\n|\s)*[A-Za-z0-9+/=]{20}",
    "an AWS access key": r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    "a GitHub token": r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{50,})\b",
    "a GitLab token": r"\bglpat-[A-Za-z0-9_-]{20,}\b",
    "a Slack token": r"\bxox[abeprs]-[0-9A-Za-z-]{20,}",
    "a Slack webhook": r"https://hooks\.slack\.com/services/T\w{6,}/B\w{6,}/\w{20,}",
    "a Stripe key": r"\b[sr]k_live_[0-9A-Za-z]{16,}\b",
    "a Google API key": r"\bAIza[0-9A-Za-z_-]{35}\b",
    "an npm token": r"\bnpm_[A-Za-z0-9]{36}\b",
    "a PyPI token": r"\bpypi-AgEI[A-Za-z0-9_-]{50,}",
    "a SendGrid key": r"\bSG\.[\w-]{16,32}\.[\w-]{16,64}\b",
    "an OpenAI key": r"\bsk-(?:proj-)?[A-Za-z0-9]{32,}\b",
    "a Heroku key": r"\bHRKU-[0-9a-fA-F-]{36}\b",
}
_KNOWN = {kind: re.compile(shape) for kind, shape in _SHAPES.items()}
_URL = re.compile(
    r"\b[a-z][a-z0-9+.-]{1,20}://([^\s:/@'\"`<>]{0,80}):([^\s/@'\"`<>]{1,200})@([\w.-]*)"
)
# from the telling word on, so that the search is for a few plain words; the name's head is before
_NAMED = re.compile(
    r"""(?:key|token|secret|passwd|password|pwd|credential)s?
        ["']?\]?\s{0,9}(?:(?::\s{0,9}\w{1,40}\s{0,9})?=|:|=>)\s{0,9}
        (?:(?:os\.environ\.get|os\.getenv|getenv|env|config)?
        \(\s{0,9}["'][\w.]{1,80}["']\s{0,9},\s{0,9}(?:default\s{0,9}=\s{0,9})?)?
        [rub]?["'](?P<value>[^"'\n]{8,512})["']""",
    re.VERBOSE | re.IGNORECASE,
)
_UNQUOTED = re.compile(
    r"""(?:key|token|secret|passwd|password|pwd|credential)s?["']?\s{0,9}[:=]\s{0,9}
        ["']?(?P<value>[^"'\s#;]{8,512})["']?\s{0,9}$""",
    re.VERBOSE | re.IGNORECASE | re.MULTILINE,
)
_HEAD = re.compile(r"[A-Za-z_][\w-]{0,60}$")
_BLANK = re.compile(
    r"change|example|sample|dummy|placeholder|your|insert|replace|todo|fixme|xxx|secret|password"
    r"|passwd|token|default|test|dev|local|insecure|none|null|undefined|foo|bar|baz|lorem|qwerty|abc"
    r"|1234|only[-_]?for|laptop|deadbeef|redacted|hidden|fake|mock|demo|public|user|admin|root|postgres|<|>|\*\*\*|\.\.\."
    r"|\$\{|\{\{|%\(|%s|\{\w*\}|#\{",
    re.IGNORECASE,
)
_PUBLIC_NAMES = re.compile(
    r"^(?:test|example|sample|dummy|fake)_|public|publishable|foreign|primary|cache|sort|index|lookup|partition|url|path|file|name|header"
    r"|field|label|column|param|cookie|prefix|suffix|format|type|csrf|hint|help|error|message|title"
    r"|redirect|endpoint|translation|i18n|site_?key|pub_?key|hot_?key|short_?cut|access_?key_?id",
    re.IGNORECASE,
)
_PASSWORD_NAMES = re.compile(r"passw(?:or)?d|pwd", re.IGNORECASE)
_LOCAL = re.compile(
    r"localhost|127\.0\.0\.1|::1|0\.0\.0\.0|example\.(?:com|org|net)|host|db|redis|postgres"
)


@dataclass(frozen=True)
class Secret:
    """kind: in words. name: of what it is assigned to, or "". start, end: of the value in the
    text. sure: known by its shape or its place, not by its name. known: by its shape."""

    kind: str
    name: str
    start: int
    end: int
    sure: bool
    known: bool = False


@lru_cache(maxsize=8192)
def secrets_in(text: str, *, unquoted: bool = False) -> tuple[Secret, ...]:
    """The secrets in a text; each part of the text belongs to one at most. unquoted: it is a
    settings file, whose values stand without quotes."""
    taken: list[tuple[int, int]] = []
    found: list[Secret] = []
    by_name = _by_name(text, _UNQUOTED if unquoted else _NAMED)
    for secret in (*_by_shape(text), *_by_url(text), *by_name):
        if not any(start < secret.end and secret.start < end for start, end in taken):
            taken.append((secret.start, secret.end))
            found.append(secret)
    return tuple(found)


def _by_shape(text: str) -> Iterator[Secret]:
    for kind, shape in _KNOWN.items():
        for match in shape.finditer(text):
            if kind == "a private key" or not is_blank(match[0][4:]):
                yield Secret(kind, "", match.start(), match.end(), True, True)


def _by_url(text: str) -> Iterator[Secret]:
    for match in _URL.finditer(text) if "@" in text else ():
        user, password, host = match.groups()
        if is_blank(password) or password in (user, host) or _LOCAL.fullmatch(host):
            continue
        if len(password) >= 6 and "." in host:
            yield Secret("a password in a URL", "", match.start(2), match.end(2), True)


def _by_name(text: str, shape: re.Pattern[str]) -> Iterator[Secret]:
    for match in shape.finditer(text):
        value = match["value"]
        if is_blank(value) or not is_random(value):
            continue
        head = _HEAD.search(text, max(0, match.start() - 60), match.start())
        tail = re.match(r"\w+", match[0])
        name = (head[0] if head else "") + (tail[0] if tail else "")
        if not _PUBLIC_NAMES.search(name):
            yield Secret("a literal", name, match.start("value"), match.end("value"), False)


def is_blank(value: str) -> bool:
    """Whether a value is to be filled in, or is known to everybody."""
    return bool(_BLANK.search(value)) or len(set(value)) < 5


def is_random(value: str) -> bool:
    """Whether a text seems to come from a generator: no words, and letters mixed with digits."""
    if any(each.isspace() for each in value) or not value.isascii():
        return False
    if len(value) < 16 or "://" in value or value.startswith(("/", "./", "#")):
        return False
    if not re.search(r"\d", value) or not re.search(r"[A-Za-z]", value):
        return False
    if re.fullmatch(r"[a-z]+(?:[-_.][a-z0-9]+)*", value, re.IGNORECASE) and _is_words(value):
        return False
    return entropy(value) >= (3.0 if re.fullmatch(r"[0-9a-fA-F-]+", value) else 3.5)


def _is_words(value: str) -> bool:
    """Whether a text is words with dashes, dots or underlines between them."""
    parts = re.split(r"[-_.]", value)
    return len(parts) > 1 and max(map(len, parts)) < 16


def entropy(value: str) -> float:
    """Shannon entropy of a text in bits for each character."""
    counts = Counter(value)
    return -sum(n / len(value) * math.log2(n / len(value)) for n in counts.values())
