"""Everything the hub decided about one order, in order, each step with the ids that decided it."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, text

from orderhub.db.engine import Database
from orderhub.errors import ConfigError
from orderhub.platforms.spec import platform_names


@dataclass(frozen=True)
class Step:
    """One thing that happened to the order.

    Attributes:
        at: UTC; None when it is a state, not an event.
        what: one of received, mapped, checked, anomaly, hold, routed, reserved, manifest, sent.
        text: for people, in Chinese.
        ids: what decided: load, mapping, rule, config version, reservation, manifest.
    """

    at: datetime | None
    what: str
    text: str
    ids: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Explanation:
    """An order and its steps."""

    order_id: str
    headline: str
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
        order = _find(connection, wanted)
        steps = [
            *_received(connection, order),
            *_mapped(connection, order),
            *_checked(connection, order),
            *_routed(connection, order),
            *_manifested(connection, order),
        ]
    headline = (
        f"{order['platform']} · 店铺 {order['shop_id']} · 状态 {order['status']}({order['platform_status']})"
        f" · {order['gate']}:{order['gate_reason'] or '-'}"
    )
    return Explanation(order["order_id"], headline, steps)


def _find(connection: Connection, wanted: str) -> RowMapping:
    rows = (
        connection.execute(
            text(
                "select * from core.orders where order_id = :wanted or platform_order_id = :wanted order by order_id"
            ),
            {"wanted": wanted},
        )
        .mappings()
        .all()
    )
    if len(rows) == 1:
        return rows[0]
    if rows:
        raise ConfigError(
            f"{wanted} exists in several shops: {', '.join(r['order_id'] for r in rows)}; name one of them"
        )
    for platform in platform_names():
        staged = connection.execute(
            text(
                f"select shop_id, fetched_at from staging.{platform}_orders where record_id = :wanted limit 1"
            ),  # noqa: S608 - shipped names
            {"wanted": wanted.rpartition("/")[2]},
        ).one_or_none()
        if staged:
            raise ConfigError(
                f"{wanted} was received for shop {staged.shop_id} at {staged.fetched_at:%Y-%m-%d %H:%M:%S} UTC and waits "
                "for the next transform pass"
            )
    raise ConfigError(f"no order {wanted!r}; give the platform's number or shop/number, as in core.orders")


def _received(connection: Connection, order: RowMapping) -> list[Step]:
    rows = connection.execute(
        text(
            f"select s.fetched_at, s.load_id, s.payload_sha256, s.note, l.source, l.window_id "  # noqa: S608 - shipped names
            f"from staging.{order['platform']}_orders s join ops.loads l using (load_id) "
            "where s.shop_id = :shop and s.record_id = :record order by s.staging_id"
        ),
        {"shop": order["shop_id"], "record": order["platform_order_id"]},
    )
    return [
        Step(
            row.fetched_at,
            "received",
            f"收到版本 {row.payload_sha256[:12]}"
            + ("(采用)" if row.payload_sha256 == order["version_id"] else "")
            + (f",{row.note}" if row.note else ""),
            {"load": str(row.load_id), "window": str(row.window_id or "-"), "source": row.source},
        )
        for row in rows
    ]


def _mapped(connection: Connection, order: RowMapping) -> list[Step]:
    lines = connection.execute(
        text("select * from core.order_lines where order_id = :order order by line_no"),
        {"order": order["order_id"]},
    ).mappings()
    merged = Step(
        order["_seen_at"],
        "mapped",
        f"映射为 {order['status']},实付 {_yuan(order['paid_fen'])},付款 {order['payment_state']}",
        {"mapping": order["mapping_version"][:12], "pass": str(order["_pass_id"])},
    )
    return [
        merged,
        *(
            Step(
                None,
                "mapped",
                f"第 {line['line_no']} 行 {line['title'] or '(无标题)'} × {line['quantity']} → {line['sku_id'] or '未映射'}"
                + (f",{line['gate']}:{line['gate_reason']}" if line["gate"] != "ship" else ""),
                {"line": line["line_id"], "mapping_row": line["sku_mapping_id"] or "-"},
            )
            for line in lines
        ),
    ]


def _checked(connection: Connection, order: RowMapping) -> list[Step]:
    key = {"order": order["order_id"]}
    steps = []
    if order["checked_version"]:
        is_current = order["checked_version"] == order["version_id"]
        said = "已检查当前版本" if is_current else "检查过旧版本,等待重新检查"
        steps.append(Step(None, "checked", said, {"checks": (order["checks_version"] or "-")[:12]}))
    else:
        steps.append(Step(None, "checked", "尚未检查,下一批处理", {}))
    for row in connection.execute(
        text("select * from core.anomalies where order_id = :order order by first_seen_at, anomaly_id"), key
    ).mappings():
        where = f"行 {row['line_id']} " if row["line_id"] else ""
        steps.append(
            Step(
                row["first_seen_at"],
                "anomaly",
                f"{where}{row['rule_id']}({row['severity']},{_state(row['state'])}):{_evidence(row['evidence'])}",
                {"rule": row["rule_id"], "anomaly": row["anomaly_id"][:12]},
            )
        )
    for row in connection.execute(
        text("select * from core.holds where order_id = :order order by placed_at, hold_id"), key
    ).mappings():
        ended = (
            f",{row['ended_at']:%m-%d %H:%M} UTC 由 {row['ended_by']} 结束:{row['end_reason']}"
            if row["ended_at"]
            else ""
        )
        steps.append(
            Step(
                row["placed_at"],
                "hold",
                f"挂起 {row['subject_type']}:{row['rule_id']}({_state(row['state'])}){ended}",
                {"hold": row["hold_id"][:17]},
            )
        )
    return steps


def _routed(connection: Connection, order: RowMapping) -> list[Step]:
    key = {"order": order["order_id"]}
    steps = [
        Step(
            row["decided_at"],
            "routed",
            f"分仓 {row['outcome']} → {row['warehouse_id'] or '-'};候选:{_candidates(row['candidates'])}",
            {"rule": row["rule_id"] or "-", "config": row["config_version"][:12]},
        )
        for row in connection.execute(
            text("select * from core.routing_decisions where order_id = :order"), key
        ).mappings()
    ]
    for row in connection.execute(
        text("select * from core.reservations where order_id = :order order by reserved_at, reservation_id"),
        key,
    ).mappings():
        ended = f",{row['resolution']}" if row["resolution"] else ""
        steps.append(
            Step(
                row["reserved_at"],
                "reserved",
                f"{row['warehouse_id']} 预占 {row['sku_id']} × {row['quantity']}({_state(row['state'])}{ended})",
                {"reservation": row["reservation_id"], "fulfillment_order": row["fulfillment_order_id"]},
            )
        )
    return steps


def _manifested(connection: Connection, order: RowMapping) -> list[Step]:
    rows = connection.execute(
        text("""
            select distinct m.manifest_id, m.closed_at, m.published_at, m.is_shadow, m.state, l.fulfillment_order_id
            from core.manifest_lines l join core.manifests m using (manifest_id)
            where l.order_id = :order order by m.closed_at"""),
        {"order": order["order_id"]},
    )
    steps = []
    for row in rows:
        shadow = "(影子模式,不外发)" if row.is_shadow else ""
        ids = {"manifest": row.manifest_id, "fulfillment_order": row.fulfillment_order_id}
        steps.append(Step(row.closed_at, "manifest", f"进入发货清单 {row.manifest_id}{shadow}", ids))
        if row.published_at:
            steps.append(Step(row.published_at, "sent", "清单文件已交付", {"manifest": row.manifest_id}))
    return steps


def _candidates(candidates: Any) -> str:
    return ";".join(
        "、".join(f"{key}={value}" for key, value in candidate.items())
        if isinstance(candidate, dict)
        else str(candidate)
        for candidate in candidates
    )


def _evidence(evidence: dict[str, Any]) -> str:
    return "、".join(f"{key}={value}" for key, value in evidence.items()) or "-"


def _state(state: str) -> str:
    names = {
        "open": "未关闭", "closed": "已关闭", "active": "生效中", "released": "已放行", "posted": "已出库",
        "voided": "已作废", "expired": "已过期",
    }  # fmt: skip
    return names.get(state, state)


def _yuan(fen: int | None) -> str:
    return "?" if fen is None else f"{fen / 100:.2f}"
