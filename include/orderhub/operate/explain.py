"""Everything the hub decided about one order, in order, each step with the ids that decided it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, RowMapping, text

from orderhub.clock import BEIJING
from orderhub.db.engine import Database
from orderhub.db.staging_tables import present_platforms
from orderhub.errors import ConfigError
from orderhub.operate.explain_carriers import carried, labelled
from orderhub.operate.explain_merges import merged
from orderhub.operate.explain_parcels import shipped
from orderhub.operate.explain_people import changed, decided
from orderhub.operate.explain_replacements import replaced
from orderhub.operate.explain_routing import routed
from orderhub.operate.step import Step

_ORDERS = text("""
    select o.*, (
        select j.order_id from core.orders as j
        where j.order_id = coalesce(o.of_order_id, o.order_id)
            and j._checked_pass_id in (select pass_id from ops.unfinished_passes)) as judged_order_id
    from core.orders as o
    where order_id = :wanted or platform_order_id = :wanted
        or order_id = (select order_id from core.fulfillment_orders where fulfillment_order_id = :wanted)
    order by order_id""")
_LINES = text("select * from core.order_lines where order_id = :order_id order by line_no")
_ANOMALIES = text(
    "select * from core.anomalies where order_id = :order_id order by first_seen_at, anomaly_id"
)
_HOLDS = text("select * from core.holds where order_id = :order_id order by placed_at, hold_id")
_RESERVATIONS = text(
    "select r.* from core.fulfillment_orders as f join core.reservations as r using (fulfillment_order_id) "
    "where f.order_id = :order_id order by r.reserved_at, r.reservation_id"
)
_MANIFESTS = text("""
    select distinct m.manifest_id, m.closed_at, m.published_at, m.is_shadow, l.fulfillment_order_id,
        m.voided_at, m.voided_by, m.void_reason
    from core.manifest_lines as l
    join core.manifests as m using (manifest_id)
    where l.order_id = :order_id
    order by m.closed_at""")
_STATES = {
    "open": "未关闭",
    "closed": "已关闭",
    "active": "生效中",
    "released": "已放行",
    "posted": "已出库",
    "voided": "已作废",
    "expired": "已过期",
}


@dataclass(frozen=True)
class Explanation:
    """An order and its steps."""

    order_id: str
    headline: str
    headline_en: str
    steps: list[Step]


def explain(database: Database, wanted: str) -> Explanation:
    """Return the story of one order.

    Args:
        database: the hub's database.
        wanted: our order id (`shop/number`) or the platform's number alone.

    Raises:
        ConfigError: no such order, or the number exists in several shops (they are named).
    """
    with database.read() as connection:
        order = _find(connection, wanted.strip())
        steps = [
            *_received(connection, order),
            *_mapped(connection, order),
            *changed(connection, order["order_id"]),
            *_checked(connection, order),
            *decided(connection, order["order_id"]),
            *replaced(connection, order["order_id"]),
            *_routed(connection, order),
            *carried(connection, order["order_id"]),
            *merged(connection, order["order_id"]),
            *_manifested(connection, order),
            *labelled(connection, order["order_id"]),
            *shipped(connection, order["order_id"]),
        ]
    status = f"{order['status']} ({order['platform_status']})"
    # The reason begins with the platform's word, which stands before it already.
    why = (order["gate_reason"] or "-").removeprefix(f"{order['platform_status']} ")
    gate = f"{order['gate']}: {why}"
    return Explanation(
        order["order_id"],
        f"{order['platform']} · 店铺 {order['shop_id']} · 状态 {status} · 闸门 {gate}",
        f"{order['platform']} · shop {order['shop_id']} · status {status} · gate {gate}",
        steps,
    )


def _find(connection: Connection, wanted: str) -> RowMapping:
    rows = connection.execute(_ORDERS, {"wanted": wanted}).mappings().all()
    if len(rows) == 1:
        return rows[0]
    if rows:
        shops = ", ".join(row["order_id"] for row in rows)
        raise ConfigError(f"{wanted} exists in several shops: {shops}; name one of them")
    for platform in sorted(present_platforms(connection)):
        waiting = _staged(connection, platform, wanted.rpartition("/")[2])
        if waiting:
            first = waiting[0]
            raise ConfigError(
                f"{wanted} was received for shop {first.shop_id} at "
                f"{first.fetched_at.astimezone(BEIJING):%Y-%m-%d %H:%M:%S} Beijing time and waits for the "
                "next transform pass"
            )
    raise ConfigError(f"no order {wanted!r}; give the platform's number or shop/number, as in core.orders")


def _staged(connection: Connection, platform: str, record_id: str) -> Sequence[Row[Any]]:
    """Return every staged version of a record; `platform` is a folder's name, checked when it was loaded."""
    query = text(
        "select s.shop_id, s.fetched_at, s.load_id, s.payload_sha256, s.note, l.source, l.window_id "  # noqa: S608 - as above
        f"from staging.{platform}_orders s join ops.loads l using (load_id) "
        "where s.record_id = :record_id order by s.staging_id"
    )
    return connection.execute(query, {"record_id": record_id}).all()


