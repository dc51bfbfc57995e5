"""What can happen to an order after it was placed, while a hub watches."""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from sandbox.world.model import Order
from sandbox.world.story import HARMLESS_MEMOS, refund_id, set_status

FLAGS = 5


def _memo(order: Order, rng: random.Random, at: datetime) -> None:
    if not order.intents:
        order.seller_memo = rng.choice(HARMLESS_MEMOS)
    order.seller_flag = order.seller_flag % FLAGS + 1
    order.record(at, "memo_changed", order.seller_memo)


def _address(order: Order, rng: random.Random, at: datetime) -> None:
    moved = f"{order.receiver.town}人民路{rng.randint(1, 99)}号1幢101室"
    order.receiver = replace(order.receiver, address=moved)
    order.address_changes += 1
    order.record(at, "address_changed")


def _refund(order: Order, rng: random.Random, at: datetime) -> None:
    line = rng.choice([line for line in order.lines if not line.is_gift])
    line.refund_status, line.refund_id = "WAIT_SELLER_AGREE", refund_id(line.oid)
    order.record(at, "refund_applied", line.code)


def _close(order: Order, _rng: random.Random, at: datetime) -> None:
    set_status(order, "TRADE_CLOSED")
    order.ended_at = at
    order.record(at, "refunded")


def _ship(order: Order, _rng: random.Random, at: datetime) -> None:
    set_status(order, "WAIT_BUYER_CONFIRM_GOODS")
    order.consigned_at = at
    order.record(at, "shipped_by_hand")


CHANGES: dict[str, Callable[[Order, random.Random, datetime], None]] = {
    "memo": _memo,
    "address": _address,
    "refund": _refund,
    "close": _close,
    "ship": _ship,
}
