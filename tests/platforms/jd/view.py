"""What JD says otherwise: nothing of unpaid orders, no parts of an order, after-sales in two lists without lines."""

from sandbox.jd.after_sale import applied_at, checked_at, is_application
from sandbox.jd.order import PAUSED, is_listed, order_state
from sandbox.world.model import AfterSale, AfterSaleKind, AfterSaleState, Line, Order, OrderState
from tests.platforms.against_truth import Fields, View


def _order(order: Order, fields: Fields) -> Fields | None:
    if not is_listed(order):
        return None
    if order.state is OrderState.PART_SHIPPED:
        fields = {**fields, "status": "shipped"}
    if order_state(order) == PAUSED:
        fields = {**fields, "status": "paid_hold"}
    beans = min(order.coupon_fen, order.shared_discount_fen)
    per_line = sum(line.discount_fen - line.adjust_fen for line in order.lines)
    return {**fields, "discount_fen": per_line + order.shared_discount_fen - beans}


def _line(_: Order, __: Line, fields: Fields) -> Fields:
    said = {name: value for name, value in fields.items() if name != "paid_fen"}
    return {**said, "refund_state": "none"}


def _refund(_: Order, after_sale: AfterSale, fields: Fields) -> Fields:
    fields = {**fields, "line": None}
    if after_sale.state is AfterSaleState.REJECTED:
        fields["state"] = "withdrawn"
    if after_sale.kind is AfterSaleKind.REFUND_ONLY:
        fields["kind"] = "money"
    if is_application(after_sale):
        applied = applied_at(after_sale)
        fields |= {"kind": "other", "quantity": None, "created_at": applied}
        fields["modified_at"] = checked_at(after_sale) or applied
    return fields


VIEW = View(order=_order, line=_line, refund=_refund)
