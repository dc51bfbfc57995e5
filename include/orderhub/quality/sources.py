"""Stops a source whose data are wrong as a whole, and lets a person resume it.

A stopped source is pulled, mapped and checked as ever; `core.line_readiness` releases nothing of it. See the
decision in docs/adr.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, text

from orderhub.alerts.evidence_wording import evidence_words
from orderhub.alerts.links import resume_source_link
from orderhub.alerts.raising import Alert, close_alerts, raise_alerts
from orderhub.clock import Clock
from orderhub.config.models import MerchantConfig
from orderhub.db.audit import record_act
from orderhub.db.engine import Database
from orderhub.db.leases import hold_scope
from orderhub.errors import StopError
from orderhub.quality.reasons import refuse_reason
from orderhub.quality.suites import Check, Suites

_STOP = text("""
    insert into ops.source_stops (stop_id, shop_id, rule_id, evidence, stopped_at, _pass_id)
    select
        concat_ws('/', shop_id, rule_id, cast(:pass_id as text)), shop_id, rule_id, evidence, :now, :pass_id
    from source_failures
    where rule_id = any(:stopping)
    on conflict (shop_id, rule_id) where resumed_at is null do nothing""")
_FAILED = text("select rule_id, shop_id, evidence from source_failures order by shop_id, rule_id")
_STANDING = text(
    "select shop_id, rule_id, evidence, stopped_at from ops.source_stops "
    "where resumed_at is null order by shop_id, rule_id"
)
_RESUME = text("""
    update ops.source_stops set resumed_at = :now, resumed_by = :actor, resume_reason = :reason
    where shop_id = :shop_id and resumed_at is null
    returning rule_id""")


def stop_sources(
    connection: Connection, clock: Clock, suites: Suites, config: MerchantConfig, pass_id: int
) -> int:
    """Stop the shops that `source_failures` names and alert; return how many stops are new."""
    checks = suites.checks()
    stopping = [check.id for check in checks.values() if check.action == "stop_source"]
    given = {"pass_id": pass_id, "now": clock.now(), "stopping": stopping}
    stopped = connection.execute(_STOP, given).rowcount
    failed = connection.execute(_FAILED).all()
    raise_alerts(connection, clock, config, [_alert(checks[row.rule_id], row) for row in failed])
    return stopped


def stopped_sources(database: Database) -> Sequence[Row[Any]]:
    """Return shop_id, rule_id, evidence and stopped_at of every stop that stands."""
    with database.read() as connection:
        return connection.execute(_STANDING).all()


def resume_source(database: Database, clock: Clock, shop_id: str, reason: str, actor: str) -> list[str]:
    """Let a stopped source go on, and return the rules that had stopped it.

    Orders that a check holds stay held; a later pass with the same fault stops the source again.

    Raises:
        StopError: no reason is given, or nothing stops this shop.
        LeaseTaken: a transform pass is checking orders; ask again.
    """
    refuse_reason(f"shop {shop_id}: resuming", reason)
    given = {"shop_id": shop_id, "reason": reason, "actor": actor, "now": clock.now()}
    with hold_scope(database, "transform") as lease, database.transaction(lease) as connection:
        rules = [row.rule_id for row in connection.execute(_RESUME, given)]
        if not rules:
            raise StopError(f"shop {shop_id}: nothing stops it; `./hub source list` shows what is stopped")
        detail = {"reason": reason, "rules": rules}
        record_act(connection, clock, actor, "resume", "source", shop_id, detail=detail)
        for rule_id in rules:
            close_alerts(connection, clock, rule_id, [shop_id])
    return sorted(rules)


def _alert(check: Check, row: Row[Any]) -> Alert:
    figures = {name: row.evidence[name] for name in check.evidence if name in row.evidence}
    is_stop = check.action == "stop_source"
    then_zh = f"核对后恢复:./hub source resume {row.shop_id} --reason 原因" if is_stop else "订单照常发货。"
    then_en = (
        f"Once looked at: ./hub source resume {row.shop_id} --reason WHY" if is_stop else "Orders go on."
    )
    return Alert(
        rule_id=check.id,
        severity=check.severity,
        subject=row.shop_id,
        fingerprint=check.id,
        title_zh=f"{row.shop_id}:{check.message_zh}",
        title_en=f"{row.shop_id}: {check.message_en}",
        text_zh=f"{evidence_words(figures, 'zh')}。{then_zh}",
        text_en=f"{evidence_words(figures, 'en')}. {then_en}",
        shop_id=row.shop_id,
        link=resume_source_link() if is_stop else None,
    )
