"""What can happen to an order after it was placed, while a hub watches."""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from sandbox.world.after_sales import apply_for, close_refunded, move, next_good_state, rest_of
from sandbox.world.model import (
    CLOSED,
    AddressRequest,
    AfterSale,
    AfterSaleKind,
    AfterSaleState,
    Claim,
    Hold,
    Invoice,
    Line,
    Order,
    OrderState,
    Receiver,
)
from sandbox.world.shipping import ship_everything, ship_some, unsent_pieces
from sandbox.world.story import HARMLESS_MEMOS

FLAGS = 5
SENT = frozenset({OrderState.SHIPPED, OrderState.DONE})

Happening = Callable[[Order, random.Random, datetime], None]
Condition = Callable[[Order], bool]


@dataclass(frozen=True, slots=True)
class Change:
    """A happening, the orders it can happen to, and those it is drawn from at random."""

    happen: Happening
    can: Condition
    is_drawn: Condition


def _memo(order: Order, rng: random.Random, at: datetime) -> None:
    if not order.intents:
        order.seller_memo = rng.choice(HARMLESS_MEMOS)
    order.seller_flag = order.seller_flag % FLAGS + 1
    order.record(at, "memo_changed", order.seller_memo)


def moved_receiver(order: Order, rng: random.Random) -> Receiver:
    """Return the order's receiver at another house of the same town."""
    return replace(order.receiver, address=f"{order.receiver.town}人民路{rng.randint(1, 99)}号1幢101室")


def _address(order: Order, rng: random.Random, at: datetime) -> None:
    order.receiver = moved_receiver(order, rng)
    order.address_changes += 1
    order.record(at, "address_changed")


def request_address(order: Order, rng: random.Random, at: datetime) -> None:
    """Let the buyer ask for another address; until it is decided the order waits."""
    order.address_request = AddressRequest(at, moved_receiver(order, rng))
    order.record(at, "address_requested")


def _allow_address(order: Order, _rng: random.Random, at: datetime) -> None:
    if order.address_request:
        order.receiver, order.address_request = order.address_request.receiver, None
    order.address_changes += 1
    order.record(at, "address_changed")


def _refuse_address(order: Order, _rng: random.Random, at: datetime) -> None:
    order.address_request = None
    order.record(at, "address_refused")


def _close(order: Order, _rng: random.Random, at: datetime) -> None:
    close_refunded(order, at)


def _ship(order: Order, _rng: random.Random, at: datetime) -> None:
    ship_everything(order, at)


def _part_ship(order: Order, _rng: random.Random, at: datetime) -> None:
    ship_some(order, at)


def _nudge(order: Order, _rng: random.Random, at: datetime) -> None:
    order.record(at, "state_checked")


def _finish(order: Order, _rng: random.Random, at: datetime) -> None:
    order.paid_at = order.paid_at or at
    order.state, order.ended_at = OrderState.DONE, at
    order.record(at, "finished")


def _pay(order: Order, _rng: random.Random, at: datetime) -> None:
    order.state, order.paid_at = OrderState.TO_SHIP, at
    order.record(at, "paid")


def pay_final(order: Order, _rng: random.Random, at: datetime) -> None:
    """Let the rest of a presale be paid."""
    order.state, order.paid_at = OrderState.TO_SHIP, at
    order.record(at, "final_paid")


def _cancel(order: Order, _rng: random.Random, at: datetime) -> None:
    order.state, order.ended_at = OrderState.CLOSED_UNPAID, at
    order.record(at, "closed_unpaid")


def hold_for(hold: Hold) -> Happening:
    """Return the happening that stops a paid order for this reason."""

    def happen(order: Order, _rng: random.Random, at: datetime) -> None:
        order.state, order.hold = OrderState.PAID_HOLD, hold
        order.record(at, f"held_{hold.value}")

    return happen


def _release(order: Order, _rng: random.Random, at: datetime) -> None:
    if order.group:
        order.group = replace(order.group, joined=order.group.size)
    order.state, order.hold = OrderState.TO_SHIP, Hold.NONE
    order.record(at, "released")


def close_failed_group(order: Order, _rng: random.Random, at: datetime) -> None:
    """Give the money back because too few buyers joined."""
    if order.group:
        order.group = replace(order.group, has_failed=True)
    order.hold = Hold.NONE
    close_refunded(order, at)


def _ship_hold(order: Order, _rng: random.Random, at: datetime) -> None:
    order.is_ship_hold = not order.is_ship_hold
    order.record(at, "ship_hold_set" if order.is_ship_hold else "ship_hold_lifted")


def wish_invoice(order: Order, _rng: random.Random, at: datetime) -> None:
    """Let the buyer ask for an invoice, to a company as often as to a person."""
    company = order.buyer.number % 2 == 0
    order.invoice = Invoice("杭州简集科技有限公司", "91330100MA2XXXXX0K") if company else Invoice("个人")
    order.record(at, "invoice_requested")


def _ask(kind: AfterSaleKind) -> Happening:
    def happen(order: Order, rng: random.Random, at: datetime) -> None:
        line = rng.choice(_claimable(order))
        apply_for(order, kind, [rest_of(order, line)], at)

    return happen


