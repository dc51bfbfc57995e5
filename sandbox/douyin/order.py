"""An order as the gateway shows it: a shop order and its product orders; fen, epoch seconds, 0 = none."""

from datetime import datetime, timedelta
from typing import Any

from sandbox.douyin.grants import shop_number
from sandbox.douyin.line import line_row, product_number
from sandbox.douyin.money import amounts_of_order
from sandbox.douyin.receiver import receiver_row
from sandbox.douyin.state import STATUS_TEXTS, main_status, order_status
from sandbox.world.model import Order, OrderState, Parcel, PaymentKind

PROMISE = timedelta(hours=48)
PAY_TYPES = {PaymentKind.PREPAID: 1, PaymentKind.PRESALE: 2, PaymentKind.COD: 0}
NOTHING_TO_PAY = 7
CARRIERS = {
    "SF": ("shunfeng", "顺丰速运"),
    "ZTO": ("zhongtong", "中通快递"),
    "YTO": ("yuantong", "圆通速递"),
    "STO": ("shentong", "申通快递"),
    "YUNDA": ("yunda", "韵达快递"),
    "EMS": ("ems", "EMS"),
    "POSTB": ("youzhengguonei", "邮政快递包裹"),
    "JD": ("jd", "京东快递"),
    "JTSD": ("jtexpress", "极兔速递"),
    "DBKD": ("debangwuliu", "德邦快递"),
}
TAG_TEXTS = {
    "ship_hold": "平台暂停发货",
    "address_change_apply": "买家申请修改地址",
    "select_express": "自选快递",
    "sug_home_deliver": "建议音尊达",
    "sf_only": "顺丰配送",
    "next_day": "次日达",
}
SERVICE_TAGS = {"door_delivery": "sug_home_deliver"}


def epoch(at: datetime | None) -> int:
    """Return epoch seconds; 0 where there is no time."""
    return int(at.timestamp()) if at else 0


def order_row(order: Order) -> dict[str, Any]:
    """Return one shop order with everything that lists and the detail tell."""
    return {
        **_identity(order),
        **_times(order),
        **amounts_of_order(order),
        **receiver_row(order),
        **_remarks(order),
        "shop_order_tag_ui": [_tag(key, extra) for key, extra in _tags(order)],
        "address_tag_ui": [],
        "user_tag_ui": [],
        "order_phase_list": _phases(order),
        "logistics_info": [_logistics(order, parcel) for parcel in order.parcels],
        "serial_number_list": [],
        "promise_info": "",
        "sku_order_list": [{**line_row(order, line), **_shared(order)} for line in order.lines],
    }


def _identity(order: Order) -> dict[str, Any]:
    status, main = order_status(order), main_status(order)
    return {
        "shop_id": shop_number(order.shop_id),
        "shop_name": order.shop_name,
        "open_id": "",
        "order_id": order.order_id,
        "order_level": 2,
        "biz": 2,
        "biz_desc": "小店",
        "order_type": 0,
        "order_type_desc": "普通订单",
        "b_type": 2,
        "b_type_desc": "抖音",
        "order_status": status,
        "order_status_desc": STATUS_TEXTS.get(status, ""),
        "main_status": main,
        "main_status_desc": STATUS_TEXTS.get(main, ""),
        "pay_type": _pay_type(order),
        "channel_payment_no": f"42000024{order.order_id}" if order.paid_at else "",
        "doudian_open_id": order.buyer.open_uid,
    }


def _pay_type(order: Order) -> int:
    return PAY_TYPES[order.payment_kind] if order.payment_fen else NOTHING_TO_PAY


def _times(order: Order) -> dict[str, int]:
    done = order.ended_at if order.state is OrderState.DONE else None
    is_due = order.paid_at or order.payment_kind is PaymentKind.COD
    return {
        "create_time": epoch(order.created),
        "update_time": epoch(order.modified),
        "pay_time": epoch(order.paid_at),
        "ship_time": epoch(order.shipped_at),
        "finish_time": epoch(done),
        "order_expire_time": 1800,
        "exp_ship_time": epoch((order.paid_at or order.created) + PROMISE) if is_due else 0,
        "appointment_ship_time": 0,
    }


def _shared(order: Order) -> dict[str, Any]:
    """Return what a product order repeats of its shop order."""
    times = _times(order)
    return {
        "pay_type": _pay_type(order),
        **{name: times[name] for name in times if name != "order_expire_time"},
    }


def _remarks(order: Order) -> dict[str, Any]:
    closed = order.state is OrderState.CLOSED_UNPAID
    return {
        "buyer_words": order.buyer_message,
        "seller_words": order.seller_memo,
        "seller_remark_stars": order.seller_flag,
        "cancel_reason": "超时未支付" if closed else "",
    }


def _tags(order: Order) -> list[tuple[str, str]]:
    tags = [(SERVICE_TAGS.get(name, name), "") for name in order.service_tags]
    if order.required_carrier:
        tags.append(("select_express", CARRIERS[order.required_carrier][0]))
    if order.is_ship_hold:
        tags.append(("ship_hold", ""))
    if order.address_request:
        tags.append(("address_change_apply", ""))
    return tags


def _tag(key: str, extra: str) -> dict[str, str]:
    return {"key": key, "text": TAG_TEXTS[key], "help_doc": "", "extra": extra}


def _phases(order: Order) -> list[dict[str, Any]]:
    """Return deposit and final payment of a presale."""
    if order.payment_kind is not PaymentKind.PRESALE:
        return []
    deposit_at = next((event.at for event in order.events if event.kind == "deposit_paid"), None)
    rest = order.payment_fen - order.deposit_fen - order.post_fen
    return [
        _phase(order, 1, deposit_at, order.deposit_fen, 0),
        _phase(order, 2, order.paid_at, rest, order.post_fen),
    ]


def _phase(order: Order, number: int, paid_at: datetime | None, goods: int, post: int) -> dict[str, Any]:
    return {
        "phase_order_id": f"{order.order_id}{number}",
        "total_phase": 2,
        "current_phase": number,
        "pay_success": paid_at is not None,
        "sku_order_id": order.lines[0].line_id,
        "phase_order_amount": goods + post,
        "phase_sum_amount": goods,
        "phase_post_amount": post,
        "phase_pay_amount": goods + post,
        "phase_promotion_amount": 0,
        "phase_pay_time": epoch(paid_at),
        "current_phase_status_desc": "已支付" if paid_at else "待支付",
    }


def _logistics(order: Order, parcel: Parcel) -> dict[str, Any]:
    code, name = CARRIERS[parcel.carrier]
    lines = {line.line_id: line for line in order.lines}
    return {
        "tracking_no": parcel.number,
        "company": code,
        "company_name": name,
        "ship_time": epoch(parcel.at),
        "delivery_id": f"74{parcel.number[-11:]}",
        "product_info": [
            {
                "sku_order_id": line_id,
                "product_id": product_number(lines[line_id]),
                "product_id_str": str(product_number(lines[line_id])),
                "product_name": lines[line_id].title,
                "outer_sku_id": lines[line_id].merchant_code,
                "product_count": pieces,
                "price": lines[line_id].price_fen,
            }
            for line_id, pieces in parcel.pieces
        ],
    }
