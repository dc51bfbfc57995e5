"""An after-sale as the gateway shows it: one refund belongs to one line (oid) of a trade."""

from typing import Any

from sandbox.gateway.text import beijing, yuan
from sandbox.world.model import AfterSale, AfterSaleKind, AfterSaleState, Order, OrderState

AGREED = {
    AfterSaleKind.REFUND_ONLY: "WAIT_SELLER_AGREE",
    AfterSaleKind.MONEY_ONLY: "WAIT_SELLER_AGREE",
    AfterSaleKind.RETURN_REFUND: "WAIT_BUYER_RETURN_GOODS",
    AfterSaleKind.EXCHANGE: "WAIT_BUYER_RETURN_GOODS",
    AfterSaleKind.RESHIP: "WAIT_SELLER_CONSIGN_GOODS",
}
STATUS = {
    AfterSaleState.APPLIED: "WAIT_SELLER_AGREE",
    AfterSaleState.GOODS_RETURNED: "WAIT_SELLER_CONFIRM_GOODS",
    AfterSaleState.REFUNDED: "SUCCESS",
    AfterSaleState.RESENT: "SUCCESS",
    AfterSaleState.REJECTED: "SELLER_REFUSE_BUYER",
    AfterSaleState.WITHDRAWN: "CLOSED",
}
DISPUTE_TYPES = {
    AfterSaleKind.REFUND_ONLY: "REFUND",
    AfterSaleKind.MONEY_ONLY: "REFUND",
    AfterSaleKind.RETURN_REFUND: "REFUND_AND_RETURN",
    AfterSaleKind.EXCHANGE: "TMALL_EXCHANGE",
    AfterSaleKind.RESHIP: "RESHIPPING",
}
REFUND_LIST_FIELDS = frozenset(
    {
        *("refund_id", "tid", "oid", "status", "order_status", "good_status", "has_good_return"),
        *("refund_fee", "payment", "total_fee", "num", "num_iid", "outer_id", "sku", "title", "reason"),
        *("created", "modified", "seller_nick", "buyer_open_uid", "refund_phase", "dispute_type"),
        *("company_name", "sid"),
    }
)


def refund_status(after_sale: AfterSale) -> str:
    """Return the platform's word for the state."""
    if after_sale.state is AfterSaleState.AGREED:
        return AGREED[after_sale.kind]
    return STATUS[after_sale.state]


def refund_row(order: Order, after_sale: AfterSale) -> dict[str, Any]:
    """Return the whole refund; amounts in yuan text, times in Beijing."""
    claim = after_sale.claims[0]
    line = next(line for line in order.lines if line.line_id == claim.line_id)
    returns = after_sale.kind in {AfterSaleKind.RETURN_REFUND, AfterSaleKind.EXCHANGE}
    row: dict[str, Any] = {
        "refund_id": after_sale.after_sale_id,
        "tid": int(order.order_id),
        "oid": int(line.line_id),
        "num_iid": line.platform_item_id,
        "outer_id": line.merchant_code,
        "sku": f"{line.platform_sku_id}|{line.properties}" if line.platform_sku_id else "",
        "title": line.title,
        "num": claim.quantity,
        "seller_nick": order.shop_name,
        "buyer_open_uid": order.buyer.open_uid,
        "status": refund_status(after_sale),
        "good_status": _good_status(order, after_sale),
        "has_good_return": returns,
        "refund_phase": "aftersale" if order.state is OrderState.DONE else "onsale",
        "dispute_type": DISPUTE_TYPES[after_sale.kind],
        "reason": after_sale.reason,
        "refund_fee": yuan(claim.refund_fen),
        "payment": yuan(line.divided_fen),
        "total_fee": yuan(line.total_fen),
        "price": yuan(line.price_fen),
        "created": beijing(after_sale.applied_at),
        "modified": beijing(after_sale.modified),
    }
    if after_sale.return_number:
        row |= {"company_name": "圆通速递", "sid": after_sale.return_number}
    return row


def _good_status(order: Order, after_sale: AfterSale) -> str:
    if after_sale.return_number:
        return "BUYER_RETURNED_GOODS"
    received = order.state is OrderState.DONE or after_sale.kind in {
        AfterSaleKind.RETURN_REFUND,
        AfterSaleKind.EXCHANGE,
    }
    return "BUYER_RECEIVED" if after_sale.was_shipped and received else "BUYER_NOT_RECEIVED"
