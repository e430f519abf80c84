"""What the visitor sees. Pure but for the templates, which are read once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import lru_cache
from http import HTTPStatus

from guestbook import assets
from guestbook.digests import Digest
from guestbook.entries import Entry
from guestbook.forms import MAX_AUTHOR, MAX_MESSAGE, Draft
from guestbook.markup import Html, fill, render


@dataclass(frozen=True)
class Answerer:
    """Who made the page: shown on it, so that one sees the router at work."""

    dyno: str
    port: int
    pid: int
    release: str
    request_id: str


@dataclass(frozen=True)
class Book:
    """What the page shows. `older` is the address of the next page; `since` the latest change."""

    title: str
    entries: list[Entry]
    total: int
    jobs: int
    set_aside: int
    digest: Digest | None
    older: str
    is_first: bool
    since: int


def book_page(book: Book, draft: Draft, by: Answerer) -> bytes:
    """The book with its form; `draft` fills the form, with what is wrong beside each field."""
    return render(
        "page",
        title=book.title,
        icon_url=assets.url("favicon.svg"),
        style_url=assets.url("style.css"),
        script_url=assets.url("app.js"),
        stream_url=f"/stream?since={book.since}" if book.is_first else "",
        author_field=_field("author", "Your name", draft, MAX_AUTHOR, rows=0),
        message_field=_field("message", "Your message", draft, MAX_MESSAGE, rows=3),
        list_title=f"{book.total} {'entry' if book.total == 1 else 'entries'}",
        entries=Html("".join(entry_card(entry) for entry in book.entries)),
        empty_hidden=Html(" hidden" if book.entries else ""),
        older=fill('<p class="older"><a href="$to">Older entries</a></p>', to=book.older)
        if book.older
        else Html(""),
        dyno=by.dyno,
        port=by.port,
        pid=by.pid,
        release=by.release or "–",
        request_id=by.request_id,
        depth=book.jobs,
        set_aside=fill(" · $n <small>set aside</small>", n=book.set_aside)
        if book.set_aside
        else Html(""),
        digest=_digest(book.digest),
    ).encode()


def error_page(status: int, message: str, request_id: str) -> bytes:
    """A page that says what went wrong, and by which id to find it in the log."""
    return render(
        "error",
        status=status,
        reason=HTTPStatus(status).phrase,
        message=message,
        request_id=request_id,
        icon_url=assets.url("favicon.svg"),
        style_url=assets.url("style.css"),
    ).encode()


@lru_cache(maxsize=512)
def entry_card(entry: Entry) -> Html:
    """One entry. Cached by its value: an entry that changed is another value."""
    return render(
        "entry",
        id=entry.id,
        status=entry.status,
        face=Html(entry.identicon),
        author=entry.author,
        message=entry.message if entry.status != "held" else "This entry is held back.",
        mark=_mark(entry),
        when=_time(entry.created_at),
        when_text=f"{datetime.fromtimestamp(entry.created_at, timezone.utc):%-d %b %Y, %H:%M} UTC",
    )


def entry_json(entry: Entry) -> dict[str, object]:
    """One entry for programs. The text of a held one stays in the database."""
    return {
        "id": entry.id,
        "author": entry.author,
        "message": entry.message if entry.status != "held" else None,
        "created_at": _time(entry.created_at),
        "status": entry.status,
        "verdict": entry.verdict or None,
        "checked_by": entry.checked_by or None,
    }


def _mark(entry: Entry) -> Html:
    if entry.status == "waiting":
        return Html('<span class="tag">waiting for a worker</span>')
    return fill(
        '<span class="tag">$verdict</span> <span class="by">checked by $by</span>',
        verdict=entry.verdict,
        by=entry.checked_by,
    )


def _digest(digest: Digest | None) -> Html:
    if digest is None:
        return Html('<p class="digest">No digest yet: the clock asks for one now and then.</p>')
    return fill(
        '<p class="digest">Digest by $by, <time datetime="$when">$when</time>: '
        "$entries entries, $held held back.</p>",
        by=digest.made_by,
        when=_time(digest.made_at),
        entries=digest.entries,
        held=digest.held,
    )


def _field(name: str, label: str, draft: Draft, limit: int, rows: int) -> Html:
    errors: Mapping[str, str] = draft.errors
    common = fill(
        'id="$name" name="$name" maxlength="$limit" required$bad',
        name=name,
        limit=limit,
        bad=fill(' aria-invalid="true" aria-describedby="$name-error"', name=name)
        if name in errors
        else Html(""),
    )
    if rows:
        box = '<textarea $common rows="$rows">\n$value</textarea>'
    else:
        box = '<input $common value="$value" autocomplete="name">'
    return fill(
        '<div class="field"><label for="$name">$label</label>$box$error</div>',
        name=name,
        label=label,
        box=fill(box, common=common, rows=rows, value=getattr(draft, name)),
        error=fill('<p class="wrong" id="$n-error">$e</p>', n=name, e=errors[name])
        if name in errors
        else Html(""),
    )


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="milliseconds")
