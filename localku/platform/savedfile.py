"""What the state says to the first dynos, read before anything slow is imported. START PATH.

The C half of sqlite3 alone, three small queries: 2 ms, and only where a state is there. It never
writes; a state that it does not understand is left to the store, which says what is wrong.
"""

from __future__ import annotations

import os

from localku.platform.seen import Saved

_FIRST = "SELECT id, name FROM apps ORDER BY created_at LIMIT 1"  # a folder's state has one app


def read_saved(path: str) -> Saved | None:
    """What the state at `path` says of the app of its folder; None when nothing is there."""
    if not os.path.exists(path):
        return None
    import _sqlite3

    try:
        db = _sqlite3.connect(path)
        try:
            row = db.execute(_FIRST).fetchone()
            return None if row is None else _read(db, *row)
        finally:
            db.close()
    except _sqlite3.Error:
        return None


def _read(db, id: str, name: str) -> Saved:  # type: ignore[no-untyped-def]
    def rows(what: str) -> list[tuple[str, ...]]:
        return db.execute(f"SELECT {what} WHERE app_id = ?", (id,)).fetchall()  # type: ignore[no-any-return]

    seen = rows("key, value, generated FROM seen_vars")
    return Saved(
        name,
        dict(rows("key, value FROM config_vars")),  # type: ignore[arg-type]
        dict(rows("type, quantity FROM formation")),  # type: ignore[arg-type]
        {key: value for key, value, _ in seen},
        dict(rows("type, quantity FROM seen_types")),  # type: ignore[arg-type]
        {key: value for key, value, generated in seen if generated},
        any(
            name == "runtime-dyno-metadata" and on
            for name, on in rows("name, enabled FROM features")
        ),
        # before migration 4 every type had a size, chosen or not
        dict(rows("type, size FROM formation")) if _version(db) >= 4 else {},  # type: ignore[arg-type]
    )


def _version(db) -> int:  # type: ignore[no-untyped-def]
    return int(db.execute("PRAGMA user_version").fetchone()[0])
