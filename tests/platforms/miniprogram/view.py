"""What the own shop's backend says otherwise: a rejection ends an after-sale; a part that was refunded is named."""

from sandbox.world.model import AfterSale, AfterSaleState, Line, Order
from tests.platforms.against_truth import Fields, View


def _line(order: Order, line: Line, fields: Fields) -> Fields:
    after_sale = order.after_sale_of(line)
    if after_sale is None:
        return fields
    if after_sale.state is AfterSaleState.REJECTED:
        return {**fields, "refund_state": "none"}
    if after_sale.state is AfterSaleState.REFUNDED and order.refunded_pieces(line) < line.quantity:
        return {**fields, "refund_state": "pending" if order.refunded_pieces(line) else "none"}
    return fields


def _refund(_: Order, after_sale: AfterSale, fields: Fields) -> Fields:
    is_rejected = after_sale.state is AfterSaleState.REJECTED
    return {**fields, "state": "withdrawn"} if is_rejected else fields


VIEW = View(line=_line, refund=_refund)
