"""An after-sale as the gateway shows it: it speaks of one product of one order."""

from typing import Any

from sandbox.wechat.order import seconds
from sandbox.wechat.product import sku_id
from sandbox.world.model import AfterSale, AfterSaleKind, AfterSaleState, Order

TYPES = {
    AfterSaleKind.REFUND_ONLY: "REFUND",
    AfterSaleKind.MONEY_ONLY: "REFUND",
    AfterSaleKind.RETURN_REFUND: "RETURN",
    AfterSaleKind.EXCHANGE: "EXCHANGE",
    AfterSaleKind.RESHIP: "RESHIP",
}
AGREED = {
    "REFUND": "PLATFORM_REFUNDING",
    "RETURN": "USER_WAIT_RETURN",
    "EXCHANGE": "USER_WAIT_RETURN",
    "RESHIP": "USER_WAIT_RECEIPT",
}
REFUNDED = {"REFUND": "MERCHANT_REFUND_SUCCESS", "RETURN": "MERCHANT_RETURN_SUCCESS"}
STATUS = {
    AfterSaleState.APPLIED: "MERCHANT_PROCESSING",
    AfterSaleState.GOODS_RETURNED: "MERCHANT_WAIT_RECEIPT",
    AfterSaleState.RESENT: "MERCHANT_EXCHANGE_SUCCESS",
    AfterSaleState.WITHDRAWN: "USER_CANCELD",
}
RETURNED_BY = {"delivery_id": "YTO", "delivery_name": "圆通速递"}


def after_sale_status(after_sale: AfterSale) -> str:
    """Return the platform's word for the state."""
    kind = TYPES[after_sale.kind]
    match after_sale.state:
        case AfterSaleState.AGREED:
            return AGREED[kind]
        case AfterSaleState.REFUNDED:
            return REFUNDED[kind]
        case AfterSaleState.REJECTED:
            return f"MERCHANT_REJECT_{kind}"
        case state:
            return STATUS[state]


def after_sale_row(order: Order, after_sale: AfterSale) -> dict[str, Any]:
    """Return the whole after-sale, as `getaftersaleorder` shows it."""
    claim = after_sale.claims[0]
    line = next(line for line in order.lines if line.line_id == claim.line_id)
    returned = {"waybill_id": after_sale.return_number, **RETURNED_BY} if after_sale.return_number else {}
    is_money = after_sale.kind is AfterSaleKind.MONEY_ONLY
    return {
        "after_sale_order_id": after_sale.after_sale_id,
        "order_id": order.order_id,
        "status": after_sale_status(after_sale),
        "type": TYPES[after_sale.kind],
        "sub_type": "REFUND_PRICE_DIFF" if is_money else "DEFAULT",
        "openid": order.buyer.open_uid,
        "unionid": "",
        "product_info": {
            "product_id": str(line.platform_item_id),
            "sku_id": sku_id(line),
            "count": claim.quantity,
            "fast_refund": False,
            "gift_product_list": [],
        },
        "refund_info": {"amount": claim.refund_fen},
        "return_info": returned,
        "reason": "OTHERS",
        "reason_text": after_sale.reason,
        "create_time": seconds(after_sale.applied_at),
        "update_time": seconds(after_sale.modified),
        "deadline": 0,
        "complaint_id": "",
    }
