"""What WeChat Shop shows otherwise than the world tells it."""

from sandbox.world.model import AfterSale, Line, Order
from tests.platforms.against_truth import Fields, View


def _line(order: Order, line: Line, fields: Fields) -> Fields:
    """A line counts its pieces in open after-sales; what came of the others, only the after-sales tell."""
    claims = [one.claim_on(line.line_id) for one in order.after_sales if one.is_open]
    is_pending = any(claim.quantity for claim in claims if claim)
    return {**fields, "refund_state": "pending" if is_pending else "none"}


def _refund(_order: Order, _after_sale: AfterSale, fields: Fields) -> Fields:
    """An after-sale names the SKU, not the line."""
    return {**fields, "line": None}


VIEW = View(line=_line, refund=_refund)
