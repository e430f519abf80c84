"""Everything that may differ between deploys, read from the environment once (factor III).

No other module looks at `os.environ`. A missing or wrong variable ends the process at start with
one line that names it: better than a page that fails on the third request.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

APP_FOLDER = Path(__file__).resolve().parent.parent
LEVELS = ("debug", "info", "warning", "error")


class ConfigError(ValueError):
    """A variable is missing or wrong; the message names it and says how to mend it."""


@dataclass(frozen=True)
class Config:
    """The config of one process. Times carry their unit in their name."""

    database: Path
    title: str
    secret_key: bytes
    log_level: str
    dyno: str
    release: str
    work_ms: int
    job_lease_seconds: float
    digest_seconds: int


def load(env: Mapping[str, str]) -> Config:
    """The config that `env` holds. Raises ConfigError."""
    level = env.get("LOG_LEVEL", "info").lower()
    if level not in LEVELS:
        raise ConfigError(f"LOG_LEVEL is {level!r}: use one of {', '.join(LEVELS)}")
    config = Config(
        database=database_path(_required(env, "DATABASE_URL")),
        title=env.get("GUESTBOOK_TITLE", "").strip() or "Guestbook",
        secret_key=_required(env, "SECRET_KEY").encode(),
        log_level=level,
        dyno=env.get("DYNO") or "local.1",
        release=env.get("HEROKU_RELEASE_VERSION", ""),
        work_ms=_whole_number(env, "WORK_MS", default=400, low=0, high=600_000),
        job_lease_seconds=_whole_number(env, "JOB_LEASE_SECONDS", default=10, low=1, high=3600),
        digest_seconds=_whole_number(env, "DIGEST_SECONDS", default=60, low=1, high=86_400),
    )
    if config.work_ms >= config.job_lease_seconds * 1000:
        raise ConfigError("WORK_MS must be shorter than JOB_LEASE_SECONDS: no job would ever end")
    return config


def address(env: Mapping[str, str]) -> tuple[str, int]:
    """Where the web process listens (factor VII). Raises ConfigError.

    The platform chooses PORT. On Heroku the router is another machine, so the default lets it in.
    On a laptop HOST=127.0.0.1, in .env, keeps the café's network out.
    """
    _required(env, "PORT")
    return env.get("HOST") or "0.0.0.0", _whole_number(env, "PORT", default=0, low=0, high=65_535)


def database_path(url: str) -> Path:
    """The file of `sqlite:///relative.db` (to the app folder) or `sqlite:////absolute.db`.

    Raises ConfigError for another scheme, a memory database or a missing folder.
    """
    scheme, colon, rest = url.partition(":///")
    if scheme.startswith("postgres"):
        raise ConfigError(
            "DATABASE_URL names PostgreSQL, but this example runs on the standard library alone: "
            "use sqlite:///guestbook.db, or teach guestbook/store.py to use psycopg"
        )
    if scheme != "sqlite" or not colon or rest in {"", ":memory:"} or "?" in rest:
        raise ConfigError(f"DATABASE_URL is {_masked(url)!r}: use sqlite:///guestbook.db")
    path = APP_FOLDER / unquote(rest)
    if not path.parent.is_dir():
        raise ConfigError(f"DATABASE_URL points into {path.parent}, which is not a folder")
    return path


def _masked(url: str) -> str:
    """`url` without the password that it may carry: errors end up in logs."""
    scheme, slashes, rest = url.partition("://")
    return f"{scheme}{slashes}…@{rest.rpartition('@')[2]}" if "@" in rest else url


def _required(env: Mapping[str, str], name: str) -> str:
    value = env.get(name, "").strip()
    if not value:
        raise ConfigError(f"{name} is not set: run the app with `localku start`, or see .env")
    return value


def _whole_number(env: Mapping[str, str], name: str, *, default: int, low: int, high: int) -> int:
    text = env.get(name, "").strip() or str(default)
    if not (text.isascii() and text.isdigit() and low <= int(text[:9]) <= high):
        raise ConfigError(f"{name} is {text!r}: use a whole number from {low} to {high}")
    return int(text)
