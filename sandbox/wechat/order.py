"""An order as the gateway shows it: fen and epoch seconds as numbers, ids as text, masked receiver."""

import hashlib
from datetime import datetime, timedelta
from typing import Any

from sandbox.wechat.product import package, product
from sandbox.world.model import Hold, Order, OrderState, Receiver

UNKNOWN_STATUS = 29
GROUP_PENDING = 13
GIFT_PENDING = 12
STATUS = {
    OrderState.UNPAID: 10,
    OrderState.DEPOSIT_PAID: 10,
    OrderState.TO_SHIP: 20,
    OrderState.PART_SHIPPED: 21,
    OrderState.SHIPPED: 30,
    OrderState.DONE: 100,
    OrderState.CLOSED_UNPAID: 250,
    OrderState.CLOSED_REFUNDED: 200,
}
#: Parcels of China Post are EMS here.
CARRIERS = {
    "SF": ("SF", "顺丰速运"),
    "ZTO": ("ZTO", "中通快递"),
    "YTO": ("YTO", "圆通速递"),
    "STO": ("STO", "申通快递"),
    "YUNDA": ("YUNDA", "韵达快递"),
    "EMS": ("EMS", "中国邮政"),
    "JD": ("JD", "京东快递"),
    "JTSD": ("JTSD", "极兔速递"),
}
SHIP_WITHIN = timedelta(hours=48)


def status_of(order: Order) -> int:
    """Return the platform's number for the state; what waits for no group is shown as an unclaimed gift."""
    if order.has_unknown_status:
        return UNKNOWN_STATUS
    if order.state is OrderState.PAID_HOLD:
        return GROUP_PENDING if order.hold is Hold.GROUP else GIFT_PENDING
    return STATUS[order.state]


def seconds(at: datetime | None) -> int:
    """Return epoch seconds; 0 where there is no time."""
    return int(at.timestamp()) if at else 0


def order_row(order: Order) -> dict[str, Any]:
    """Return the full order, as `order/get` shows it."""
    return {
        "order_id": order.order_id,
        "status": status_of(order),
        "openid": order.buyer.open_uid,
        "unionid": "",
        "is_present": status_of(order) == GIFT_PENDING,
        "create_time": seconds(order.created),
        "update_time": seconds(order.modified),
        "order_detail": {
            "product_infos": [product(order, line, seconds(_deadline(order))) for line in order.lines],
            "pay_info": _pay_info(order),
            "price_info": _price_info(order),
            "delivery_info": _delivery_info(order),
            "ext_info": _ext_info(order),
            "commission_infos": [],
            "coupon_info": {},
            "settle_info": {"predict_commission_fee": order.payment_fen // 100},
        },
        "aftersale_detail": _after_sales(order),
    }


def hash_code(order: Order, receiver: Receiver) -> str:
    """Return the name of a receiver within a shop: equal for equal addresses."""
    text = f"{order.shop_id}|{receiver.name}|{receiver.mobile}|{receiver.address}"
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _deadline(order: Order) -> datetime:
    return (order.paid_at or order.created) + SHIP_WITHIN


def _pay_info(order: Order) -> dict[str, Any]:
    is_paid = order.paid_at is not None
    return {
        "payment_method": 1,
        "prepay_id": f"up_wx{order.order_id[-16:]}",
        "prepay_time": seconds(order.created + timedelta(seconds=1)),
        "pay_time": seconds(order.paid_at),
        "transaction_id": f"43200000{order.order_id}" if is_paid else "",
    }


def _price_info(order: Order) -> dict[str, Any]:
    goods = sum(line.price_fen * line.quantity for line in order.lines)
    return {
        "product_price": goods,
        "freight": order.post_fen,
        "original_order_price": goods + order.post_fen,
        "is_discounted": order.shared_discount_fen > 0,
        "discounted_price": order.shared_discount_fen,
        "merchant_discounted_price": order.shared_discount_fen,
        "finder_discounted_price": 0,
        "limited_discount_discounted_price": sum(line.discount_fen for line in order.lines),
        "change_down_price": -sum(line.adjust_fen for line in order.lines),
        "is_change_freight": False,
        "change_freight": 0,
        "use_deduction": False,
        "deduction_price": 0,
        "order_price": order.payment_fen,
        "merchant_receieve_price": order.payment_fen,
    }


def _delivery_info(order: Order) -> dict[str, Any]:
    is_sent = order.state in {OrderState.SHIPPED, OrderState.DONE}
    row: dict[str, Any] = {
        "deliver_method": 0,
        "ship_done_time": seconds(order.shipped_at) if is_sent else 0,
        "delivery_product_info": _parcels(order),
        "address_info": address(order, order.receiver),
        "ewaybill_order_code": f"of{hashlib.sha256(order.order_id.encode()).hexdigest()[:24]}",
        "dropship_flag": _dropship_flag(order),
    }
    if order.address_request:
        row["address_under_review"] = address(order, order.address_request.receiver)
        row["address_apply_time"] = seconds(order.address_request.at)
    return row


def address(order: Order, receiver: Receiver) -> dict[str, Any]:
    """Return a receiver with name, phone and house masked; region and hash in clear."""
    phone = f"{receiver.mobile[:3]}****{receiver.mobile[-4:]}"
    return {
        "user_name": f"{receiver.name[0]}{'*' * (len(receiver.name) - 1)}",
        "tel_number": phone,
        "postal_code": receiver.zip_code,
        "province_name": receiver.state,
        "city_name": receiver.city,
        "county_name": receiver.district,
        "detail_info": "****",
        "house_number": "",
        "use_tel_number": 1,
        "hash_code": hash_code(order, receiver),
        "tel_number_ext_info": {
            "real_tel_number": phone,
            "virtual_tel_number": "",
            "virtual_tel_expire_time": 0,
        },
    }


def _dropship_flag(order: Order) -> int:
    assigned = [line.is_fulfilled_by_platform for line in order.lines]
    if all(assigned):
        return 3
    return 2 if any(assigned) else 0


def _parcels(order: Order) -> list[dict[str, Any]]:
    lines = {line.line_id: line for line in order.lines}
    return [
        {
            "waybill_id": parcel.number,
            "delivery_id": CARRIERS[parcel.carrier][0],
            "delivery_name": CARRIERS[parcel.carrier][1],
            "delivery_time": seconds(parcel.at),
            "deliver_type": 1,
            "product_infos": [package(lines[line_id], pieces) for line_id, pieces in parcel.pieces],
        }
        for parcel in order.parcels
    ]


def _ext_info(order: Order) -> dict[str, Any]:
    return {
        "customer_notes": order.buyer_message,
        "merchant_notes": order.seller_memo,
        "confirm_receipt_time": seconds(order.ended_at) if order.state is OrderState.DONE else 0,
        "order_scene": 1,
        "finder_id": "",
        "live_id": "",
    }


def _after_sales(order: Order) -> dict[str, Any]:
    return {
        "on_aftersale_order_cnt": sum(one.is_open for one in order.after_sales),
        "aftersale_order_list": [{"aftersale_order_id": one.after_sale_id} for one in order.after_sales],
    }
