"""Names the gifts that stay behind when a person says what of an order is left to ship.

They may have left with what was shipped by hand, and nobody tells the hub: sending one is a person's word
(`orderhub.fulfillment.resend`).
"""

from dataclasses import dataclass

from sqlalchemy import Connection, text

#: Also of a line whose rest a person decides now: what is left of it leaves, what it earned does not.
_LEFT = text("""
    select l.line_id, coalesce(l.title, l.sku_id, '?') as title, l.quantity
    from core.order_lines as l
    where l.order_id = :order_id and l.gift_rule_id is not null
        and exists (
            select from core.hand_shipped_lines as x where x.order_id = l.order_id and x.line_id = :line_id)
        and (l.gate <> 'ship' or not exists (
            select from core.order_lines as g
            where g.order_id = l.order_id and g.kind in ('goods', 'bundle') and g.gate = 'ship'))
        and not exists (
            select from core.reservations as r
            where r.order_id = l.order_id and r.line_id = l.line_id and r.state in ('active', 'posted'))
        and not exists (
            select from core.withholdings as w
            where w.order_id = l.order_id and coalesce(w.line_id, l.line_id) = l.line_id)
    order by l.line_no""")


@dataclass(frozen=True)
class LeftGift:
    """A gift that does not follow."""

    line_id: str
    title: str
    quantity: int


def left_gifts(connection: Connection, order_id: str, line_id: str | None) -> tuple[LeftGift, ...]:
    """Return the gifts that stay behind when what is left of the hand-shipped line `line_id` leaves."""
    rows = connection.execute(_LEFT, {"order_id": order_id, "line_id": line_id}).mappings()
    return tuple(LeftGift(**row) for row in rows)
