"""What Douyin says in another way than the world: one sum of all discounts, and lines that show goods only."""

from sandbox.douyin.state import LINE_TYPES
from sandbox.world.model import Line, Order
from tests.platforms.against_truth import LINE_REFUNDS, Fields, View


def order_as_shown(order: Order, fields: Fields) -> Fields:
    promotions = sum(line.discount_fen for line in order.lines) + order.shared_discount_fen
    return {**fields, "discount_fen": promotions, "total_fen": order.payment_fen + promotions}


def line_as_shown(order: Order, line: Line, fields: Fields) -> Fields:
    """Price protection and reshipments do not show on a product order; a success does not say of how much."""
    own = [one for one in order.after_sales if one.claim_on(line.line_id) and one.kind in LINE_TYPES]
    last = max(own, key=lambda one: one.modified, default=None)
    state = LINE_REFUNDS.get(last.state if last else None, "pending")
    return {**fields, "refund_state": "pending" if state == "refunded" else state}


VIEW = View(order=order_as_shown, line=line_as_shown)
