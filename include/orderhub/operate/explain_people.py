"""What later versions changed of an order, and what people decided and corrected: steps of its story."""

from sqlalchemy import Connection, RowMapping, text

from orderhub.operate.step import Step

_CHANGES = text("""
    select * from core.order_changes where order_id = :order_id
    order by changed_at, _pass_id, line_id, field""")
_CORRECTIONS = text("select * from core.corrections where order_id = :order_id order by correction_id")
_DECISIONS = text("""
    select recorded_at, actor, action, subject_type, subject_id, detail ->> 'rule_id' as rule_id,
        detail ->> 'reason' as reason
    from ops.audit
    where action in (
            'release', 'cancel', 'no_ship', 'false_alarm', 'restore', 'confirm', 'undo_correction', 'left',
            'stayed')
        and coalesce(detail ->> 'order_id', subject_id) = :order_id
    order by audit_id""")
_ACTIONS = {
    "release": "放行",
    "cancel": "取消(不发货)",
    "no_ship": "标为刷单或样品(不发货)",
    "false_alarm": "误报(放行)",
    "restore": "恢复发货",
    "confirm": "确认由本系统发货",
    "undo_correction": "撤销更正",
    "left": "问到:已发出",
    "stayed": "问到:没有发出",
}
_STATES = {"active": "生效中", "undone": "已撤销", "replaced": "已被后来的更正取代", "settled": "已了结"}


def changed(connection: Connection, order_id: str) -> list[Step]:
    """Return what later versions changed."""
    rows = connection.execute(_CHANGES, {"order_id": order_id}).mappings()
    return [_change(row) for row in rows]


def decided(connection: Connection, order_id: str) -> list[Step]:
    """Return what people corrected and decided."""
    key = {"order_id": order_id}
    corrections = [_correction(row) for row in connection.execute(_CORRECTIONS, key).mappings()]
    return corrections + [_decision(row) for row in connection.execute(_DECISIONS, key).mappings()]


def _change(row: RowMapping) -> Step:
    line = row["line_id"]
    said = f"{row['field']}: {row['before_value'] or '-'} ⇒ {row['after_value'] or '-'}"
    ids = {"pass": str(row["_pass_id"]), "version": row["after_version"][:12]}
    return Step(
        row["changed_at"],
        "changed",
        f"{f'行 {line} ' if line else ''}新版本改了 {said}",
        f"{f'line {line}: ' if line else ''}a later version changed {said}",
        ids,
    )


def _correction(row: RowMapping) -> Step:
    said = f"{row['field']}: {row['base_shown']} ⇒ {row['value_shown']}"
    now = f", {row['platform_shown']}" if row["platform_shown"] not in (None, row["base_shown"]) else ""
    zh = f"{row['made_by']} 更正 {said}({_STATES[row['state']]}):{row['reason']}"
    en = f"{row['made_by']} corrected {said} ({row['state']}): {row['reason']}"
    ids = {"correction": str(row["correction_id"]), "line": row["line_id"] or "-"}
    return Step(
        row["made_at"],
        "corrected",
        zh + (f";平台现在说{now[1:]}" if now else ""),
        en + (f"; the platform says{now[1:]} now" if now else ""),
        ids,
    )


def _decision(row: RowMapping) -> Step:
    rule = f" {row['rule_id']}" if row["rule_id"] else ""
    reason_zh, reason_en = (f":{row['reason']}", f": {row['reason']}") if row["reason"] else ("", "")
    return Step(
        row["recorded_at"],
        "decided",
        f"{row['actor']} {_ACTIONS[row['action']]}{rule}{reason_zh}",
        f"{row['actor']}: {row['action']}{rule}{reason_en}",
        {row["subject_type"]: row["subject_id"]},
    )
