"""What Taobao shows otherwise than the world has it."""

from sandbox.world.model import AfterSale, AfterSaleKind, AfterSaleState, Line, Order
from tests.platforms.against_truth import Fields, View


def _line(order: Order, line: Line, fields: Fields) -> Fields:
    after_sale = order.after_sale_of(line)
    if after_sale and after_sale.state in {AfterSaleState.RESENT, AfterSaleState.REFUNDED}:
        fields["refund_state"] = "pending"  # SUCCESS does not say of how much; its refund does.
    return fields


def _refund(_: Order, after_sale: AfterSale, fields: Fields) -> Fields:
    if after_sale.kind is AfterSaleKind.MONEY_ONLY:
        fields["kind"] = "refund"  # dispute_type does not tell money alone from a cancelled line.
    return fields


VIEW = View(line=_line, refund=_refund)
