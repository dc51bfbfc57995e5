"""Tells of what waits for too long: holds older than their limit, orders near their promised hand-over.

Looks at the whole hub each time and says each thing once; what is over is closed. Limits: holds.yaml.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC

from sqlalchemy import Row

from orderhub.alerts.links import decide_hold_link
from orderhub.alerts.raising import Alert, Severity, keep_alerts
from orderhub.clock import BEIJING, Clock
from orderhub.config.models import Holds, MerchantConfig
from orderhub.db.engine import Database
from orderhub.db.leases import hold_scope
from orderhub.db.sql_files import statement

AGED, DEADLINE = "aged_hold", "deadline"
_STAGES = {
    "held": ("被挂起", "held"),
    "manifested": ("已交仓库,未见发货", "handed over, not seen shipped"),
    "allocated": ("已预占,等截单", "reserved, waits for a cut-off"),
    "waiting": ("还没有分仓", "not routed yet"),
}


@dataclass(frozen=True)
class Watched:
    """How many there are now; not only the new ones."""

    aged_holds: int
    deadlines: int


def watch_holds(database: Database, clock: Clock, config: MerchantConfig) -> Watched:
    """Raise and close the alerts about aged holds and near deadlines. Again changes nothing.

    Raises:
        LeaseTaken: another look is being taken.
        DatabaseFault: the server failed; nothing was told.
    """
    with hold_scope(database, "watch_holds") as lease, database.transaction(lease) as connection:
        aged = [
            _aged(row)
            for row in connection.execute(statement("ops/aged_holds"), _limits(clock, config.holds))
        ]
        hours = sorted(config.holds.deadline_hours)
        given = {"now": clock.now(), "hours": hours}
        near = [_near(row, hours) for row in connection.execute(statement("ops/near_deadlines"), given)]
        for rule_id, alerts in ((AGED, aged), (DEADLINE, near)):
            keep_alerts(connection, clock, config, rule_id, alerts)
    return Watched(len(aged), len(near))


def _limits(clock: Clock, holds: Holds) -> dict[str, object]:
    return {
        "now": clock.now(), "owner": holds.owner, "hours": holds.alert_after_hours,
        "rules": [care.rule for care in holds.rules], "shops": [care.shop for care in holds.rules],
        "owners": [care.owner for care in holds.rules],
        "limits": [care.alert_after_hours for care in holds.rules],
    }  # fmt: skip


def _aged(row: Row[tuple[object, ...]]) -> Alert:
    since = f"{row.placed_at.astimezone(BEIJING):%m-%d %H:%M}"
    return Alert(
        rule_id=AGED,
        severity="warning",
        subject=f"{row.subject_id} {row.rule_id}",
        fingerprint=row.hold_id,
        title_zh=f"挂起超过 {row.hours} 小时",
        title_en=f"Held for more than {row.hours} hours",
        text_zh=f"{row.subject_id} 自 {since} 被 {row.rule_id} 挂起,负责人:{row.owner}。请放行、取消或更正。",
        text_en=f"{row.subject_id} held by {row.rule_id} since {since}, owner: {row.owner}. Decide about it.",
        shop_id=row.shop_id,
        link=decide_hold_link(row.hold_id),
    )


def _near(row: Row[tuple[object, ...]], hours: Sequence[int]) -> Alert:
    by = f"{row.ship_by_at.astimezone(BEIJING):%m-%d %H:%M}"
    severity: Severity = "critical" if row.hours == hours[0] else "warning"
    zh, en = _STAGES[row.stage]
    return Alert(
        rule_id=DEADLINE,
        severity=severity,
        subject=row.order_id,
        fingerprint=f"{row.hours}h {row.ship_by_at.astimezone(UTC):%Y-%m-%dT%H:%MZ}",
        title_zh="已过交运时限" if row.is_over else f"{row.hours} 小时内须交运",
        title_en="Past its hand-over time" if row.is_over else f"To be handed over within {row.hours} h",
        text_zh=f"{row.order_id} 最晚 {by} 交运,现在:{zh}。",
        text_en=f"{row.order_id} must be handed over by {by} (Beijing), now: {en}.",
        shop_id=row.shop_id,
    )
