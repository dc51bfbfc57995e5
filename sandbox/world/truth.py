"""The truth as JSON: what a hub's results are compared with."""

from typing import Any

from sandbox.world.model import Line, Order


def truth_of(order: Order) -> dict[str, Any]:
    """Return one order with its true state; times ISO 8601 UTC, amounts fen."""
    receiver = order.receiver
    return {
        "tid": str(order.tid),
        "shop_id": order.shop_id,
        "status": order.status,
        "type": order.kind,
        "step_trade_status": order.step_status,
        "is_shippable": order.is_shippable,
        "buyer_open_uid": order.buyer.open_uid,
        "created_at": order.created.isoformat(),
        "paid_at": order.paid_at.isoformat() if order.paid_at else None,
        "modified_at": order.modified.isoformat(),
        "goods_fen": sum(line.price_fen * line.quantity for line in order.lines),
        "discount_fen": order.shared_discount_fen,
        "post_fen": order.post_fen,
        "payment_fen": order.payment_fen,
        "receiver": {"state": receiver.state, "city": receiver.city, "district": receiver.district},
        "buyer_message": order.buyer_message,
        "seller_memo": order.seller_memo,
        "lines": [_truth_of_line(line) for line in order.lines],
        "intents": [{"label": intent.label, "detail": intent.detail} for intent in order.intents],
        "events": [{"at": e.at.isoformat(), "kind": e.kind, "detail": e.detail} for e in order.events],
    }


def _truth_of_line(line: Line) -> dict[str, Any]:
    return {
        "oid": str(line.oid),
        "merchant_code": line.outer_sku_id or line.outer_iid,
        "sku_id": line.sku_id or None,
        "quantity": line.quantity,
        "price_fen": line.price_fen,
        "paid_fen": line.divided_fen,
        "status": line.status,
        "refund_status": line.refund_status,
        "is_gift": line.is_gift,
    }
