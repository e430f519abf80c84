"""Records come, change and go, each in a transaction of its own (see state.Record)."""

from __future__ import annotations

import time
import uuid
from dataclasses import replace

from localku.platform.state import Record
from localku.platform.store import Store

WEBHOOK, PIPELINE, COUPLING = "webhook", "pipeline", "pipeline-coupling"


def add(
    store: Store, kind: str, fields: dict[str, object], app_id: str = "", parent_id: str = ""
) -> Record:
    """Keep a new one."""
    now = time.time()
    record = Record(str(uuid.uuid4()), kind, app_id, parent_id, fields, now, now)
    with store.change() as change:
        change.save_record(record)
    return record


def update(store: Store, record: Record, fields: dict[str, object]) -> Record:
    """Change some of its fields."""
    changed = replace(record, fields={**record.fields, **fields}, updated_at=time.time())
    with store.change() as change:
        change.save_record(changed)
    return changed


def remove(store: Store, record: Record) -> None:
    """Forget it."""
    with store.change() as change:
        change.remove_record(record.id)
