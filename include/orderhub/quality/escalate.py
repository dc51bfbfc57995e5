"""Says what is more than one doubtful order: a buyer at high risk, a source or a rule that marks too many.

One alert per row of hits: the alert of a row that grows is the same; of a row that is gone it is closed.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, text

from orderhub.alerts.raising import Alert, close_alerts, raise_alerts
from orderhub.clock import Clock
from orderhub.config.models import MerchantConfig
from orderhub.db.sql_files import statement
from orderhub.quality.suites import Check, Suites

HIGH_RISK = "high_risk_buyer"
SOURCE_INCIDENT = "source_incident"
RULE_INCIDENT = "rule_incident"
_FADED = text("""
    update ops.alerts set closed_at = :now
    where closed_at is null and rule_id = any(cast(:rule_ids as text[]))
        and seen_at < cast(:now as timestamptz) - interval '12 hours'""")
_SHADOWS = text("select shop_id from core.shops where is_shadow")
_KINDS = {
    "address": ("地址", "address"),
    "amount": ("金额", "amount"),
    "duplicate": ("重复下单", "duplicate"),
    "any": ("地址、金额或重复下单", "address, amount or duplicate"),
}


def close_faded(connection: Connection, clock: Clock, suites: Suites) -> None:
    """Close what no person ends and no pass has found again for half a day, before this one looks."""
    noted = [
        check.id
        for suite in suites.suites
        if suite.view.subject_type == "source"
        for check in suite.checks
        if check.action == "warn"
    ]
    given = {"rule_ids": [SOURCE_INCIDENT, RULE_INCIDENT, *noted], "now": clock.now()}
    connection.execute(_FADED, given)


def tell_of_rows_and_incidents(
    connection: Connection,
    clock: Clock,
    suites: Suites,
    config: MerchantConfig,
    *,
    pass_id: int,
    live: Mapping[str, int],
) -> None:
    """Raise and close the alerts of one pass, after its anomalies are written.

    Args:
        connection: the transaction that wrote them.
        clock: the present.
        suites: what judged.
        config: who is told.
        pass_id: once per pass.
        live: shop_id → how many live orders of it the pass judged.
    """
    given = {"pass_id": pass_id, "now": clock.now(), "rule_id": HIGH_RISK}
    shadows = set(connection.execute(_SHADOWS).scalars())
    buyers = connection.execute(statement("ops/new_buyer_rows"), given).all()
    shops = {"shop_ids": list(live), "live_counts": list(live.values())}
    sources = connection.execute(statement("ops/source_rows"), {**given, **shops}).all()
    checks = suites.checks()
    rules = connection.execute(
        statement("ops/rule_incidents"),
        {
            "pass_id": pass_id,
            "minimum": config.checks.rule_incident_minimum,
            "percent": config.checks.rule_incident_percent,
            "rule_ids": [check.id for check in checks.values() if check.action in ("hold", "hold_line")],
        },
    ).all()
    alerts = [
        *(_high_risk(row) for row in buyers),
        *(_source_incident(row) for row in sources if row.shop_id not in shadows),
        *(_rule_incident(checks[row.rule_id], row) for row in rules),
    ]
    raise_alerts(connection, clock, config, alerts)
    ended = connection.execute(statement("ops/ended_buyer_rows"), given).all()
    if ended:
        close_alerts(connection, clock, HIGH_RISK, [row.first_order_id for row in ended])


def _high_risk(row: Row[Any]) -> Alert:
    listed = ", ".join(row.order_ids)
    return Alert(
        rule_id=HIGH_RISK,
        severity="critical",
        subject=row.first_order_id,
        fingerprint=row.first_order_id,
        title_zh=f"高风险买家:连续 {row.order_count} 单有疑点",
        title_en=f"High-risk buyer: {row.order_count} doubtful orders in a row",
        text_zh=f"同一买家的订单:{listed}。已全部挂起;看证据:./hub explain 订单",
        text_en=f"Orders of one buyer: {listed}. All are held; evidence: ./hub explain ORDER",
        shop_id=row.shop_id,
    )


def _source_incident(row: Row[Any]) -> Alert:
    zh, en = _KINDS[row.kind]
    return Alert(
        rule_id=SOURCE_INCIDENT,
        severity="warning",
        subject=row.shop_id,
        fingerprint=row.kind,
        title_zh=f"店铺 {row.shop_id}:连续多单{zh}有疑点",
        title_en=f"Shop {row.shop_id}: several orders in a row with a doubtful {en}",
        text_zh=f"本批 {row.order_count} 单中有 {row.doubtful_count} 单。可能是来源的问题,请数据工程师看。",
        text_en=f"{row.doubtful_count} of {row.order_count} orders of this pass. It may be the source; "
        "a data engineer should look.",
        shop_id=row.shop_id,
    )


def _rule_incident(check: Check, row: Row[Any]) -> Alert:
    share = 100 * row.failed_count // row.judged_count
    return Alert(
        rule_id=RULE_INCIDENT,
        severity="critical",
        subject=check.id,
        fingerprint=check.id,
        title_zh=f"规则 {check.id} 命中了 {share}% 的订单",
        title_en=f"Rule {check.id} marked {share} % of a pass",
        text_zh=f"{check.message_zh}:{row.judged_count} 行里 {row.failed_count} 行。"
        "可能是规则、映射或平台的问题;订单先挂起,不会错发。",
        text_en=f"{check.message_en}: {row.failed_count} of {row.judged_count} rows. It may be the rule, the "
        "mapping or the platform; the orders are held until somebody looks.",
    )