def _received(connection: Connection, order: RowMapping) -> list[Step]:
    return [
        _version(row, is_used=row.payload_sha256.startswith(order["version_id"]))
        for row in _staged(connection, order["platform"], order["platform_order_id"])
        if row.shop_id == order["shop_id"]
    ]


def _version(row: Row[Any], *, is_used: bool) -> Step:
    version, note = row.payload_sha256[:12], f", {row.note}" if row.note else ""
    return Step(
        row.fetched_at,
        "received",
        f"收到版本 {version}{'(采用)' if is_used else ''}{note}",
        f"received version {version}{' (the one used)' if is_used else ''}{note}",
        {"load": str(row.load_id), "window": str(row.window_id or "-"), "source": row.source},
    )


def _mapped(connection: Connection, order: RowMapping) -> list[Step]:
    mapped = Step(
        order["_seen_at"],
        "mapped",
        f"映射为 {order['status']},实付 {_yuan(order['paid_fen'])},付款 {order['payment_state']}",
        f"mapped to {order['status']}, paid {_yuan(order['paid_fen'])} CNY, payment {order['payment_state']}",
        {"mapping": order["mapping_version"][:12], "pass": str(order["_pass_id"])},
    )
    lines = connection.execute(_LINES, {"order_id": order["order_id"]}).mappings()
    return [mapped, *(_line(line) for line in lines)]


def _line(line: RowMapping) -> Step:
    goods = f"{line['title'] or '-'} × {line['quantity']} →"
    sku, gate = line["sku_id"], f", {line['gate']}: {line['gate_reason']}" if line["gate"] != "ship" else ""
    ids = {"line": line["line_id"], "mapping_row": line["sku_mapping_id"] or "-"}
    return Step(
        None,
        "mapped",
        f"第 {line['line_no']} 行 {goods} {sku or '未映射'}{gate}",
        f"line {line['line_no']} {goods} {sku or 'not mapped'}{gate}",
        ids,
    )


def _checked(connection: Connection, order: RowMapping) -> list[Step]:
    key = {"order_id": order["order_id"]}
    anomalies = connection.execute(_ANOMALIES, key).mappings()
    holds = connection.execute(_HOLDS, key).mappings()
    return [_verdict(order), *(_anomaly(row) for row in anomalies), *(_hold(row) for row in holds)]


