"""An order as the gateway shows it: yuan text, Beijing time, masked receiver, nested wrappers."""

import base64
import hashlib
from datetime import timedelta
from typing import Any

from sandbox.gateway.text import beijing, yuan
from sandbox.taobao.refund import refund_status
from sandbox.world.model import Line, Order, OrderState, PaymentKind

TYPES = {PaymentKind.PREPAID: "fixed", PaymentKind.PRESALE: "step", PaymentKind.COD: "cod"}
UNKNOWN_STATUS = "WAIT_SELLER_PACK_GOODS"
STATUS = {
    OrderState.UNPAID: "WAIT_BUYER_PAY",
    OrderState.DEPOSIT_PAID: "WAIT_BUYER_PAY",
    OrderState.PAID_HOLD: "PAID_FORBID_CONSIGN",
    OrderState.TO_SHIP: "WAIT_SELLER_SEND_GOODS",
    OrderState.PART_SHIPPED: "SELLER_CONSIGNED_PART",
    OrderState.SHIPPED: "WAIT_BUYER_CONFIRM_GOODS",
    OrderState.DONE: "TRADE_FINISHED",
    OrderState.CLOSED_UNPAID: "TRADE_CLOSED_BY_TAOBAO",
    OrderState.CLOSED_REFUNDED: "TRADE_CLOSED",
}
CARRIERS = {"SF": "顺丰速运", "ZTO": "中通快递", "YTO": "圆通速递", "STO": "申通快递", "YUNDA": "韵达快递"}
CARRIERS |= {"EMS": "EMS", "POSTB": "邮政快递包裹", "JD": "京东快递", "JTSD": "极兔速递", "DBKD": "德邦快递"}
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


def trade_status(order: Order) -> str:
    """Return the platform's word for the state of a trade."""
    return UNKNOWN_STATUS if order.has_unknown_status else STATUS[order.state]


def line_status(order: Order, line: Line) -> str:
    """Return the platform's word for the state of a line: refunded and shipped lines have their own."""
    if order.refunded_pieces(line) >= line.quantity:
        return STATUS[OrderState.CLOSED_REFUNDED]
    if order.state is not OrderState.PART_SHIPPED:
        return trade_status(order)
    is_sent = order.shipped_pieces(line) + order.refunded_pieces(line) >= line.quantity
    return STATUS[OrderState.SHIPPED if is_sent else OrderState.TO_SHIP]


def oaid(order: Order) -> str:
    """Return the receiver token: it differs per order and changes with the address."""
    receiver = order.receiver
    text = (
        f"{order.order_id}|{receiver.name}|{receiver.mobile}|{receiver.address}|{order.created.isoformat()}"
    )
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
        "tid": int(order.order_id),
        "tid_str": order.order_id,
        "type": TYPES[order.payment_kind],
        "status": trade_status(order),
        "seller_nick": order.shop_name,
        "buyer_nick": order.buyer.nick_masked,
        "buyer_open_uid": order.buyer.open_uid,
        "title": order.shop_name,
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
    if order.payment_kind is PaymentKind.PRESALE:
        row |= {"step_trade_status": _step_status(order), "step_paid_fee": yuan(order.deposit_fen)}
    return {**row, **_known_times(order)}


def _step_status(order: Order) -> str:
    match order.state:
        case OrderState.UNPAID:
            return "FRONT_NOPAID_FINAL_NOPAID"
        case OrderState.DEPOSIT_PAID:
            return "FRONT_PAID_FINAL_NOPAID"
        case OrderState.CLOSED_UNPAID:
            return "FRONT_PAID_FRONT_FORFEITED"
        case _:
            return "FRONT_PAID_FINAL_PAID"


def _known_times(order: Order) -> dict[str, str]:
    times = {"pay_time": order.paid_at, "consign_time": order.shipped_at, "end_time": order.ended_at}
    return {name: beijing(at) for name, at in times.items() if at}


