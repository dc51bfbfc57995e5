"""What every platform asks itself before it takes a parcel that a client tells of."""

import re
from enum import Enum

from sandbox.world.model import CLOSED, OWING, Order, OrderState

CARRIERS = ("SF", "ZTO", "YTO", "STO", "YUNDA", "EMS", "POSTB", "JD", "JTSD", "DBKD")
#: A waybill number as every carrier's system would pass it.
NUMBER = re.compile(r"[A-Za-z0-9-]{5,40}")


class Verdict(Enum):
    """How an order stands towards shipping."""

    OPEN = "open"
    SHIPPED = "shipped"
    CLOSED = "closed"
    REFUND_OPEN = "refund_open"
    WAITS = "waits"


def verdict(order: Order) -> Verdict:
    """Return whether the order may be shipped now, or what forbids it."""
    if order.state in CLOSED:
        return Verdict.CLOSED
    if order.state in {OrderState.SHIPPED, OrderState.DONE}:
        return Verdict.SHIPPED
    if any(one.is_open for one in order.after_sales):
        return Verdict.REFUND_OPEN
    waits = order.is_ship_hold or order.has_unknown_status or order.address_request is not None
    return Verdict.WAITS if waits or order.state not in OWING else Verdict.OPEN


def is_number(text: object) -> bool:
    """Return whether a text can be the number of a waybill."""
    return isinstance(text, str) and NUMBER.fullmatch(text) is not None
