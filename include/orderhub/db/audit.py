"""The audit: what people did is a row of `ops.audit`, written in the transaction that does it."""

import json
from collections.abc import Mapping

from sqlalchemy import Connection, text

from orderhub.clock import Clock

_RECORD = text("""
    insert into ops.audit (recorded_at, actor, action, subject_type, subject_id, detail)
    select :now, :actor, :action, :subject_type, subject_id, cast(:detail as jsonb)
    from unnest(cast(:subject_ids as text[])) as subject_id""")


def record_act(
    connection: Connection,
    clock: Clock,
    actor: str,
    action: str,
    subject_type: str,
    *subject_ids: str,
    detail: Mapping[str, object] | None = None,
) -> None:
    """Record that `actor` did `action` to each subject; `detail` says from, to and why."""
    given = {
        "now": clock.now(), "actor": actor, "action": action, "subject_type": subject_type,
        "subject_ids": list(subject_ids), "detail": json.dumps(detail or {}, ensure_ascii=False),
    }  # fmt: skip
    connection.execute(_RECORD, given)
