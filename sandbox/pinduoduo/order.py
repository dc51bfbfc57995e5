"""An order as the gateway shows it: numbers for states, yuan as doubles, a receiver that comes and goes."""

import base64
import hashlib
from datetime import datetime, timedelta
from typing import Any

from sandbox.gateway.text import beijing
from sandbox.pinduoduo.refund import after_sales_status, goods_ids, money, refund_status
from sandbox.world.model import AfterSale, Line, Order, OrderState, PaymentKind

UNKNOWN_STATUS = 9
TO_SHIP, SHIPPED, SIGNED = 1, 2, 3
STATUS = {
    OrderState.PART_SHIPPED: SHIPPED,
    OrderState.SHIPPED: SHIPPED,
    OrderState.DONE: SIGNED,
}
# An order is 成交 by these; what was not yet is in no list.
CONFIRMING = ("paid", "deposit_paid", "released")
LOGISTICS_IDS = {"SF": 44, "ZTO": 115, "YTO": 85, "STO": 1, "YUNDA": 121, "EMS": 118}
LOGISTICS_IDS |= {"POSTB": 132, "JD": 120, "JTSD": 384, "DBKD": 131}
OLD_CIPHER_EVERY = 4
PROMISE = timedelta(hours=48)
PLATFORM_DEPOT = 2
#: 1 is to Xinjiang.
TRANSIT = {"consolidate_type": 1}


def is_confirmed(order: Order) -> bool:
    """Return whether the order is 成交: paid (or its deposit), and its group formed."""
    is_paid = order.paid_at is not None
    has_deposit = order.payment_kind is PaymentKind.PRESALE and order.state is not OrderState.UNPAID
    return (is_paid or has_deposit) and (order.group is None or order.group.is_formed)


def confirmed_at(order: Order) -> datetime:
    """Return when the order became 成交."""
    wanted = ("released",) if order.group else CONFIRMING
    return next((event.at for event in order.events if event.kind in wanted), order.paid_at or order.created)


def order_status(order: Order) -> int:
    """Return the platform's number for the state; 1 also for what waits or was closed before it was sent."""
    if order.has_unknown_status:
        return UNKNOWN_STATUS
    if order.state is OrderState.CLOSED_REFUNDED:
        return SHIPPED if order.shipped_at else TO_SHIP
    return STATUS.get(order.state, TO_SHIP)


def order_refund_status(order: Order) -> int:
    """Return what the order says of its after-sales."""
    return refund_status(_after_sale(order), is_closed=order.state is OrderState.CLOSED_REFUNDED)


def order_row(order: Order) -> dict[str, Any]:
    """Return the whole order; lists and the detail tell the same."""
    return {
        **_states(order),
        **_times(order),
        **_amounts(order),
        **_region(order),
        **_person(order),
        **_remarks(order),
        **_shipping(order),
        **_services(order),
        **_presale(order),
        "item_list": [_goods(line) for line in order.goods],
        "gift_list": [_goods(line) for line in order.lines if line.is_gift],
        "card_info_list": [],
        "order_depot_info": _depot(order),
        "cat_id_1": 14,
        "cat_id_2": 201,
        "cat_id_3": 3021,
        "cat_id_4": 0,
        "group_order_id": int("2" + order.order_id[-12:]),
        "group_role": 0,
    }


def _after_sale(order: Order) -> AfterSale | None:
    """Return the after-sale that the order speaks of: an open one, else the one that changed last."""
    candidates = [one for one in order.after_sales if one.is_open] or order.after_sales
    return max(reversed(candidates), key=lambda one: one.modified, default=None)


def _states(order: Order) -> dict[str, Any]:
    after_sale = _after_sale(order)
    forfeited = order.payment_kind is PaymentKind.PRESALE and order.state is OrderState.CLOSED_UNPAID
    return {
        "order_sn": order.order_id,
        "order_status": order_status(order),
        "refund_status": order_refund_status(order),
        "after_sales_status": after_sales_status(after_sale) if after_sale else 0,
        "confirm_status": 2 if forfeited else 1,
        "group_status": 1,
        "risk_control_status": int(order.state is OrderState.PAID_HOLD),
        "mkt_biz_type": 0,
        "is_lucky_flag": 1,
        "is_pre_sale": 0,
        "pre_sale_time": "",
        "is_stock_out": 0,
        "stock_out_handle_status": -1,
    }


def _times(order: Order) -> dict[str, str | None]:
    confirmed = confirmed_at(order)
    return {
        "created_time": beijing(order.created),
        "pay_time": beijing(order.paid_at) if order.paid_at else "",
        "confirm_time": beijing(confirmed),
        "updated_at": beijing(order.modified),
        "last_ship_time": beijing(confirmed + PROMISE),
        "shipping_time": beijing(order.shipped_at) if order.shipped_at else None,
        "receive_time": beijing(order.ended_at)
        if order.ended_at and order.state is OrderState.DONE
        else None,
        "urge_shipping_time": None,
    }


def _amounts(order: Order) -> dict[str, Any]:
    changed = -sum(line.adjust_fen for line in order.lines)
    goods = sum(line.price_fen * line.quantity for line in order.lines) - changed
    shared = order.shared_discount_fen
    discount = shared + sum(line.discount_fen for line in order.lines)
    platform = min(order.coupon_fen, shared)
    return {
        "goods_amount": money(goods),
        "discount_amount": money(discount),
        "platform_discount": money(platform),
        "seller_discount": money(discount - platform),
        "capital_free_discount": 0.0,
        "order_change_amount": money(changed),
        "postage": money(order.post_fen),
        "pay_amount": money(order.payment_fen),
        "service_fee_detail": [],
        "duo_duo_pay_reduction": 0.0,
        "promotion_detail_list": [],
        "pay_type": "",
        "pay_no": "",
        "inner_transaction_id": "",
    }