def _verdict(order: RowMapping) -> Step:
    """Say whether the checks have spoken; a replacement waits for those of its sale, see `line_readiness`."""
    judged = order["judged_order_id"]
    if not order["checked_version"]:
        return Step(None, "checked", "尚未检查,下一批处理", "not checked yet; the next pass will")
    if judged == order["order_id"]:
        return Step(None, "checked", "已合并,正在检查", "merged; its checks are being asked")
    if judged:
        return Step(
            None, "checked", f"等原单 {judged} 检查完", f"waits until its sale {judged} is checked",
            {"sale": judged},
        )  # fmt: skip
    is_current = order["checked_version"] == order["version_id"]
    said = "已检查当前版本" if is_current else "检查过旧版本,等待重新检查"
    said_en = "this version is checked" if is_current else "an older version is checked; waits for its turn"
    return Step(None, "checked", said, said_en, {"checks": (order["checks_version"] or "-")[:12]})


def _anomaly(row: RowMapping) -> Step:
    line, rule, severity, state = row["line_id"], row["rule_id"], row["severity"], row["state"]
    shown = {key: "-" if value is None else value for key, value in row["evidence"].items()}
    evidence = ", ".join(f"{key}={value}" for key, value in shown.items()) or "-"
    zh = f"{f'行 {line} ' if line else ''}{rule}({severity},{_state(state)}):{evidence}"
    en = f"{f'line {line} ' if line else ''}{rule} ({severity}, {state}): {evidence}"
    ids = {"rule": rule, "anomaly": row["anomaly_id"][:12]}
    return Step(row["first_seen_at"], "anomaly", zh, en, ids)


def _hold(row: RowMapping) -> Step:
    zh = f"挂起 {row['subject_type']}:{row['rule_id']}({_state(row['state'])})"
    en = f"{row['subject_type']} held by {row['rule_id']} ({row['state']})"
    if row["ended_at"]:
        ended = f"{row['ended_at'].astimezone(BEIJING):%m-%d %H:%M}"
        zh += f",{ended} 由 {row['ended_by']} 结束:{row['end_reason']}"
        en += f", ended {ended} Beijing time by {row['ended_by']}: {row['end_reason']}"
    return Step(row["placed_at"], "hold", zh, en, {"hold": row["hold_id"]})


def _routed(connection: Connection, order: RowMapping) -> list[Step]:
    key = {"order_id": order["order_id"]}
    reservations = connection.execute(_RESERVATIONS, key).mappings()
    return [*routed(connection, order["order_id"]), *(_reservation(row) for row in reservations)]


def _reservation(row: RowMapping) -> Step:
    ended = f", {row['resolution']}" if row["resolution"] else ""
    warehouse, goods = row["warehouse_id"], f"{row['sku_id']} × {row['quantity']}"
    zh = f"{warehouse} 预占 {goods}({_state(row['state'])}{ended})"
    en = f"{warehouse} reserves {goods} ({row['state']}{ended})"
    return Step(row["reserved_at"], "reserved", zh, en, {"reservation": row["reservation_id"]})


def _manifested(connection: Connection, order: RowMapping) -> list[Step]:
    steps = []
    for row in connection.execute(_MANIFESTS, {"order_id": order["order_id"]}):
        zh, en = ("(影子模式,不外发)", " (shadow, not handed over)") if row.is_shadow else ("", "")
        ids = {"manifest": row.manifest_id, "fulfillment_order": row.fulfillment_order_id}
        told = (f"进入发货清单 {row.manifest_id}{zh}", f"in manifest {row.manifest_id}{en}")
        steps.append(Step(row.closed_at, "manifest", *told, ids))
        if row.published_at:
            told = ("清单文件已交付", "the manifest's files are handed over")
            steps.append(Step(row.published_at, "sent", *told, {"manifest": row.manifest_id}))
        if row.voided_at:
            told = (f"{row.voided_by} 作废了整份清单", f"{row.voided_by} took the whole list back")
            why = (f"{told[0]}:{row.void_reason}", f"{told[1]}: {row.void_reason}")
            steps.append(Step(row.voided_at, "manifest", *why, {"manifest": row.manifest_id}))
    return steps


def _state(state: str) -> str:
    return _STATES.get(state, state)


def _yuan(fen: int | None) -> str:
    return "?" if fen is None else f"{fen / 100:.2f}"