def _ask_for_one_piece(order: Order, rng: random.Random, at: datetime) -> None:
    line = rng.choice([line for line in _claimable(order) if line.quantity > 1])
    claim = Claim(line.line_id, 1, line.divided_fen // line.quantity)
    apply_for(order, AfterSaleKind.REFUND_ONLY, [claim], at)


def _ask_for_money(order: Order, rng: random.Random, at: datetime) -> None:
    line = rng.choice(_claimable(order))
    claim = Claim(line.line_id, 0, max(1, line.divided_fen // 10))
    apply_for(order, AfterSaleKind.MONEY_ONLY, [claim], at)


def _advance(order: Order, _rng: random.Random, at: datetime) -> None:
    after_sale = _last(order, is_open=True)
    move(order, after_sale, next_good_state(after_sale), at)


def _end(state: AfterSaleState) -> Happening:
    def happen(order: Order, _rng: random.Random, at: datetime) -> None:
        move(order, _last(order, is_open=True), state, at)

    return happen


def _reopen(order: Order, _rng: random.Random, at: datetime) -> None:
    move(order, _last(order, is_open=False), AfterSaleState.APPLIED, at)


def _last(order: Order, *, is_open: bool) -> AfterSale:
    return [one for one in order.after_sales if _matches(one, is_open=is_open)][-1]


def _matches(after_sale: AfterSale, *, is_open: bool) -> bool:
    refused = after_sale.state in {AfterSaleState.REJECTED, AfterSaleState.WITHDRAWN}
    return after_sale.is_open if is_open else refused


def _claimable(order: Order) -> list[Line]:
    open_ids = {claim.line_id for one in order.after_sales if one.is_open for claim in one.claims}
    return [
        line
        for line in order.goods
        if line.line_id not in open_ids and order.refunded_pieces(line) < line.quantity
    ]


def _any(_order: Order) -> bool:
    return True


def _is_plain(order: Order) -> bool:
    return order.is_shippable and not order.intents


def _is_paid(order: Order) -> bool:
    return order.state not in CLOSED | {OrderState.UNPAID, OrderState.DEPOSIT_PAID}


def _can_claim(order: Order) -> bool:
    """Tell whether there is something to ask back; who waits for a group leaves it instead."""
    return _is_paid(order) and order.hold is not Hold.GROUP and bool(_claimable(order))


def _can_claim_a_piece(order: Order) -> bool:
    return _can_claim(order) and any(line.quantity > 1 for line in _claimable(order))


def _can_return(order: Order) -> bool:
    return order.state in SENT and bool(_claimable(order))


def _has_open(order: Order) -> bool:
    return order.state not in CLOSED and any(one.is_open for one in order.after_sales)


def _has_refused(order: Order) -> bool:
    refused = any(_matches(one, is_open=False) for one in order.after_sales)
    return order.state not in CLOSED and refused and not _has_open(order)


def _is(*states: OrderState) -> Condition:
    return lambda order: order.state in states


def _where(condition: Condition, is_drawn: Condition | None = None) -> tuple[Condition, Condition]:
    return condition, is_drawn or (lambda order: condition(order) and not order.intents)


CHANGES: dict[str, Change] = {
    "memo": Change(_memo, _any, _is_plain),
    "nudge": Change(_nudge, _any, _is_plain),
    "address": Change(_address, _any, _is_plain),
    "refund": Change(_ask(AfterSaleKind.REFUND_ONLY), *_where(_can_claim, _is_plain)),
    "close": Change(_close, *_where(_is_paid, _is_plain)),
    "ship": Change(_ship, *_where(lambda o: _is_paid(o) and unsent_pieces(o) > 0, _is_plain)),
    "part_ship": Change(_part_ship, *_where(lambda o: o.is_shippable and unsent_pieces(o) > 1)),
    "finish": Change(_finish, *_where(_is(OrderState.SHIPPED))),
    "pay": Change(_pay, *_where(_is(OrderState.UNPAID))),
    "pay_final": Change(pay_final, *_where(_is(OrderState.DEPOSIT_PAID))),
    "cancel": Change(_cancel, *_where(_is(OrderState.UNPAID, OrderState.DEPOSIT_PAID))),
    "hold": Change(hold_for(Hold.RISK), *_where(_is(OrderState.TO_SHIP), _is_plain)),
    "lock": Change(hold_for(Hold.LOCKED), *_where(_is(OrderState.TO_SHIP), _is_plain)),
    "release": Change(_release, *_where(_is(OrderState.PAID_HOLD))),
    "fail_group": Change(
        close_failed_group, *_where(lambda o: o.hold is Hold.GROUP and o.state is OrderState.PAID_HOLD)
    ),
    "ship_hold": Change(_ship_hold, *_where(_is(OrderState.TO_SHIP), _is_plain)),
    "invoice": Change(wish_invoice, *_where(_is_paid, _is_plain)),
    "request_address": Change(request_address, *_where(_is(OrderState.TO_SHIP), _is_plain)),
    "allow_address": Change(_allow_address, *_where(lambda o: o.address_request is not None)),
    "refuse_address": Change(_refuse_address, *_where(lambda o: o.address_request is not None)),
    "refund_piece": Change(_ask_for_one_piece, *_where(_can_claim_a_piece)),
    "refund_money": Change(_ask_for_money, *_where(_can_claim)),
    "return": Change(_ask(AfterSaleKind.RETURN_REFUND), *_where(_can_return)),
    "exchange": Change(_ask(AfterSaleKind.EXCHANGE), *_where(_can_return)),
    "reship": Change(_ask(AfterSaleKind.RESHIP), *_where(_can_return)),
    "advance": Change(_advance, *_where(_has_open)),
    "reject": Change(_end(AfterSaleState.REJECTED), *_where(_has_open)),
    "withdraw": Change(_end(AfterSaleState.WITHDRAWN), *_where(_has_open)),
    "reopen": Change(_reopen, *_where(_has_refused)),
}
