"""What happens to orders after they are placed: ordinary states, and planted, labelled defects."""

import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from sandbox.world import catalog
from sandbox.world.after_sales import apply_for, close_refunded, move, rest_of
from sandbox.world.catalog import Shop
from sandbox.world.make import OrderMaker
from sandbox.world.model import (
    AfterSaleKind,
    AfterSaleState,
    Hold,
    Intent,
    Order,
    OrderState,
    PaymentKind,
)
from sandbox.world.shipping import ship_everything

# Story → orders per 240. Everything not named here is an ordinary order waiting to be shipped.
STATES: dict[str, int] = {
    "unpaid": 8,
    "closed_unpaid": 4,
    "closed_refunded": 3,
    "forbidden": 4,
    "presale_deposit": 4,
    "refund_pending": 5,
    "refunded_line": 3,
    "shipped": 8,
    "finished": 4,
    "address_changed": 3,
    "memo_changed": 9,
}
DEFECTS: dict[str, int] = {
    "missing_region": 1,
    "unknown_region": 1,
    "unmapped_sku": 1,
    "memo_instruction": 2,
    "amount_mismatch": 1,
    "suspected_duplicate": 1,
    "impossible_time": 1,
    "unknown_status": 1,
    "out_of_stock": 1,
    "zero_paid": 1,
}
PER = 240
SMALLEST_WITH_ALL = 60
HARMLESS_MEMOS = ("老客 优先发", "已核对", "用大盒子", "附手写卡片", "要好看的包装")
INSTRUCTIONS = ("改地址:收货改到公司,新地址见旺旺", "换款:黑色M码换成白色M码,已与客服确认")

Teller = Callable[[OrderMaker, Shop, datetime], list[Order]]


def deck(rng: random.Random, orders: int, shares: Mapping[str, float]) -> list[str]:
    """Return one story name per order, shuffled; a duplicate takes two places.

    `shares` are orders per 240; what they leave is ordinary.
    """
    names: list[str] = []
    for name, share in shares.items():
        count = round(orders * share / PER)
        names += [name] * (max(1, count) if orders >= SMALLEST_WITH_ALL else count)
    ordinary = orders - len(names) - names.count("suspected_duplicate")
    names += ["ordinary"] * max(0, ordinary)
    rng.shuffle(names)
    return names


def _ordinary(maker: OrderMaker, shop: Shop, at: datetime) -> list[Order]:
    return [maker.order(shop, at)]


def _unpaid(maker: OrderMaker, shop: Shop, at: datetime) -> list[Order]:
    order = maker.order(shop, at)
    unpay(order)
    order.state = OrderState.UNPAID
    return [order]


def unpay(order: Order) -> None:
    """Take the payment back, as if it had not come yet."""
    order.paid_at = None
    order.events = [event for event in order.events if event.kind != "paid"]
    order.modified = order.created


def _closed_unpaid(maker: OrderMaker, shop: Shop, at: datetime) -> list[Order]:
    order = _unpaid(maker, shop, at)[0]
    order.record(order.modified + timedelta(minutes=maker.rng.randint(10, 18)), "closed_unpaid")
    order.state, order.ended_at = OrderState.CLOSED_UNPAID, order.modified
    return [order]


def _closed_refunded(maker: OrderMaker, shop: Shop, at: datetime) -> list[Order]:
    order = maker.order(shop, at)
    close_refunded(order, order.modified + timedelta(minutes=maker.rng.randint(2, 8)))
    return [order]


def _forbidden(maker: OrderMaker, shop: Shop, at: datetime) -> list[Order]:
    order = maker.order(shop, at)
    order.state, order.hold = OrderState.PAID_HOLD, Hold.RISK
    return [order]


def _presale_deposit(maker: OrderMaker, shop: Shop, at: datetime) -> list[Order]:
    order = maker.order(shop, at)
    order.payment_kind, order.state = PaymentKind.PRESALE, OrderState.DEPOSIT_PAID
    order.deposit_fen = order.payment_fen // 5
    order.paid_at = None
    order.events = [
        replace(event, kind="deposit_paid") if event.kind == "paid" else event for event in order.events
    ]
    return [order]


def _refund(state: AfterSaleState) -> Teller:
    def teller(maker: OrderMaker, shop: Shop, at: datetime) -> list[Order]:
        order = maker.order(shop, at, lines_at_least=2)
        line = maker.rng.choice(order.goods)
        applied_at = order.modified + timedelta(minutes=maker.rng.randint(3, 15))
        after_sale = apply_for(order, AfterSaleKind.REFUND_ONLY, [rest_of(order, line)], applied_at)
        if state is not AfterSaleState.APPLIED:
            move(order, after_sale, state, order.modified + timedelta(minutes=1))
        return [order]

    return teller


def _shipped(maker: OrderMaker, shop: Shop, at: datetime) -> list[Order]:
    order = maker.order(shop, at)
    ship_everything(order, order.modified + timedelta(minutes=maker.rng.randint(3, 18)))
    return [order]


def _finished(maker: OrderMaker, shop: Shop, at: datetime) -> list[Order]:
    order = _shipped(maker, shop, at)[0]
    order.ended_at = order.modified + timedelta(minutes=2)
    order.record(order.ended_at, "finished")
    order.state = OrderState.DONE
    return [order]


