"""The truth as JSON, in no platform's words: what a hub's results are compared with."""

from datetime import datetime
from typing import Any

from sandbox.world.model import AfterSale, Line, Order


def truth_of(order: Order) -> dict[str, Any]:
    """Return one order with its true state; times ISO 8601 UTC, amounts fen."""
    return {
        "order_id": order.order_id,
        "platform": order.platform,
        "shop_id": order.shop_id,
        "buyer_open_uid": order.buyer.open_uid,
        **_state(order),
        **_times(order),
        **_amounts(order),
        "receiver": _receiver(order),
        "buyer_message": order.buyer_message,
        "seller_memo": order.seller_memo,
        "service_tags": list(order.service_tags),
        "required_carrier": order.required_carrier,
        "invoice": {"title": order.invoice.title, "tax_number": order.invoice.tax_number}
        if order.invoice
        else None,
        "lines": [_truth_of_line(order, line) for line in order.lines],
        "parcels": [
            {"at": _text(p.at), "carrier": p.carrier, "number": p.number, "pieces": dict(p.pieces)}
            for p in order.parcels
        ],
        "intents": [{"label": intent.label, "detail": intent.detail} for intent in order.intents],
        "events": [{"at": _text(e.at), "kind": e.kind, "detail": e.detail} for e in order.events],
    }


def truth_of_after_sale(after_sale: AfterSale) -> dict[str, Any]:
    """Return one after-sale with its true state; times ISO 8601 UTC, amounts fen."""
    return {
        "after_sale_id": after_sale.after_sale_id,
        "order_id": after_sale.order_id,
        "shop_id": after_sale.shop_id,
        "kind": after_sale.kind.value,
        "state": after_sale.state.value,
        "reason": after_sale.reason,
        "was_shipped": after_sale.was_shipped,
        "reopened": after_sale.reopened,
        "applied_at": _text(after_sale.applied_at),
        "modified_at": _text(after_sale.modified),
        "ended_at": _text(after_sale.ended_at),
        "refund_fen": after_sale.refund_fen,
        "claims": [
            {"line_id": claim.line_id, "quantity": claim.quantity, "refund_fen": claim.refund_fen}
            for claim in after_sale.claims
        ],
    }


def _state(order: Order) -> dict[str, Any]:
    group = order.group
    return {
        "state": order.state.value,
        "payment_kind": order.payment_kind.value,
        "hold": order.hold.value,
        "is_ship_hold": order.is_ship_hold,
        "has_unknown_status": order.has_unknown_status,
        "has_address_request": order.address_request is not None,
        "is_shippable": order.is_shippable,
        "group": {"size": group.size, "joined": group.joined, "has_failed": group.has_failed}
        if group
        else None,
    }


def _times(order: Order) -> dict[str, str | None]:
    return {
        "created_at": _text(order.created),
        "paid_at": _text(order.paid_at),
        "shipped_at": _text(order.shipped_at),
        "ended_at": _text(order.ended_at),
        "modified_at": _text(order.modified),
    }


def _amounts(order: Order) -> dict[str, int]:
    return {
        "goods_fen": sum(line.price_fen * line.quantity for line in order.lines),
        "discount_fen": order.shared_discount_fen,
        "post_fen": order.post_fen,
        "payment_fen": order.payment_fen,
        "deposit_fen": order.deposit_fen,
    }


def _receiver(order: Order) -> dict[str, str]:
    receiver = order.receiver
    return {"state": receiver.state, "city": receiver.city, "district": receiver.district}


def _truth_of_line(order: Order, line: Line) -> dict[str, Any]:
    after_sale = order.after_sale_of(line)
    return {
        "line_id": line.line_id,
        "merchant_code": line.merchant_code,
        "sku_id": line.sku_id or None,
        "quantity": line.quantity,
        "price_fen": line.price_fen,
        "paid_fen": line.divided_fen,
        "is_gift": line.is_gift,
        "is_fulfilled_by_platform": line.is_fulfilled_by_platform,
        "parts": [{"code": p.code, "sku_id": p.sku_id, "quantity": p.quantity} for p in line.parts],
        "owed": order.owed(line),
        "shipped": order.shipped_pieces(line),
        "refunded": order.refunded_pieces(line),
        "after_sale_state": after_sale.state.value if after_sale else None,
    }


def _text(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
