"""An order as the gateway shows it: everything is text, nothing is null where a year 0001 can stand."""

import base64
import hashlib
import json
from datetime import datetime
from typing import Any

from sandbox.gateway.text import beijing, yuan
from sandbox.world.model import Line, Order, OrderState, PaymentKind

UNKNOWN_STATE = "WAIT_SELLER_PACK"
NEVER = "0001-01-01 00:00:00"
#: Orders that did not reach production (paid, or cash on delivery accepted) are in no list of this gateway.
NOT_IN_PRODUCTION = frozenset({OrderState.UNPAID, OrderState.DEPOSIT_PAID, OrderState.CLOSED_UNPAID})
TO_SHIP, PAUSED, LOCKED = "WAIT_SELLER_STOCK_OUT", "POP_ORDER_PAUSE", "LOCKED"
SHIPPED, DONE, CANCELED = "WAIT_GOODS_RECEIVE_CONFIRM", "FINISHED_L", "TRADE_CANCELED"
#: No state of its own for an order that left in part: its first parcel makes it shipped.
STATES = {
    OrderState.TO_SHIP: TO_SHIP,
    OrderState.PAID_HOLD: PAUSED,
    OrderState.PART_SHIPPED: SHIPPED,
    OrderState.SHIPPED: SHIPPED,
    OrderState.DONE: DONE,
    OrderState.CLOSED_REFUNDED: CANCELED,
}
REMARKS = {
    TO_SHIP: "等待出库",
    PAUSED: "暂停",
    LOCKED: "锁定",
    SHIPPED: "等待确认收货",
    DONE: "完成",
    CANCELED: "取消",
}
CARRIERS = {"SF": "467", "ZTO": "1499", "YTO": "463", "STO": "470", "YUNDA": "1327", "EMS": "465"}
CARRIERS |= {"JD": "2087", "DBKD": "3046"}
JD_DELIVERY = 68
OTHER_DELIVERY = 67
AUTONOMOUS = {"内蒙古自治区", "广西壮族自治区", "西藏自治区", "宁夏回族自治区", "新疆维吾尔自治区"}


def is_listed(order: Order) -> bool:
    """Return whether the platform shows this order at all."""
    return order.state not in NOT_IN_PRODUCTION


def order_state(order: Order) -> str:
    """Return the platform's word for the state; a hold that is not its own state pauses the order."""
    if order.has_unknown_status:
        return UNKNOWN_STATE
    return known_state(order)


def known_state(order: Order) -> str:
    """Return the state under which the order is listed: a new word is listed where its order was before."""
    if order.hold.value == "locked" and order.state is OrderState.PAID_HOLD:
        return LOCKED
    waits = order.is_ship_hold or order.address_request is not None
    return PAUSED if waits and order.state is OrderState.TO_SHIP else STATES[order.state]


def sku_of(line: Line) -> str:
    """Return the platform's SKU; goods without variants have one too."""
    return line.platform_sku_id or f"10{line.platform_item_id}"


def oaid(order: Order) -> str:
    """Return the receiver token: it differs per order and changes with the address."""
    return "jd" + _digest(order, "oaid")[:40]


def order_row(order: Order) -> dict[str, Any]:
    """Return the whole order."""
    return {
        "orderId": order.order_id,
        "venderId": vender_id(order.shop_id),
        "orderType": "22",
        "parentOrderId": "0",
        "directParentOrderId": "0",
        "orderState": order_state(order),
        "orderStateRemark": REMARKS.get(order_state(order), "打包中"),
        "payType": "1-货到付款" if order.payment_kind is PaymentKind.COD else "4-在线支付",
        **_amounts(order),
        **_times(order),
        **_services(order),
        "pin": f"jd_{order.buyer.open_uid[:12]}",
        "open_id_buyer": order.buyer.open_uid,
        "orderRemark": order.buyer_message,
        "venderRemark": order.seller_memo,
        "flag": str(order.seller_flag) if order.seller_flag else "",
        "returnOrder": "0",
        "consigneeInfo": _consignee(order),
        "itemInfoList": [_item(line) for line in order.lines],
        "couponDetailList": _coupons(order),
    }


def vender_id(shop_id: str) -> str:
    """Return the platform's number of a shop."""
    return str(10_000_000 + int(hashlib.sha256(shop_id.encode()).hexdigest()[:6], 16) % 1_000_000)


def _amounts(order: Order) -> dict[str, str]:
    total = sum(line.price_fen * line.quantity for line in order.lines)
    shop = sum(fen for _, _, fen, is_of_shop in _discounts(order) if is_of_shop)
    return {
        "orderTotalPrice": yuan(total),
        "sellerDiscount": yuan(shop),
        "orderSellerPrice": yuan(total - shop),
        "freightPrice": yuan(order.post_fen),
        "balanceUsed": "0.00",
        "orderPayment": yuan(order.payment_fen),
        "taxFee": "0.00",
        "serviceFee": "0.00",
    }


