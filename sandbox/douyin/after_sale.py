"""An after-sale as the list shows it: the case, the product order it is about, and its texts."""

from datetime import timedelta
from typing import Any

from sandbox.douyin.line import product_number
from sandbox.douyin.state import AFTER_SALE_TEXTS, after_sale_status, line_status
from sandbox.world.model import AfterSale, AfterSaleKind, AfterSaleState, Line, Order, PaymentKind

RETURN, AFTER_SHIPPING, BEFORE_SHIPPING, EXCHANGE, PRICE, RESHIP = 0, 1, 2, 3, 6, 7
TYPES = {
    AfterSaleKind.RETURN_REFUND: RETURN,
    AfterSaleKind.EXCHANGE: EXCHANGE,
    AfterSaleKind.MONEY_ONLY: PRICE,
    AfterSaleKind.RESHIP: RESHIP,
}
TYPE_TEXTS = {
    RETURN: "退货退款",
    AFTER_SHIPPING: "已发货仅退款",
    BEFORE_SHIPPING: "未发货仅退款",
    EXCHANGE: "换货",
    PRICE: "价保",
    RESHIP: "补寄",
}
NO_REFUND, TO_REFUND, REFUNDED = 0, 1, 3
OFFLINE = 1
DECIDE_WITHIN = timedelta(hours=48)


def after_sale_type(after_sale: AfterSale) -> int:
    """Return the platform's number for what the buyer asks for."""
    if after_sale.kind is AfterSaleKind.REFUND_ONLY:
        return AFTER_SHIPPING if after_sale.was_shipped else BEFORE_SHIPPING
    return TYPES[after_sale.kind]


def after_sale_row(order: Order, after_sale: AfterSale) -> dict[str, Any]:
    """Return one item of the list; amounts in fen, times in epoch seconds."""
    claim = after_sale.claims[0]
    line = next(line for line in order.lines if line.line_id == claim.line_id)
    return {
        "aftersale_info": _case(order, after_sale, line),
        "order_info": {
            "shop_order_id": order.order_id,
            "order_flag": order.seller_flag,
            "related_order_info": [_related(order, after_sale, line)],
        },
        "text_part": {
            "aftersale_status_text": AFTER_SALE_TEXTS[after_sale_status(after_sale)],
            "aftersale_type_text": TYPE_TEXTS[after_sale_type(after_sale)],
            "reason_text": after_sale.reason,
            "logistics_text": "",
            "return_logistics_text": "",
            "aftersale_refund_type_text": "",
            "bad_item_text": "",
            "arbitrate_status_text": "",
        },
        "seller_logs": [],
    }


def _case(order: Order, after_sale: AfterSale, line: Line) -> dict[str, Any]:
    claim = after_sale.claims[0]
    deadline = after_sale.modified + DECIDE_WITHIN if after_sale.is_open else None
    return {
        "aftersale_id": after_sale.after_sale_id,
        "aftersale_order_type": 1,
        "aftersale_type": after_sale_type(after_sale),
        "aftersale_sub_type": 0,
        "aftersale_status": after_sale_status(after_sale),
        "related_id": line.line_id,
        "create_time": int(after_sale.applied_at.timestamp()),
        "apply_time": int(after_sale.applied_at.timestamp()),
        "update_time": int(after_sale.modified.timestamp()),
        "status_deadline": int(deadline.timestamp()) if deadline else 0,
        "refund_amount": after_sale.refund_fen,
        "refund_post_amount": max(0, after_sale.refund_fen - line.divided_fen),
        "refund_tax_amount": 0,
        "aftersale_num": claim.quantity,
        "part_type": 0,
        "aftersale_refund_type": OFFLINE if order.payment_kind is PaymentKind.COD else 0,
        "refund_type": 0,
        "refund_status": _refund_status(after_sale),
        "arbitrate_status": 0,
        "got_pkg": int(after_sale.was_shipped),
        "return_logistics_code": after_sale.return_number,
        "return_logistics_company_name": "圆通速递" if after_sale.return_number else "",
        "exchange_logistics_company_name": "",
        "remark": "",
        "order_logistics": [
            {"tracking_no": parcel.number, "logistics_time": int(parcel.at.timestamp())}
            for parcel in order.parcels
        ],
        "aftersale_tags": [],
        "reason_second_labels": [],
        "store_id": 0,
        "store_name": "",
    }


def _refund_status(after_sale: AfterSale) -> int:
    if not after_sale.refund_fen:
        return NO_REFUND
    return REFUNDED if after_sale.state is AfterSaleState.REFUNDED else TO_REFUND


def _related(order: Order, after_sale: AfterSale, line: Line) -> dict[str, Any]:
    claim = after_sale.claims[0]
    named = [pair.partition(":") for pair in line.properties.split(";") if pair]
    return {
        "sku_order_id": line.line_id,
        "order_status": line_status(order, line)[0],
        "pay_amount": line.divided_fen,
        "post_amount": 0,
        "tax_amount": 0,
        "item_num": line.quantity,
        "create_time": int(order.created.timestamp()),
        "is_oversea_order": 0,
        "product_id": product_number(line),
        "product_name": line.title,
        "product_image": "",
        "sku_spec": [{"name": name, "value": value} for name, _, value in named],
        "shop_sku_code": line.merchant_code,
        "price": line.price_fen,
        "aftersale_item_num": claim.quantity,
        "aftersale_pay_amount": after_sale.refund_fen,
        "aftersale_post_amount": 0,
        "aftersale_tax_amount": 0,
        "promotion_pay_amount": 0,
        "logistics_code": order.parcels[-1].number if order.parcels else "",
        "tags": [],
        "given_sku_order_ids": [one.line_id for one in order.lines if one.is_gift and one is not line],
    }
