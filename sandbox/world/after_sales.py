"""How after-sales come about and move on; the only place that changes their state."""

from collections.abc import Sequence
from datetime import datetime

from sandbox.world.model import (
    AfterSale,
    AfterSaleKind,
    AfterSaleState,
    Claim,
    Line,
    Order,
    OrderState,
)
from sandbox.world.platforms import PLATFORMS

REASONS = {
    AfterSaleKind.REFUND_ONLY: "不想要了",
    AfterSaleKind.RETURN_REFUND: "七天无理由退货",
    AfterSaleKind.EXCHANGE: "尺码不合适",
    AfterSaleKind.RESHIP: "少发漏发",
    AfterSaleKind.MONEY_ONLY: "商品降价,退差价",
}
EVENTS = {
    AfterSaleState.APPLIED: "refund_reopened",
    AfterSaleState.AGREED: "refund_agreed",
    AfterSaleState.GOODS_RETURNED: "goods_returned",
    AfterSaleState.REFUNDED: "refund_succeeded",
    AfterSaleState.RESENT: "goods_resent",
    AfterSaleState.REJECTED: "refund_rejected",
    AfterSaleState.WITHDRAWN: "refund_withdrawn",
}
WITHOUT_MONEY = frozenset({AfterSaleKind.EXCHANGE, AfterSaleKind.RESHIP})


def rest_of(order: Order, line: Line) -> Claim:
    """Return the claim on all pieces and all money of a line that were not refunded yet."""
    pieces = line.quantity - order.refunded_pieces(line)
    return Claim(line.line_id, pieces, line.divided_fen - order.refunded_fen(line))


def apply_for(order: Order, kind: AfterSaleKind, claims: Sequence[Claim], at: datetime) -> AfterSale:
    """Let the buyer ask for `claims`; the order and the after-sale are modified `at`."""
    number = PLATFORMS[order.platform].after_sale_number
    subject = claims[0].line_id
    count = sum(one.claims[0].line_id == subject for one in order.after_sales)
    asked = tuple(Claim(c.line_id, c.quantity, 0 if kind in WITHOUT_MONEY else c.refund_fen) for c in claims)
    after_sale = AfterSale(
        number(subject, count), order.order_id, order.shop_id, kind, asked, at, at, REASONS[kind]
    )
    after_sale.was_shipped = bool(order.parcels)
    order.after_sales.append(after_sale)
    order.record(at, "refund_applied", _codes(order, after_sale))
    return after_sale


def move(order: Order, after_sale: AfterSale, state: AfterSaleState, at: datetime) -> None:
    """Give an after-sale its next state; an order whose goods are all refunded is closed."""
    after_sale.reopened += state is AfterSaleState.APPLIED
    if state is AfterSaleState.GOODS_RETURNED:
        after_sale.return_number = f"YT{int(at.timestamp()):011d}{len(order.after_sales)}"
    after_sale.state, after_sale.modified = state, at
    after_sale.ended_at = None if after_sale.is_open else at
    order.record(at, EVENTS[state], _codes(order, after_sale))
    if state is AfterSaleState.REFUNDED and _is_all_refunded(order):
        order.state, order.ended_at = OrderState.CLOSED_REFUNDED, at


def close_refunded(order: Order, at: datetime) -> None:
    """Refund the whole order at once, freight included."""
    claims = [rest_of(order, line) for line in order.lines if order.refunded_pieces(line) < line.quantity]
    if claims:
        first = claims[0]
        claims[0] = Claim(first.line_id, first.quantity, first.refund_fen + order.post_fen)
    for one in order.after_sales:
        if one.is_open:
            one.state, one.modified, one.ended_at = AfterSaleState.WITHDRAWN, at, at
    events = len(order.events)
    for part in _refunds_of(order, claims):
        after_sale = apply_for(order, AfterSaleKind.REFUND_ONLY, part, at)
        after_sale.state, after_sale.ended_at = AfterSaleState.REFUNDED, at
    del order.events[events:]
    order.record(at, "refunded")
    order.state, order.ended_at = OrderState.CLOSED_REFUNDED, at


def _refunds_of(order: Order, claims: list[Claim]) -> list[list[Claim]]:
    if PLATFORMS[order.platform].refunds_per_line:
        return [[claim] for claim in claims]
    return [claims] if claims else []


def next_good_state(after_sale: AfterSale) -> AfterSaleState:
    """Return what follows when the merchant and the buyer both do their part."""
    match after_sale.kind, after_sale.state:
        case AfterSaleKind.RETURN_REFUND | AfterSaleKind.EXCHANGE, AfterSaleState.AGREED:
            return AfterSaleState.GOODS_RETURNED
        case _, AfterSaleState.APPLIED:
            return AfterSaleState.AGREED
        case AfterSaleKind.EXCHANGE | AfterSaleKind.RESHIP, _:
            return AfterSaleState.RESENT
        case _:
            return AfterSaleState.REFUNDED


def _codes(order: Order, after_sale: AfterSale) -> str:
    return " ".join(line.code for line in order.lines if after_sale.claim_on(line.line_id))


def _is_all_refunded(order: Order) -> bool:
    return all(order.refunded_pieces(line) >= line.quantity for line in order.goods)
