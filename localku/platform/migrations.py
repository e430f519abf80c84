"""The tables of the state, and how a state of an earlier localku gets them. Pure.

A migration is never changed once it was released: a new one is added behind it. `user_version` of
the database is the number of those that it has.
"""

from __future__ import annotations

MIGRATIONS: tuple[str, ...] = (
    # 1
    """
    CREATE TABLE apps (
        id TEXT PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        root BLOB NOT NULL,
        created_at REAL NOT NULL,
        updated_at REAL NOT NULL,
        released_at REAL NOT NULL,
        maintenance INTEGER NOT NULL,
        routing TEXT NOT NULL
    );
    CREATE TABLE config_vars (
        app_id TEXT NOT NULL REFERENCES apps ON DELETE CASCADE,
        key TEXT NOT NULL,
        value TEXT NOT NULL,
        PRIMARY KEY (app_id, key)
    ) WITHOUT ROWID;
    CREATE TABLE seen_vars (
        app_id TEXT NOT NULL REFERENCES apps ON DELETE CASCADE,
        key TEXT NOT NULL,
        value TEXT NOT NULL,
        generated INTEGER NOT NULL,
        PRIMARY KEY (app_id, key)
    ) WITHOUT ROWID;
    CREATE TABLE seen_types (
        app_id TEXT NOT NULL REFERENCES apps ON DELETE CASCADE,
        type TEXT NOT NULL,
        quantity INTEGER NOT NULL,
        command TEXT NOT NULL,
        PRIMARY KEY (app_id, type)
    ) WITHOUT ROWID;
    CREATE TABLE formation (
        app_id TEXT NOT NULL REFERENCES apps ON DELETE CASCADE,
        type TEXT NOT NULL,
        quantity INTEGER NOT NULL,
        size TEXT NOT NULL,
        created_at REAL NOT NULL,
        updated_at REAL NOT NULL,
        PRIMARY KEY (app_id, type)
    ) WITHOUT ROWID;
    CREATE TABLE releases (
        app_id TEXT NOT NULL REFERENCES apps ON DELETE CASCADE,
        version INTEGER NOT NULL,
        id TEXT NOT NULL UNIQUE,
        description TEXT NOT NULL,
        user TEXT NOT NULL,
        status TEXT NOT NULL,
        config TEXT NOT NULL,
        commands TEXT NOT NULL,
        output TEXT NOT NULL,
        created_at REAL NOT NULL,
        updated_at REAL NOT NULL,
        PRIMARY KEY (app_id, version)
    ) WITHOUT ROWID;
    CREATE TABLE domains (
        id TEXT PRIMARY KEY,
        app_id TEXT NOT NULL REFERENCES apps ON DELETE CASCADE,
        hostname TEXT NOT NULL UNIQUE,
        created_at REAL NOT NULL,
        updated_at REAL NOT NULL
    );
    CREATE TABLE features (
        app_id TEXT NOT NULL REFERENCES apps ON DELETE CASCADE,
        name TEXT NOT NULL,
        enabled INTEGER NOT NULL,
        created_at REAL NOT NULL,
        updated_at REAL NOT NULL,
        PRIMARY KEY (app_id, name)
    ) WITHOUT ROWID;
    CREATE TABLE drains (
        id TEXT PRIMARY KEY,
        app_id TEXT NOT NULL REFERENCES apps ON DELETE CASCADE,
        url TEXT NOT NULL,
        token TEXT NOT NULL UNIQUE,
        created_at REAL NOT NULL,
        updated_at REAL NOT NULL
    );
    """,
    # 2: webhooks, pipelines and their couplings (see records.py)
    """
    CREATE TABLE records (
        id TEXT PRIMARY KEY,
        kind TEXT NOT NULL,
        app_id TEXT REFERENCES apps ON DELETE CASCADE,
        parent_id TEXT REFERENCES records ON DELETE CASCADE,
        fields TEXT NOT NULL,
        created_at REAL NOT NULL,
        updated_at REAL NOT NULL
    );
    CREATE INDEX records_of_a_kind ON records (kind, app_id);
    """,
    # 3: drains: the CA of a receiver; nobody has the same URL twice
    """
    ALTER TABLE drains ADD COLUMN ca TEXT NOT NULL DEFAULT '';
    CREATE UNIQUE INDEX drains_of_an_app ON drains (app_id, url);
    """,
    # 4: a size that nobody chose is '': one that somebody chose caps the dynos
    """
    UPDATE formation SET size = '' WHERE size = 'Standard-1X';
    """,
)
