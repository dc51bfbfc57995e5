"""Raises and closes alerts: the one door for everything that a person must be told of.

An alert is open once per rule, subject and fingerprint, however often it is raised; people are told once.
Everything happens in the caller's transaction, with the fact that causes it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, text

from orderhub.alerts.telling import tell
from orderhub.clock import Clock
from orderhub.config.models import MerchantConfig
from orderhub.db.sql_files import statement

Severity = Literal["critical", "warning", "info"]
_CLOSE = text("""
    update ops.alerts set closed_at = :now
    where closed_at is null and rule_id = :rule_id and subject = any(cast(:subjects as text[]))""")

_CLOSE_OTHERS = text("""
    update ops.alerts set closed_at = :now
    where closed_at is null and rule_id = :rule_id
        and warehouse_id is not distinct from coalesce(:warehouse_id, warehouse_id)
        and (subject, fingerprint) not in (
        select * from unnest(cast(:subjects as text[]), cast(:fingerprints as text[]))
    )""")


@dataclass(frozen=True)
class Alert:
    """One thing that people are told of. No personal data in any of it.

    Attributes:
        rule_id: what raised it, a noun: `late_pull`, `stock_out`.
        severity: critical is told at once, also in quiet hours.
        subject: what it is about: an order, a shop, a SKU.
        fingerprint: what of the subject; the same again is the same alert while that is open.
        title_zh: one line, Chinese.
        title_en: the same in English.
        text_zh: what is wrong and what to do, Chinese.
        text_en: the same in English.
        shop_id: the shop it concerns; decides who is told. Of a shop in shadow mode only its pulls are told.
        warehouse_id: the building it concerns; decides who is told.
        link: where to act; begins with `orderhub.alerts.links.LINK`, or is a whole address.
    """

    rule_id: str
    severity: Severity
    subject: str
    fingerprint: str
    title_zh: str
    title_en: str
    text_zh: str
    text_en: str
    shop_id: str | None = None
    warehouse_id: str | None = None
    link: str | None = None


def raise_alerts(
    connection: Connection, clock: Clock, config: MerchantConfig, alerts: Sequence[Alert]
) -> int:
    """Open `alerts` that are not open yet, tell about them, and return how many were new.

    Many alerts of one rule are one message with their number and twenty examples. Who is told, quiet hours
    and the most messages an hour are in alerts.yaml; what waits is told by the next look at the hub.

    Args:
        connection: the caller's write transaction.
        clock: stamps alerts and outbox.
        config: who is told.
        alerts: what to raise, in order of importance; the first of the same key counts.
    """
    if not alerts:
        return 0
    first: dict[tuple[str, str, str], Alert] = {}
    for alert in alerts:
        first.setdefault((alert.rule_id, alert.subject, alert.fingerprint), alert)
    columns = {name: [getattr(alert, name) for alert in first.values()] for name in Alert.__annotations__}
    new: int = connection.execute(statement("ops/alerts"), {**columns, "now": clock.now()}).scalar_one()
    if new:
        tell(connection, clock, config, {alert.rule_id for alert in alerts})
    return new


def close_alerts(connection: Connection, clock: Clock, rule_id: str, subjects: Sequence[str]) -> int:
    """Close the open alerts of a rule about `subjects`, and return how many.

    What they were about is over; when it comes back, people are told again.
    """
    given = {"rule_id": rule_id, "subjects": list(subjects), "now": clock.now()}
    return connection.execute(_CLOSE, given).rowcount


def keep_alerts(
    connection: Connection,
    clock: Clock,
    config: MerchantConfig,
    rule_id: str,
    alerts: Sequence[Alert],
    *,
    warehouse_id: str | None = None,
) -> int:
    """Make `alerts` the open alerts of a rule: raise the new, close the others, and return how many were new.

    For looks that find everything that is so now, everywhere or in the building `warehouse_id`.
    """
    given = {
        "rule_id": rule_id,
        "subjects": [alert.subject for alert in alerts],
        "fingerprints": [alert.fingerprint for alert in alerts],
        "warehouse_id": warehouse_id,
        "now": clock.now(),
    }
    connection.execute(_CLOSE_OTHERS, given)
    return raise_alerts(connection, clock, config, alerts)