def _address_changed(maker: OrderMaker, shop: Shop, at: datetime) -> list[Order]:
    order = maker.order(shop, at)
    moved = f"{order.receiver.town}人民路{maker.rng.randint(1, 99)}号1幢101室"
    order.receiver = replace(order.receiver, address=moved)
    order.address_changes += 1
    order.record(order.modified + timedelta(minutes=maker.rng.randint(2, 15)), "address_changed")
    return [order]


def _memo_changed(maker: OrderMaker, shop: Shop, at: datetime) -> list[Order]:
    order = maker.order(shop, at)
    order.seller_memo = maker.rng.choice(HARMLESS_MEMOS)
    order.seller_flag = maker.rng.randint(1, 5)
    order.record(
        order.modified + timedelta(minutes=maker.rng.randint(2, 15)), "memo_changed", order.seller_memo
    )
    return [order]


def _region(label: str, state: str) -> Teller:
    def teller(maker: OrderMaker, shop: Shop, at: datetime) -> list[Order]:
        order = maker.order(shop, at)
        order.receiver = replace(order.receiver, state=state, city=state, district="", town="")
        order.intents.append(Intent(label, f"receiver_state is {state!r}"))
        return [order]

    return teller


def _unmapped_sku(maker: OrderMaker, shop: Shop, at: datetime) -> list[Order]:
    order = maker.order(shop, at, only=(catalog.UNMAPPED, 1))
    order.intents.append(Intent("unmapped_sku", catalog.UNMAPPED.code))
    return [order]


def _memo_instruction(maker: OrderMaker, shop: Shop, at: datetime) -> list[Order]:
    order = maker.order(shop, at)
    text = INSTRUCTIONS[order.buyer.number % len(INSTRUCTIONS)]
    if maker.rng.random() < 0.5:  # noqa: PLR2004 - by the buyer as often as by the seller
        order.buyer_message = text
    else:
        order.seller_memo, order.seller_flag = text, 1
    order.record(order.modified + timedelta(minutes=4), "memo_changed", text)
    order.intents.append(Intent("memo_instruction", text))
    return [order]


def _amount_mismatch(maker: OrderMaker, shop: Shop, at: datetime) -> list[Order]:
    order = maker.order(shop, at)
    order.payment_error_fen = maker.rng.choice((-1000, 500, 1990))
    order.intents.append(Intent("amount_mismatch", f"payment is off by {order.payment_error_fen} fen"))
    return [order]


def _suspected_duplicate(maker: OrderMaker, shop: Shop, at: datetime) -> list[Order]:
    first = maker.order(shop, at)
    paid = first.paid_at or first.created
    again = maker.twin(first, paid + timedelta(minutes=maker.rng.randint(1, 3)))
    again.intents.append(Intent("suspected_duplicate", f"same buyer, goods and receiver as {first.order_id}"))
    return [first, again]


def _impossible_time(maker: OrderMaker, shop: Shop, at: datetime) -> list[Order]:
    order = maker.order(shop, at)
    order.paid_at = order.created - timedelta(days=1)
    order.intents.append(Intent("impossible_time", "pay_time is a day before created"))
    return [order]


def _unknown_status(maker: OrderMaker, shop: Shop, at: datetime) -> list[Order]:
    order = maker.order(shop, at)
    order.has_unknown_status = True
    order.intents.append(Intent("unknown_status", "a status that no document names"))
    return [order]


def _out_of_stock(maker: OrderMaker, shop: Shop, at: datetime) -> list[Order]:
    order = maker.order(shop, at, only=(catalog.BY_CODE[catalog.SHORT_EVERYWHERE], 3))
    order.intents.append(Intent("out_of_stock", f"3 pieces of {catalog.SHORT_EVERYWHERE}"))
    return [order]


def _zero_paid(maker: OrderMaker, shop: Shop, at: datetime) -> list[Order]:
    order = maker.order(shop, at)
    order.lines = order.goods
    order.post_fen = 0
    for line in order.lines:
        line.shared_discount_fen = line.total_fen
    order.intents.append(Intent("zero_paid", "a discount of 100 % on goods that are no gift"))
    return [order]


TELLERS: dict[str, Teller] = {
    "ordinary": _ordinary,
    "unpaid": _unpaid,
    "closed_unpaid": _closed_unpaid,
    "closed_refunded": _closed_refunded,
    "forbidden": _forbidden,
    "presale_deposit": _presale_deposit,
    "refund_pending": _refund(AfterSaleState.APPLIED),
    "refunded_line": _refund(AfterSaleState.REFUNDED),
    "shipped": _shipped,
    "finished": _finished,
    "address_changed": _address_changed,
    "memo_changed": _memo_changed,
    "missing_region": _region("missing_region", ""),
    "unknown_region": _region("unknown_region", "未知"),
    "unmapped_sku": _unmapped_sku,
    "memo_instruction": _memo_instruction,
    "amount_mismatch": _amount_mismatch,
    "suspected_duplicate": _suspected_duplicate,
    "impossible_time": _impossible_time,
    "unknown_status": _unknown_status,
    "out_of_stock": _out_of_stock,
    "zero_paid": _zero_paid,
}
