"""The state on disk: SQLite, one transaction per change. The only one that writes it.

The law: a method of `Change` runs within `Store.change()`, which commits all of it or nothing; what
was committed survives `kill -9` and a power cut (rollback journal, synchronous=FULL). The platform
that holds the lock of the state folder is its only writer.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from localku.errors import UserError
from localku.platform.migrations import MIGRATIONS
from localku.platform.state import (
    AppState,
    Domain,
    DrainState,
    Process,
    Record,
    Release,
    Seen,
    Switch,
)

Row = tuple[Any, ...]
_RELEASE = (
    "id, version, description, user, created_at, updated_at, status, config, commands, output"
)


class Store:
    """The state at `path`. Raises UserError when it cannot be read, or is of a newer localku."""

    def __init__(self, path: str) -> None:
        self.path = path
        try:
            # made 0600 before anything secret is in it; the journal gets the same mode from SQLite
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        except OSError as error:
            raise UserError(f"the state cannot be used: {error.strerror}", where=path) from None
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        try:
            self._db.execute("PRAGMA foreign_keys = ON")
            self._db.execute("PRAGMA synchronous = FULL")
            self._migrate()
        except (sqlite3.Error, UserError) as error:
            self._db.close()
            raise error if isinstance(error, UserError) else _unusable(path, error) from None

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    @contextmanager
    def change(self) -> Iterator[Change]:
        """One transaction: committed at the end of the block, undone when it raises."""
        try:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield Change(self._db)
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")
        except sqlite3.OperationalError as error:  # a full disk, a read-only file system
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise _unusable(self.path, error) from None

    def _migrate(self) -> None:
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        if version > len(MIGRATIONS):
            raise UserError(
                f"the state is of a newer localku (version {version})",
                where=self.path,
                hint="update localku, or move the file away",
            )
        for number, script in enumerate(MIGRATIONS[version:], version + 1):
            self._db.executescript(f"BEGIN;{script}PRAGMA user_version = {number};COMMIT")

    # -- reading -------------------------------------------------------------------------------

    def apps(self) -> list[AppState]:
        """All apps, by name."""
        rows = self._db.execute(
            "SELECT id, name, root, created_at, updated_at, released_at, maintenance, routing "
            "FROM apps ORDER BY name"
        ).fetchall()
        return [self._app(row) for row in rows]

    def _app(self, row: Row) -> AppState:
        id, name, root, created, updated, released, maintenance, routing = row
        config: dict[str, str] = dict(self._select("key, value FROM config_vars", str(id)))
        seen_vars = self._select("key, value, generated FROM seen_vars", str(id))
        seen_types = self._select("type, quantity, command FROM seen_types", str(id))
        seen = Seen(
            {key: value for key, value, _ in seen_vars},
            {kind: quantity for kind, quantity, _ in seen_types},
            {kind: command for kind, _, command in seen_types},
            {key: value for key, value, generated in seen_vars if generated},
        )
        return AppState(
            str(id),
            str(name),
            os.fsdecode(root),
            created,
            updated,
            released,
            bool(maintenance),
            str(routing),
            config,
            seen,
        )

    def _select(self, what: str, app_id: str, more: str = "") -> list[Row]:
        query = f"SELECT {what} WHERE app_id = ? {more}"
        return self._db.execute(query, (app_id,)).fetchall()

    def formation(self, app_id: str) -> dict[str, Process]:
        """The process types of an app that ever had a quantity."""
        rows = self._select("type, quantity, size, created_at, updated_at FROM formation", app_id)
        return {str(row[0]): Process(*row) for row in rows}

    def releases(self, app_id: str, limit: int = -1, below: int = 0) -> list[Release]:
        """Releases, newest first. below: only those of a smaller version, 0 for all."""
        order = f"{'AND version < ' + str(int(below)) if below else ''} ORDER BY version DESC"
        rows = self._select(f"{_RELEASE} FROM releases", app_id, f"{order} LIMIT {int(limit)}")
        return [_release(row) for row in rows]

    def release(self, app_id: str, word: str) -> Release | None:
        """The release of that version (`7`, `v7`) or id."""
        digits = word.removeprefix("v")
        version = int(digits) if digits.isdecimal() and len(digits) < 10 else -1
        rows = self._db.execute(
            f"SELECT {_RELEASE} FROM releases WHERE app_id = ? AND (version = ? OR id = ?)",
            (app_id, version, word),
        ).fetchall()
        return _release(rows[0]) if rows else None

    def domains(self, app_id: str) -> list[Domain]:
        """Custom domains, in the order in which they came."""
        what = "id, hostname, created_at, updated_at FROM domains"
        return [Domain(*row) for row in self._select(what, app_id, "ORDER BY rowid")]

    def domain_owner(self, hostname: str) -> str:
        """The id of the app that has this custom domain, or ""."""
        query = "SELECT app_id FROM domains WHERE hostname = ?"
        row = self._db.execute(query, (hostname,)).fetchone()
        return str(row[0]) if row else ""

    def drains(self, app_id: str) -> list[DrainState]:
        """Log drains, in the order in which they came."""
        what = "id, url, token, created_at, updated_at, ca FROM drains"
        return [DrainState(*row) for row in self._select(what, app_id, "ORDER BY rowid")]

    def switches(self, app_id: str) -> dict[str, Switch]:
        """Features that somebody has switched."""
        rows = self._select("name, enabled, created_at, updated_at FROM features", app_id)
        return {str(n): Switch(str(n), bool(on), c, u) for n, on, c, u in rows}

    def records(self, kind: str) -> list[Record]:
        """All records of a kind, in the order in which they came."""
        query = (
            "SELECT id, kind, ifnull(app_id, ''), ifnull(parent_id, ''), fields, created_at, "
            "updated_at FROM records WHERE kind = ? ORDER BY rowid"
        )
        rows = self._db.execute(query, (kind,)).fetchall()
        return [
            Record(id, kind, app, parent, json.loads(fields), created, updated)
            for id, kind, app, parent, fields, created, updated in rows
        ]


class Change:
    """What one transaction does; see Store.change()."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def save_app(self, app: AppState) -> None:
        """Write an app, new or changed, with its config vars and what its files said."""
        self._db.execute(
            "INSERT INTO apps VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET "
            "name = excluded.name, root = excluded.root, updated_at = excluded.updated_at, "
            "released_at = excluded.released_at, maintenance = excluded.maintenance, "
            "routing = excluded.routing",
            (
                *(app.id, app.name, os.fsencode(app.root), app.created_at, app.updated_at),
                *(app.released_at, int(app.maintenance), app.routing),
            ),
        )
        self._replace("config_vars", app.id, ((k, v) for k, v in app.config.items()))
        seen = app.seen
        marked = ((k, v, int(k in seen.generated)) for k, v in seen.env.items())
        self._replace("seen_vars", app.id, marked)
        types = ((k, seen.quantities.get(k, 0), c) for k, c in seen.commands.items())
        self._replace("seen_types", app.id, types)

    def _replace(self, table: str, app_id: str, rows: Iterator[Row]) -> None:
        self._db.execute(f"DELETE FROM {table} WHERE app_id = ?", (app_id,))
        full = [(app_id, *row) for row in rows]
        if full:
            marks = ", ".join("?" * len(full[0]))
            self._db.executemany(f"INSERT INTO {table} VALUES ({marks})", full)

    def remove_app(self, app_id: str) -> None:
        """Forget an app and all that belongs to it."""
        self._db.execute("DELETE FROM apps WHERE id = ?", (app_id,))

    def save_process(self, app_id: str, process: Process) -> None:
        """Write one process type's quantity and size."""
        self._db.execute(
            "INSERT OR REPLACE INTO formation VALUES (?, ?, ?, ?, ?, ?)",
            (
                *(app_id, process.type, process.quantity, process.size),
                *(process.created_at, process.updated_at),
            ),
        )

    def save_release(self, app_id: str, release: Release) -> None:
        """Write a release, or what became of it."""
        self._db.execute(
            "INSERT OR REPLACE INTO releases VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(app_id, release.version, release.id, release.description, release.user),
                *(release.status, _json(release.config), _json(release.commands)),
                *(release.output, release.created_at, release.updated_at),
            ),
        )

    def add_domain(self, app_id: str, domain: Domain) -> None:
        """Write a custom domain."""
        self._db.execute(
            "INSERT INTO domains VALUES (?, ?, ?, ?, ?)",
            (domain.id, app_id, domain.hostname, domain.created_at, domain.updated_at),
        )

    def remove_domain(self, domain_id: str) -> None:
        """Forget a custom domain."""
        self._db.execute("DELETE FROM domains WHERE id = ?", (domain_id,))

    def add_drain(self, app_id: str, drain: DrainState) -> None:
        """Write a log drain."""
        self._db.execute(
            "INSERT INTO drains (id, app_id, url, token, created_at, updated_at, ca) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                *(drain.id, app_id, drain.url, drain.token),
                *(drain.created_at, drain.updated_at, drain.ca),
            ),
        )

    def remove_drain(self, drain_id: str) -> None:
        """Forget a log drain."""
        self._db.execute("DELETE FROM drains WHERE id = ?", (drain_id,))

    def save_switch(self, app_id: str, switch: Switch) -> None:
        """Write a feature's switch."""
        self._db.execute(
            "INSERT OR REPLACE INTO features VALUES (?, ?, ?, ?, ?)",
            (app_id, switch.name, int(switch.enabled), switch.created_at, switch.updated_at),
        )

    def save_record(self, record: Record) -> None:
        """Write a record, new or changed."""
        self._db.execute(
            "INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET "
            "fields = excluded.fields, updated_at = excluded.updated_at",
            (
                *(record.id, record.kind, record.app_id or None, record.parent_id or None),
                *(_json(record.fields), record.created_at, record.updated_at),
            ),
        )

    def remove_record(self, record_id: str) -> None:
        """Forget a record and those that go with it."""
        self._db.execute("DELETE FROM records WHERE id = ?", (record_id,))


def _json(value: Mapping[str, object]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _release(row: Row) -> Release:
    id, version, description, user, created, updated, status, config, commands, output = row
    return Release(
        *(id, version, description, user, created, updated, status),
        config=json.loads(config),
        commands=json.loads(commands),
        output=output,
    )


def _unusable(path: str, error: sqlite3.Error) -> UserError:
    return UserError(f"the state cannot be used: {error}", where=path)
