"""An order as the gateway shows it: yuan text, Beijing time, masked receiver, nested wrappers."""

import base64
import hashlib
from datetime import datetime, timedelta, timezone
from typing import Any

from sandbox.world.model import Line, Order

BEIJING = timezone(timedelta(hours=8))
# What a list row may carry; the rest (messages, memo, receiver, amounts of lines) only the detail tells.
LIST_FIELDS = frozenset(
    {
        *("tid", "tid_str", "type", "status", "step_trade_status", "created", "pay_time", "modified"),
        *("seller_nick", "buyer_nick", "buyer_open_uid", "title", "has_buyer_message", "seller_flag"),
        *("payment", "total_fee", "post_fee", "num", "orders"),
    }
)
LIST_LINE_FIELDS = (
    "oid",
    "oid_str",
    "num",
    "num_iid",
    "status",
    "refund_status",
    "outer_iid",
    "outer_sku_id",
)


def yuan(fen: int) -> str:
    """Return fen as the platform writes money: `"257.00"`."""
    sign, rest = ("-", -fen) if fen < 0 else ("", fen)
    return f"{sign}{rest // 100}.{rest % 100:02d}"


def beijing(at: datetime) -> str:
    """Return a time as the platform writes it: Beijing, no zone."""
    return at.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S")


def oaid(order: Order) -> str:
    """Return the receiver token: it differs per order and changes with the address."""
    receiver = order.receiver
    text = f"{order.tid}|{receiver.name}|{receiver.mobile}|{receiver.address}|{order.created.isoformat()}"
    digest = hashlib.sha384(text.encode()).digest()
    return "1" + base64.b64encode(digest, b"xK").decode() + "000000000000"


def select(row: dict[str, Any], fields: frozenset[str]) -> dict[str, Any]:
    """Return only the named fields; a container by its name, or cut down by dotted names."""
    chosen = {name: value for name, value in row.items() if name in fields}
    dotted = {name.removeprefix("orders.") for name in fields if name.startswith("orders.")}
    if dotted and "orders" in row and "orders" not in fields:
        lines = row["orders"]["order"]
        chosen["orders"] = {"order": [{k: v for k, v in line.items() if k in dotted} for line in lines]}
    return chosen


def list_row(order: Order, *, with_lines: bool) -> dict[str, Any]:
    """Return the slim row of a list."""
    row = {name: value for name, value in _trade(order).items() if name in LIST_FIELDS}
    if not with_lines:
        return row
    lines = [{name: line[name] for name in LIST_LINE_FIELDS} for line in _lines(order)]
    return {**row, "orders": {"order": lines}}


def detail_row(order: Order) -> dict[str, Any]:
    """Return the full order."""
    return {**_trade(order), **_amounts(order), **_receiver(order), **_remarks(order), **_services(order)}


def _trade(order: Order) -> dict[str, Any]:
    single = len(order.lines) == 1
    row: dict[str, Any] = {
        "tid": order.tid,
        "tid_str": str(order.tid),
        "type": order.kind,
        "status": order.status,
        "seller_nick": order.seller_nick,
        "buyer_nick": order.buyer.nick_masked,
        "buyer_open_uid": order.buyer.open_uid,
        "title": order.seller_nick,
        "created": beijing(order.created),
        "modified": beijing(order.modified),
        "payment": yuan(order.payment_fen),
        "total_fee": yuan(sum(line.price_fen * line.quantity for line in order.lines)),
        "post_fee": yuan(order.post_fen),
        "num": order.lines[0].quantity if single else 0,
        "price": yuan(order.lines[0].price_fen) if single else "0.00",
        "has_buyer_message": bool(order.buyer_message),
        "seller_flag": order.seller_flag,
    }
    if order.step_status:
        row |= {"step_trade_status": order.step_status, "step_paid_fee": yuan(order.step_paid_fen)}
    return {**row, **_known_times(order)}


def _known_times(order: Order) -> dict[str, str]:
    times = {"pay_time": order.paid_at, "consign_time": order.consigned_at, "end_time": order.ended_at}
    return {name: beijing(at) for name, at in times.items() if at}