def _discounts(order: Order) -> list[tuple[str, str, int, bool]]:
    """Return (sku or empty, type, fen, whether the shop bears it)."""
    beans = min(order.coupon_fen, order.shared_discount_fen)
    found = [
        (sku_of(line), "30-单品促销优惠", line.discount_fen - line.adjust_fen, True) for line in order.lines
    ]
    found.append(("", "100-店铺优惠", order.shared_discount_fen - beans, True))
    found.append(("", "39-京豆优惠", beans, False))
    return [entry for entry in found if entry[2]]


def _coupons(order: Order) -> list[dict[str, str]]:
    return [
        {"orderId": order.order_id, "skuId": sku, "couponType": kind, "couponPrice": yuan(fen)}
        for sku, kind, fen, _ in _discounts(order)
    ]


def _times(order: Order) -> dict[str, str]:
    return {
        "orderStartTime": beijing(order.created),
        "paymentConfirmTime": _time(order.paid_at),
        "orderEndTime": _time(order.ended_at),
        "outBoundDate": _time(order.shipped_at),
        "modified": beijing(order.modified),
    }


def _time(at: datetime | None) -> str:
    return beijing(at) if at else NEVER


def _services(order: Order) -> dict[str, Any]:
    by_carrier: dict[str, list[str]] = {}
    for parcel in order.parcels:
        by_carrier.setdefault(CARRIERS[parcel.carrier], []).append(parcel.number)
    is_jds = any(line.is_fulfilled_by_platform for line in order.goods)
    is_paused = order_state(order) == PAUSED
    invoice = order.invoice
    return {
        "deliveryType": "任意时间",
        "idSopShipmenttype": JD_DELIVERY if order.required_carrier == "JD" else OTHER_DELIVERY,
        "orderSource": "移动端订单",
        "storeOrder": "京仓订单" if is_jds else "",
        "storeId": "0",
        "waybill": "|".join(",".join(numbers) for numbers in by_carrier.values()),
        "logisticsId": "|".join(by_carrier),
        "pauseBizInfo": {"pauseReason": "客户修改地址" if order.address_request else "平台审核"}
        if is_paused
        else None,
        "invoiceInfo": f"发票抬头:{invoice.title}" if invoice else "不需要开具发票",
        "invoiceCode": invoice.tax_number if invoice else "",
        "invoiceEasyInfo": _invoice(order),
        "vatInfo": [],
    }


def _invoice(order: Order) -> dict[str, str]:
    title = "AAS" + _digest(order, "title")[:24] + "=" if order.invoice else ""
    return {
        "invoiceState": "0" if order.invoice else "3",
        "invoiceType": "3" if order.invoice else "0",
        "invoiceContentId": "1",
        "invoiceTitle": title,
    }


def _consignee(order: Order) -> dict[str, str]:
    receiver = order.receiver
    mobile = f"{receiver.mobile[:3]}*******{receiver.mobile[-1:]}"
    token = _digest(order, receiver.mobile)[:48]
    return {
        "fullname": "AAS" + _digest(order, receiver.name)[:24] + "=",
        "fullAddress": "AAS" + _digest(order, receiver.address) + "==",
        "mobile": mobile,
        "telephone": mobile,
        "desen_mobile": token,
        "desen_telephone": token,
        "oaid": oaid(order),
        "province": _short(receiver.state),
        "city": receiver.city,
        "county": receiver.district,
        "town": receiver.town,
    }


def _short(state: str) -> str:
    if state in AUTONOMOUS:
        return state[: 3 if state.startswith("内") else 2]
    return state.removesuffix("省").removesuffix("市").removesuffix("特别行政区")


def _digest(order: Order, what: str) -> str:
    receiver = order.receiver
    text = f"{order.order_id}|{what}|{receiver.name}|{receiver.mobile}|{receiver.address}"
    return base64.b64encode(hashlib.sha384(text.encode()).digest(), b"xK").decode()


def _item(line: Line) -> dict[str, str]:
    return {
        "skuId": sku_of(line),
        "wareId": str(line.platform_item_id),
        "outerSkuId": line.merchant_code,
        "productNo": line.item_code,
        "skuName": f"{line.title} {line.properties}".strip(),
        "jdPrice": yuan(line.price_fen),
        "itemTotal": str(line.quantity),
        "giftPoint": "0",
        "newStoreId": "6" if line.is_fulfilled_by_platform else "0",
        "itemExt": json.dumps({"skuUuid": line.line_id, "cid": "13288"}),
    }
