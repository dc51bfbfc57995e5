"""What every platform asks itself before it takes a parcel that a client tells of."""

import re
from collections.abc import Collection
from enum import Enum

from sandbox.world.model import CLOSED, OWING, AfterSale, AfterSaleKind, Order, OrderState
from sandbox.world.shipping import unsent

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


def verdict(order: Order, line_ids: Collection[str] | None = None) -> Verdict:
    """Return whether the order (or only these of its lines) may be shipped now, or what forbids it."""
    if order.state in CLOSED:
        return Verdict.CLOSED
    if order.state in {OrderState.SHIPPED, OrderState.DONE}:
        return Verdict.SHIPPED
    if any(_stops(one, unsent(order) if line_ids is None else line_ids) for one in order.after_sales):
        return Verdict.REFUND_OPEN
    waits = order.is_ship_hold or order.has_unknown_status or order.address_request is not None
    return Verdict.WAITS if waits or order.state not in OWING else Verdict.OPEN


def _stops(after_sale: AfterSale, line_ids: Collection[str]) -> bool:
    """Return whether goods of one of these lines are being claimed back."""
    is_about_goods = after_sale.is_open and after_sale.kind is not AfterSaleKind.MONEY_ONLY
    return is_about_goods and any(claim.line_id in line_ids for claim in after_sale.claims)


def is_number(text: object) -> bool:
    """Return whether a text can be the number of a waybill."""
    return isinstance(text, str) and NUMBER.fullmatch(text) is not None
