"""An after-sale as the gateway shows it: one goods of one order, a number as state, yuan as doubles."""

from typing import Any

from sandbox.gateway.text import beijing
from sandbox.world.model import AfterSale, AfterSaleKind, AfterSaleState, Line, Order

NONE, IN_PROGRESS, REFUNDING, REFUNDED = 1, 2, 3, 4
TYPES = {
    AfterSaleKind.REFUND_ONLY: 2,
    AfterSaleKind.MONEY_ONLY: 2,
    AfterSaleKind.RETURN_REFUND: 3,
    AfterSaleKind.EXCHANGE: 4,
    AfterSaleKind.RESHIP: 5,
}
APPLIED = {
    AfterSaleKind.REFUND_ONLY: 2,
    AfterSaleKind.MONEY_ONLY: 2,
    AfterSaleKind.RETURN_REFUND: 3,
    AfterSaleKind.EXCHANGE: 14,
    AfterSaleKind.RESHIP: 14,
}
AGREED = {
    AfterSaleKind.REFUND_ONLY: 4,
    AfterSaleKind.MONEY_ONLY: 4,
    AfterSaleKind.RETURN_REFUND: 7,
    AfterSaleKind.EXCHANGE: 15,
    AfterSaleKind.RESHIP: 32,
}
RETURNED = {AfterSaleKind.RETURN_REFUND: 7, AfterSaleKind.EXCHANGE: 14}
ENDED = {
    AfterSaleState.REFUNDED: 10,
    AfterSaleState.RESENT: 16,
    AfterSaleState.REJECTED: 6,
    AfterSaleState.WITHDRAWN: 11,
}


def money(fen: int) -> float:
    """Return fen as the double in yuan that the platform sends."""
    return fen / 100


def goods_ids(line: Line) -> dict[str, Any]:
    """Return the platform's and the merchant's ids of the goods of a line; every goods has a SKU here."""
    return {
        "goods_id": line.platform_item_id,
        "sku_id": int(line.platform_sku_id or f"47{line.platform_item_id}"),
        "outer_goods_id": line.item_code,
        "outer_id": line.merchant_code,
        "goods_name": line.title,
    }


def after_sales_status(after_sale: AfterSale) -> int:
    """Return the platform's number of the state."""
    match after_sale.state:
        case AfterSaleState.APPLIED:
            return APPLIED[after_sale.kind]
        case AfterSaleState.AGREED:
            return AGREED[after_sale.kind]
        case AfterSaleState.GOODS_RETURNED:
            return RETURNED[after_sale.kind]
        case ended:
            return ENDED[ended]


def refund_status(after_sale: AfterSale | None, *, is_closed: bool) -> int:
    """Return what an order says of its after-sale; 4 only once the whole order was refunded."""
    if is_closed:
        return REFUNDED
    if after_sale is None or after_sale.state in {
        AfterSaleState.REFUNDED,
        AfterSaleState.RESENT,
        AfterSaleState.WITHDRAWN,
    }:
        return NONE
    gives_money = after_sale.kind in {AfterSaleKind.REFUND_ONLY, AfterSaleKind.MONEY_ONLY}
    return REFUNDING if gives_money and after_sale.state is AfterSaleState.AGREED else IN_PROGRESS


def refund_row(order: Order, after_sale: AfterSale) -> dict[str, Any]:
    """Return one after-sale as the list tells it."""
    line = _subject(order, after_sale)
    claim = after_sale.claim_on(line.line_id)
    return {
        "id": int(after_sale.after_sale_id),
        "order_sn": order.order_id,
        "after_sales_type": TYPES[after_sale.kind],
        "after_sales_status": after_sales_status(after_sale),
        "after_sale_reason": after_sale.reason,
        **goods_ids(line),
        "goods_number": str(claim.quantity if claim else 0),
        "goods_price": money(line.price_fen),
        "order_amount": money(order.payment_fen),
        "discount_amount": money(line.discount_fen + line.shared_discount_fen),
        "refund_amount": money(after_sale.refund_fen),
        "created_time": beijing(after_sale.applied_at),
        "updated_time": beijing(after_sale.modified),
        "confirm_time": beijing(after_sale.ended_at) if after_sale.ended_at else None,
        "tracking_number": after_sale.return_number,
        "shipping_name": "圆通快递" if after_sale.return_number else "",
        "speed_refund_flag": 0,
        "speed_refund_status": "0",
        "user_shipping_status": "1" if after_sale.return_number else "0",
        "dispute_refund_status": 0,
    }


def _subject(order: Order, after_sale: AfterSale) -> Line:
    claimed = [line for line in order.lines if after_sale.claim_on(line.line_id)]
    return next((line for line in claimed if not line.is_gift), claimed[0])
