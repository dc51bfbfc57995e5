"""An after-sale as the backend shows it: one claim on one or several lines of an order."""

from typing import Any

from sandbox.world.model import AfterSale, AfterSaleKind, Order

TYPES = {
    AfterSaleKind.REFUND_ONLY: "refund_only",
    AfterSaleKind.RETURN_REFUND: "return_refund",
    AfterSaleKind.EXCHANGE: "exchange",
    AfterSaleKind.RESHIP: "reship",
    AfterSaleKind.MONEY_ONLY: "compensation",
}


def refund_status(after_sale: AfterSale) -> str:
    """Return the backend's word for the state; it uses the shop's own words, which are the world's."""
    return after_sale.state.value


def refund_row(order: Order, after_sale: AfterSale) -> dict[str, Any]:
    """Return the whole after-sale; `line_no` is null when it concerns several lines."""
    codes = {line.line_id: line.merchant_code for line in order.lines}
    single = after_sale.claims[0] if len(after_sale.claims) == 1 else None
    return {
        "refund_no": after_sale.after_sale_id,
        "order_no": after_sale.order_id,
        "type": TYPES[after_sale.kind],
        "status": refund_status(after_sale),
        "line_no": single.line_id if single else None,
        "qty": sum(claim.quantity for claim in after_sale.claims),
        "amount": after_sale.refund_fen,
        "reason": after_sale.reason,
        "is_after_shipping": after_sale.was_shipped,
        "times_reopened": after_sale.reopened,
        "lines": [
            {
                "line_no": claim.line_id,
                "sku_code": codes[claim.line_id],
                "qty": claim.quantity,
                "amount": claim.refund_fen,
            }
            for claim in after_sale.claims
        ],
        "return_parcel": {"carrier": "YTO", "tracking_no": after_sale.return_number}
        if after_sale.return_number
        else None,
        "created_at": int(after_sale.applied_at.timestamp()),
        "updated_at": int(after_sale.modified.timestamp()),
        "closed_at": int(after_sale.ended_at.timestamp()) if after_sale.ended_at else None,
    }
