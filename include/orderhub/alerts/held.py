"""Holds that a pass placed, as alerts: open while the hold is, all of a pass in one message."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from orderhub.alerts.telling import tell
from orderhub.alerts.wording import HELD
from orderhub.clock import Clock
from orderhub.config.models import MerchantConfig
from orderhub.db.sql_files import statement
from orderhub.quality.suites import Check

_CLOSE = text("""
    update ops.alerts set closed_at = :now
    from core.holds
    where alerts.closed_at is null and alerts.topic = :topic
        and holds.hold_id = alerts.fingerprint and holds.state <> 'active'""")


@dataclass(frozen=True)
class DocumentRule:
    """What holds fulfillment orders besides the checks: its id, its severity, and one line for people."""

    id: str
    severity: str
    message_zh: str
    message_en: str


def open_held(
    connection: Connection,
    clock: Clock,
    rules: Sequence[Check],
    *,
    pass_id: int,
    placed_at: datetime,
) -> int:
    """Open an alert per hold that a pass placed at `placed_at`; return how many are new, to be told of."""
    close_ended(connection, clock)
    given = {
        "pass_id": pass_id,
        "placed_at": placed_at,
        "rule_ids": [rule.id for rule in rules],
        "severities": [rule.severity for rule in rules],
        "messages_zh": [rule.message_zh for rule in rules],
        "messages_en": [rule.message_en for rule in rules],
        "now": clock.now(),
    }
    return int(connection.execute(statement("ops/held_alerts"), given).scalar_one())


def raise_held_documents(
    connection: Connection,
    clock: Clock,
    config: MerchantConfig,
    rule: DocumentRule,
    *,
    placed_at: datetime,
) -> int:
    """Open an alert per hold of a document that `rule` placed at `placed_at`; return how many were new."""
    given = {
        "rule_id": rule.id,
        "severity": rule.severity,
        "message_zh": rule.message_zh,
        "message_en": rule.message_en,
        "placed_at": placed_at,
        "now": clock.now(),
    }
    new: int = connection.execute(statement("ops/held_document_alerts"), given).scalar_one()
    if new:
        tell(connection, clock, config, [HELD])
    return new


def close_ended(connection: Connection, clock: Clock) -> int:
    """Close the alerts of holds that ended, and return how many."""
    return connection.execute(_CLOSE, {"topic": HELD, "now": clock.now()}).rowcount