def _amounts(order: Order) -> dict[str, Any]:
    single = len(order.lines) == 1
    settled = order.state is OrderState.DONE
    return {
        "discount_fee": yuan(order.shared_discount_fen),
        "adjust_fee": yuan(order.lines[0].adjust_fen if single else 0),
        "received_payment": yuan(order.payment_fen if settled else 0),
        "available_confirm_fee": yuan(0 if settled or order.paid_at is None else order.payment_fen),
        "has_post_fee": True,
        "platform_subsidy_fee": "0.00",
        "coupon_fee": order.coupon_fen,
        "cod_status": "SIGN_IN" if settled and order.payment_kind is PaymentKind.COD else "NEW_CREATED",
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
    tags = [{"service_type": "TB_CONSIGN_DATE", "service_tag": "consignDate=48"}]
    tags += [{"service_type": name.upper(), "service_tag": name} for name in order.service_tags]
    row: dict[str, Any] = {
        "trade_from": "WAP,WAP",
        "shipping_type": "express",
        "new_presell": order.payment_kind is PaymentKind.PRESALE,
        "is_part_consign": order.state is OrderState.PART_SHIPPED,
        "is_daixiao": False,
        "no_shipping": False,
        "est_con_time": "卖家承诺48小时内发货",
        "delivery_time": beijing(promised),
        "collect_time": beijing(promised + timedelta(days=1)),
        "service_tags": {
            "logistics_tag": [
                {"order_id": order.order_id, "logistic_service_tag_list": {"logistic_service_tag": tags}}
            ]
        },
    }
    return {**row, **_wishes(order)}


def _wishes(order: Order) -> dict[str, Any]:
    row: dict[str, Any] = {}
    if order.is_ship_hold:
        row["top_hold"] = 1
    if order.required_carrier:
        info = {"order_id": order.order_id, "white_delivery_cps": {"string": [order.required_carrier]}}
        row["logistics_infos"] = {"logistics_info": [info]}
    if order.invoice:
        kind = "company" if order.invoice.tax_number else "personal"
        row |= {"invoice_name": order.invoice.title, "invoice_kind": kind}
    return row


def _lines(order: Order) -> list[dict[str, Any]]:
    return [_line(order, line) for line in order.lines]


def _line(order: Order, line: Line) -> dict[str, Any]:
    single = len(order.lines) == 1
    row: dict[str, Any] = {
        "oid": int(line.line_id),
        "oid_str": line.line_id,
        "num_iid": line.platform_item_id,
        "sku_id": line.platform_sku_id,
        "outer_iid": line.item_code,
        "outer_sku_id": line.variant_code,
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
        "status": line_status(order, line),
        **_line_refund(order, line),
        "seller_type": "B",
        "order_from": "WAP,WAP",
        "is_oversold": False,
        "is_daixiao": False,
        **_line_shipping(order, line),
    }
    if line.parts:
        parts = [{"outer_sku_id": part.code, "quantity": part.quantity} for part in line.parts]
        row["combine_item_info"] = {"combine_item": parts}
    gift = {"is_free_gift": True, "gift_mids": order.lines[0].line_id}
    return {**row, **gift} if line.is_gift else row


def _line_refund(order: Order, line: Line) -> dict[str, Any]:
    after_sale = order.after_sale_of(line)
    if after_sale is None:
        return {"refund_status": "NO_REFUND"}
    return {"refund_status": refund_status(after_sale), "refund_id": after_sale.after_sale_id}


def _line_shipping(order: Order, line: Line) -> dict[str, Any]:
    row: dict[str, Any] = {"store_code": "CN_HZ_001"} if line.is_fulfilled_by_platform else {}
    for parcel in order.parcels:
        if line.line_id in dict(parcel.pieces):
            row |= {"logistics_company": CARRIERS[parcel.carrier], "invoice_no": parcel.number}
            row["consign_time"] = beijing(parcel.at)
    return row


def _promotions(order: Order) -> list[dict[str, Any]]:
    limited = [
        _promotion(int(line.line_id), "限时打折", "xsdz-100001_200001", line.discount_fen)
        for line in order.lines
        if line.discount_fen
    ]
    if shared := order.shared_discount_fen:
        limited.append(_promotion(int(order.order_id), "满减", "mjs-123024_211143", shared))
    return limited


def _promotion(subject: int, name: str, promotion_id: str, fen: int) -> dict[str, Any]:
    return {
        "id": subject,
        "promotion_name": name,
        "promotion_id": promotion_id,
        "discount_fee": yuan(fen),
        "promotion_desc": f"{name}:省{yuan(fen)}元",
    }
