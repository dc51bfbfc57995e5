"""Parcels: those that go out in the platform's back office by hand, and those that a client tells of."""

from collections.abc import Mapping
from datetime import datetime

from sandbox.world.model import Line, Order, OrderState, Parcel


def ship(order: Order, pieces: Mapping[str, int], at: datetime) -> None:
    """Send `pieces` (by line id); the order is shipped when nothing that can be sent is left."""
    number = f"YT{int(at.timestamp()):011d}{len(order.parcels)}"
    carrier = order.required_carrier or "YTO"
    order.parcels.append(Parcel(at, carrier, number, tuple(pieces.items())))
    order.shipped_at = order.shipped_at or at
    left = any(_unsent(order, line) for line in order.lines)
    order.state = OrderState.PART_SHIPPED if left else OrderState.SHIPPED
    order.record(at, "part_shipped_by_hand" if left else "shipped_by_hand")


def tell(order: Order, parcel: Parcel) -> None:
    """Book a parcel that a client told of; one without pieces is one more number of what left already."""
    order.parcels.append(parcel)
    if not parcel.pieces:
        order.record(parcel.at, "number_added", parcel.number)
        return
    order.shipped_at = order.shipped_at or parcel.at
    left = any(_unsent(order, line) for line in order.lines)
    order.state = OrderState.PART_SHIPPED if left else OrderState.SHIPPED
    order.record(parcel.at, "part_told" if left else "told", parcel.number)


def ship_everything(order: Order, at: datetime) -> None:
    """Send every piece that was neither sent nor refunded, in one parcel."""
    ship(order, unsent(order), at)


def unsent(order: Order) -> dict[str, int]:
    """Return line id → pieces that were neither sent nor refunded."""
    found = {line.line_id: _unsent(order, line) for line in order.lines}
    return {line_id: pieces for line_id, pieces in found.items() if pieces}


def ship_some(order: Order, at: datetime) -> None:
    """Send the first piece of an order that has more to come."""
    line = next(line for line in order.goods if _unsent(order, line))
    ship(order, {line.line_id: 1}, at)


def unsent_pieces(order: Order) -> int:
    """Return how many pieces of all lines were neither sent nor refunded."""
    return sum(_unsent(order, line) for line in order.lines)


def _unsent(order: Order, line: Line) -> int:
    return max(0, line.quantity - order.shipped_pieces(line) - order.refunded_pieces(line))
