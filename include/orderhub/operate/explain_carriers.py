"""Which carrier takes each document of an order, and why every other lost: steps of its story."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, RowMapping, text

from orderhub.operate.step import Step

_CHOICES = text("""
    select f.*, r.candidates from core.fulfillment_orders as f
    join core.carrier_reasons as r on r.reason_id = f.carrier_reason_id
    where f.order_id = :order_id order by f.allocated_at, f.fulfillment_order_id""")
_WHYS = {
    "chosen": "选中",
    "behind": "排在后面",
    "closed": "今天不上班",
    "full": "当天已满",
    "past_cutoff": "过了揽收截止,今天必须发",
    "not_required": "平台指定了别家",
    "not_served": "不到那里",
    "region_unknown": "地区不明",
    "too_heavy": "超重",
    "not_in_rule": "规则只许别家",
}
_WAYBILLS = text("""
    select * from core.waybills
    where order_id = :order_id or fulfillment_order_id in (
        select d.parcel_id from core.merge_decisions as d
        join core.fulfillment_orders as f using (fulfillment_order_id) where f.order_id = :order_id)
    order by fulfillment_order_id""")
_STATES = {
    "pending": "等回音",
    "got": "已出单",
    "refused": "被拒",
    "void_requested": "作废中",
    "void": "已作废",
    "used": "已用掉(人核对)",
}
_LACKS = "lacks "
_WANTED = {
    "required": ("平台指定", "the platform wants"),
    "services": ("平台要求的服务", "services"),
    "tags": ("商品标签", "tags"),
    "asked": ("备注要求", "asked for"),
    "unwanted": ("备注不要", "not wanted"),
}


def carried(connection: Connection, order_id: str) -> list[Step]:
    """Return the choice of carrier of each document."""
    rows = connection.execute(_CHOICES, {"order_id": order_id}).mappings()
    return [_choice(row) for row in rows]


def labelled(connection: Connection, order_id: str) -> list[Step]:
    """Return the waybill of each document for which the hub asked."""
    rows = connection.execute(_WAYBILLS, {"order_id": order_id}).mappings()
    return [_waybill(row) for row in rows]


def _waybill(row: RowMapping) -> Step:
    said = f", {row['answer']}" if row["answer"] else ""
    number = row["tracking_number"] or "-"
    zh = f"面单 {row['carrier_id']} {number}({_STATES[row['state']]}{said})"
    en = f"waybill {row['carrier_id']} {number} ({row['state']}{said})"
    return Step(row["requested_at"], "waybill", zh, en, {"waybill": row["object_id"]})


def _choice(row: RowMapping) -> Step:
    wanted, carriers = row["candidates"]["wanted"], row["candidates"]["carriers"]
    shown = [_candidate(carrier) for carrier in carriers]
    weight = f"{row['weight_g']} g"
    left = row["carrier_left"]
    left_zh, left_en = (f",当天还能收 {left} 单", f", can take {left} more") if left is not None else ("", "")
    nobody_zh, nobody_en = _nobody(row["candidates"])
    zh = f"快递 {row['carrier_id'] or nobody_zh}({weight}{left_zh}{_asked(wanted, 0)})"
    en = f"carrier {row['carrier_id'] or nobody_en} ({weight}{left_en}{_asked(wanted, 1)})"
    ids = {"rule": row["carrier_rule_id"] or "-", "reason": row["carrier_reason_id"][:12]}
    ids |= {"fulfillment_order": row["fulfillment_order_id"]}
    tried_zh, tried_en = ";".join(one for one, _ in shown), "; ".join(one for _, one in shown)
    return Step(row["allocated_at"], "carrier", f"{zh}:{tried_zh}", f"{en}: {tried_en}", ids)


def _nobody(candidates: Mapping[str, Any]) -> tuple[str, str]:
    if day := candidates.get("waits_until"):
        return f"今天都不上班,等到 {day}", f"all closed today, waits until {day}"
    return "没有", "none"


def _candidate(carrier: Mapping[str, Any]) -> tuple[str, str]:
    fen, why = carrier["freight_fen"], carrier["why"]
    cost = "-" if fen is None else f"{fen / 100:.2f}"
    word = f"做不到 {why.removeprefix(_LACKS)}" if why.startswith(_LACKS) else _WHYS.get(why, why)
    limit = f" {carrier['daily_orders']}" if "daily_orders" in carrier else ""
    zh = f"{carrier['carrier']} {cost} 元 {word}{limit}"
    return zh, f"{carrier['carrier']} {cost} CNY {why.replace('_', ' ')}{limit}"


def _asked(wanted: Mapping[str, Any], language: int) -> str:
    parts = [
        f"{words[language]} {', '.join(wanted[name])}" for name, words in _WANTED.items() if wanted.get(name)
    ]
    if wanted.get("cod"):
        parts.append(("货到付款", "cash on delivery")[language])
    return "".join(f"{(';', '; ')[language]}{part}" for part in parts)