def _amounts(order: Order) -> dict[str, Any]:
    single = len(order.lines) == 1
    settled = order.status == "TRADE_FINISHED"
    return {
        "discount_fee": yuan(order.shared_discount_fen),
        "adjust_fee": yuan(order.lines[0].adjust_fen if single else 0),
        "received_payment": yuan(order.payment_fen if settled else 0),
        "available_confirm_fee": yuan(0 if settled or order.paid_at is None else order.payment_fen),
        "has_post_fee": True,
        "platform_subsidy_fee": "0.00",
        "coupon_fee": order.coupon_fen,
        "cod_status": "NEW_CREATED",
        "cod_fee": "0.00",
        "orders": {"order": _lines(order)},
        "promotion_details": {"promotion_detail": _promotions(order)},
    }


def _receiver(order: Order) -> dict[str, Any]:
    receiver = order.receiver
    row: dict[str, Any] = {
        "receiver_country": "",
        "receiver_state": receiver.state,
        "receiver_city": receiver.city,
        "receiver_district": receiver.district,
        "receiver_town": receiver.town,
        "receiver_name": f"{receiver.name[0]}**",
        "receiver_mobile": f"*******{receiver.mobile[-4:]}",
        "receiver_phone": "",
        "receiver_address": f"{receiver.address[0]}*****{'号' if '号' in receiver.address else ''}**幢****室",
        "receiver_zip": receiver.zip_code,
        "oaid": oaid(order),
    }
    return {**row, "lm": "1"} if order.address_changes else row


def _remarks(order: Order) -> dict[str, Any]:
    written = {"buyer_message": order.buyer_message, "seller_memo": order.seller_memo}
    return {name: text for name, text in written.items() if text}


def _services(order: Order) -> dict[str, Any]:
    promised = (order.paid_at or order.created) + timedelta(hours=48)
    tag = {"service_type": "TB_CONSIGN_DATE", "service_tag": "consignDate=48"}
    return {
        "trade_from": "WAP,WAP",
        "shipping_type": "express",
        "new_presell": order.kind == "step",
        "is_part_consign": False,
        "is_daixiao": False,
        "no_shipping": False,
        "est_con_time": "卖家承诺48小时内发货",
        "delivery_time": beijing(promised),
        "collect_time": beijing(promised + timedelta(days=1)),
        "service_tags": {
            "logistics_tag": [
                {"order_id": str(order.tid), "logistic_service_tag_list": {"logistic_service_tag": [tag]}}
            ]
        },
    }


def _lines(order: Order) -> list[dict[str, Any]]:
    return [_line(order, line) for line in order.lines]


def _line(order: Order, line: Line) -> dict[str, Any]:
    single = len(order.lines) == 1
    row: dict[str, Any] = {
        "oid": line.oid,
        "oid_str": str(line.oid),
        "num_iid": line.platform_item_id,
        "sku_id": line.platform_sku_id,
        "outer_iid": line.outer_iid,
        "outer_sku_id": line.outer_sku_id,
        "title": line.title,
        "sku_properties_name": line.properties,
        "cid": 50_000_671,
        "num": line.quantity,
        "price": yuan(line.price_fen),
        "total_fee": yuan(line.total_fen),
        "discount_fee": yuan(line.discount_fen),
        "adjust_fee": yuan(line.adjust_fen),
        "payment": yuan(order.payment_fen if single else line.total_fen),
        "part_mjz_discount": yuan(line.shared_discount_fen),
        "divide_order_fee": yuan(line.divided_fen),
        "status": line.status,
        "refund_status": line.refund_status,
        "seller_type": "B",
        "order_from": "WAP,WAP",
        "is_oversold": False,
        "is_daixiao": False,
    }
    if line.refund_id:
        row["refund_id"] = line.refund_id
    return {**row, "is_free_gift": True, "gift_mids": str(order.lines[0].oid)} if line.is_gift else row


def _promotions(order: Order) -> list[dict[str, Any]]:
    limited = [
        _promotion(line.oid, "限时打折", "xsdz-100001_200001", line.discount_fen)
        for line in order.lines
        if line.discount_fen
    ]
    shared = order.shared_discount_fen
    return [*limited, _promotion(order.tid, "满减", "mjs-123024_211143", shared)] if shared else limited


def _promotion(subject: int, name: str, promotion_id: str, fen: int) -> dict[str, Any]:
    return {
        "id": subject,
        "promotion_name": name,
        "promotion_id": promotion_id,
        "discount_fee": yuan(fen),
        "promotion_desc": f"{name}:省{yuan(fen)}元",
    }
