"""The outbox: everything that leaves the hub is a row first, written with the fact that causes it."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, text

from orderhub.clock import Clock


@dataclass(frozen=True)
class Effect:
    """One thing to send.

    Attributes:
        outbox_id: derived from the fact (`mail:alert:<topic>:…`), so that writing it twice adds nothing.
        target: which sender takes it (`mail`, `manifest_files`).
        subject: what it is about; first in, first out per subject.
        payload: what to send, JSON; no personal data.
    """

    outbox_id: str
    target: str
    subject: str
    payload: dict[str, Any] = field(repr=False)


def enqueue(connection: Connection, effects: Iterable[Effect], clock: Clock) -> int:
    """Write `effects` in the caller's transaction and return how many were new."""
    rows = [
        {
            "outbox_id": effect.outbox_id,
            "target": effect.target,
            "subject": effect.subject,
            "payload": json.dumps(effect.payload, ensure_ascii=False),
            "now": clock.now(),
        }
        for effect in effects
    ]
    if not rows:
        return 0
    statement = text(
        "insert into ops.outbox (outbox_id, target, subject, payload, created_at) "
        "values (:outbox_id, :target, :subject, cast(:payload as jsonb), :now) on conflict do nothing"
    )
    return sum(connection.execute(statement, row).rowcount for row in rows)