def _region(order: Order) -> dict[str, Any]:
    receiver = order.receiver
    return {
        "country": "中国",
        "country_id": 0,
        "province": receiver.state,
        "province_id": _region_id(receiver.state),
        "city": receiver.city,
        "city_id": _region_id(receiver.state + receiver.city),
        "town": receiver.district,
        "town_id": _region_id(receiver.state + receiver.city + receiver.district),
    }


def _person(order: Order) -> dict[str, str]:
    receiver = order.receiver
    full = receiver.state + receiver.city + receiver.district + receiver.address
    shown = {
        "receiver_name": ("~", receiver.name, f"{receiver.name[0]}**"),
        "receiver_phone": ("$", receiver.mobile, f"{receiver.mobile[:3]}****{receiver.mobile[-4:]}"),
        "receiver_address": ("~", receiver.address, f"{receiver.address[0]}*{'*' * 6}号"),
        "address": (
            "~",
            full,
            f"{receiver.state}{receiver.city}{receiver.district}{receiver.address[0]}******号",
        ),
    }
    is_told = order_status(order) not in {SHIPPED, SIGNED} and order.state not in {
        OrderState.PAID_HOLD,
        OrderState.CLOSED_REFUNDED,
        OrderState.CLOSED_UNPAID,
    }
    row: dict[str, str] = {}
    for name, (mark, plain, mask) in shown.items():
        row[name] = _cipher(order, name, mark, plain) if is_told else ""
        row[f"{name}_mask"] = mask if is_told else ""
    return row


def _cipher(order: Order, name: str, mark: str, plain: str) -> str:
    """Return a ciphertext of the newer form; of the older one, with its equality index, for some buyers."""
    digest = hashlib.sha384(f"{order.order_id}|{name}|{plain}".encode()).digest()
    text = "AgAAAA" + base64.b64encode(digest).decode()
    if order.buyer.number % OLD_CIPHER_EVERY:
        return f"{mark}{text}{mark}0{mark}"
    index = base64.b64encode(hashlib.sha256(plain.encode()).digest()[:12]).decode()
    parts = (index, text) if mark == "$" else (text, index)
    return f"{mark}{mark.join(parts)}{mark}1{mark}{mark}"


def _remarks(order: Order) -> dict[str, Any]:
    return {
        "buyer_memo": order.buyer_message,
        "remark": order.seller_memo,
        "remark_tag": order.seller_flag,
        "remark_tag_name": "",
        "invoice_status": int(order.invoice is not None),
    }


def _shipping(order: Order) -> dict[str, Any]:
    tracks = [
        {"logistics_id": LOGISTICS_IDS[parcel.carrier], "tracking_number": parcel.number}
        for parcel in order.parcels
    ]
    first = tracks[0] if tracks else {"logistics_id": 0, "tracking_number": ""}
    return {
        **first,
        "extra_delivery_list": tracks[1:],
        "resend_delivery_list": [],
        "gift_delivery_list": [],
        "shipping_type": 0,
        "self_contained": 0,
        "consolidate_info": TRANSIT if "transit" in order.service_tags else None,
    }


def _services(order: Order) -> dict[str, Any]:
    wishes = {
        "free_sf": order.required_carrier == "SF" or "sf_only" in order.service_tags,
        "delivery_one_day": "next_day" in order.service_tags,
        "home_delivery_door": "door_delivery" in order.service_tags,
        "conso_order": "transit" in order.service_tags,
    }
    tags = {"return_freight_payer": True, "ship_hold": order.is_ship_hold, **wishes}
    return {
        "free_sf": int(wishes["free_sf"]),
        "delivery_one_day": int(wishes["delivery_one_day"]),
        "return_freight_payer": 1,
        "duoduo_wholesale": 0,
        "order_tag_list": [{"name": name, "value": int(is_set)} for name, is_set in tags.items()],
    }


def _presale(order: Order) -> dict[str, Any]:
    if order.payment_kind is not PaymentKind.PRESALE:
        return {"trade_type": 0, "step_order_info": None}
    is_final_paid = order.paid_at is not None
    final = order.payment_fen - order.deposit_fen
    return {
        "trade_type": 1,
        "step_order_info": {
            "step_trade_status": 2 if is_final_paid else 1,
            "advanced_paid_fee": money(order.deposit_fen),
            "step_paid_fee": money(final if is_final_paid else 0),
            "step_discount_amount": 0.0,
        },
    }


def _goods(line: Line) -> dict[str, Any]:
    spec = ",".join(part.partition(":")[2] for part in line.properties.split(";") if part)
    return {
        **goods_ids(line),
        "goods_spec": spec,
        "goods_img": f"https://img.example.com/{line.platform_item_id}.jpg",
        "goods_count": line.quantity,
        "goods_price": money(line.price_fen),
    }


def _depot(order: Order) -> dict[str, Any]:
    is_theirs = any(line.is_fulfilled_by_platform for line in order.goods)
    parts = [
        {"ware_sn": part.code, "ware_name": part.code, "ware_quantity": part.quantity}
        for line in order.goods
        for part in line.parts
    ]
    return {
        "depot_id": "PDD001" if is_theirs else "",
        "depot_code": "",
        "depot_name": "拼多多仓" if is_theirs else "",
        "depot_type": PLATFORM_DEPOT if is_theirs else 0,
        "ware_id": "",
        "ware_sn": order.goods[0].merchant_code if parts else "",
        "ware_name": "",
        "ware_type": int(bool(parts)),
        "ware_sub_info_list": parts,
    }


def _region_id(name: str) -> int:
    return int(hashlib.sha256(name.encode()).hexdigest(), 16) % 9000 if name else 0
