"""What Pinduoduo shows otherwise than the world has it: deals only, one goods per order, no ids of lines."""

from sandbox.pinduoduo.order import is_confirmed
from sandbox.pinduoduo.refund import goods_ids
from sandbox.world.model import AfterSale, AfterSaleKind, AfterSaleState, Line, Order, OrderState
from tests.platforms.against_truth import Fields, View

MONEY_BACK = {AfterSaleState.REFUNDED, AfterSaleState.RESENT, AfterSaleState.WITHDRAWN}


def _order(order: Order, fields: Fields) -> Fields | None:
    if not is_confirmed(order):
        return None
    by_hand = sum(line.adjust_fen for line in order.lines)
    fields["total_fen"] += by_hand  # goods_amount is less what the seller took off by hand.
    fields["discount_fen"] += sum(line.discount_fen for line in order.lines)  # One sum of all discounts.
    if order.state is OrderState.PART_SHIPPED:
        fields["status"] = "shipped"  # The first parcel makes an order shipped.
    return fields


def _line(order: Order, line: Line, fields: Fields) -> Fields:
    fields |= {
        "line_id": str(goods_ids(line)["sku_id"]),
        "paid_fen": None,
        "refund_state": _refund_state(order),
    }
    return fields


def _refund_state(order: Order) -> str:
    """A refund is the order's; a part of it that was refunded leaves no trace in the order."""
    if order.state is OrderState.CLOSED_REFUNDED:
        return "refunded"
    unsettled = [one for one in order.after_sales if one.is_open]
    last = max(reversed(order.after_sales), key=lambda one: one.modified, default=None)
    is_refused = last is not None and last.state not in MONEY_BACK
    return "pending" if unsettled or is_refused else "none"


def _refund(order: Order, after_sale: AfterSale, fields: Fields) -> Fields:
    """An after-sale names the goods, also when a gift went back with them."""
    claimed = [line for line in order.lines if after_sale.claim_on(line.line_id)]
    goods = next((line for line in claimed if not line.is_gift), claimed[0])
    claim = after_sale.claim_on(goods.line_id)
    fields |= {"line": str(goods_ids(goods)["sku_id"]), "quantity": claim.quantity if claim else 0}
    if after_sale.kind is AfterSaleKind.MONEY_ONLY:
        fields["kind"] = "refund"  # Type 2 does not tell money alone from a cancelled purchase.
    return fields


VIEW = View(order=_order, line=_line, refund=_refund)
