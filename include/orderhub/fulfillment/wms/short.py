"""Ends documents of which a warehouse sent less than it was told: a person says whether the rest ships.

What has left stays shipped. A line of which nothing left is free again, and routed anew or cancelled; pieces
missing from a line that did leave are sent by an order of their own, since a line stands in one document.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, text

from orderhub.clock import Clock
from orderhub.db.document_locks import LOCK_DOCUMENTS
from orderhub.db.sql_files import source, statement
from orderhub.errors import StopError
from orderhub.fulfillment.recalls import take_back
from orderhub.fulfillment.replacements import write_replacements
from orderhub.fulfillment.shipments import post_short
from orderhub.quality.withhold import Withheld, withhold

_REST_OF = text("""
    update core.replacements as p set rest_of = n.order_id
    from unnest(cast(:resends as text[]), cast(:orders as text[])) as n (resend_id, order_id)
    where p.order_id = n.resend_id""")


class Rest(StrEnum):
    """What becomes of pieces that a warehouse did not send."""

    SHIP = "ship"
    CANCEL = "cancel"


@dataclass(frozen=True)
class EndedRest:
    """What became of the rest.

    Attributes:
        lines: of which nothing had left: free to be routed anew, or cancelled.
        resent: orders that missing pieces leave by.
        unsent: lines with missing pieces that nobody sends: their platform stopped them.
        gifts: lines of ours among `lines` that leave only beside goods, order#line: they may stay behind.
    """

    lines: int
    resent: tuple[str, ...]
    unsent: tuple[str, ...]
    gifts: tuple[str, ...]


def short_lines(connection: Connection, subject: str) -> Sequence[Row[Any]]:
    """Return what is still promised of the documents `subject`; no document of them changes until the end."""
    connection.execute(LOCK_DOCUMENTS)
    return connection.execute(statement("core/short_lines"), {"subject": subject}).all()


def end_rest(
    connection: Connection, clock: Clock, lines: Sequence[Row[Any]], rest: Rest, who: Mapping[str, Any]
) -> EndedRest:
    """End the documents of `lines` with what has left, and let their rest ship or not.

    Args:
        connection: the caller's transaction, which read the lines.
        clock: stamps what ends.
        lines: of `short_lines`.
        rest: what a person wants.
        who: `now`, `actor` and `reason`.

    Raises:
        StopError: pieces of a line are missing of which an after-sale or a hold is open.
    """
    whole = [line for line in lines if not line.pieces]
    parts = [line for line in lines if line.pieces]
    undecided = [f"{line.order_id}#{line.line_id}" for line in parts if line.gate == "wait"]
    if rest is Rest.SHIP and undecided:
        raise StopError(
            f"{undecided[0]}: an after-sale or a hold of it is open; settle that first, or say --rest cancel"
        )
    post_short(connection, clock, sorted({line.fulfillment_order_id for line in lines}))
    take_back(connection, clock, list({line.fulfillment_order_id: line for line in lines}.values()))
    if rest is Rest.CANCEL:
        _cancel(connection, whole, who)
        return EndedRest(len(whole), (), (), ())
    sent = [line for line in parts if line.gate == "ship"]
    unsent = tuple(f"{line.order_id}#{line.line_id}" for line in parts if line not in sent)
    gifts = tuple(f"{line.order_id}#{line.line_id}" for line in whole if line.is_own_gift)
    return EndedRest(len(whole), _send_again(connection, clock, sent, who), unsent, gifts)


def _cancel(connection: Connection, lines: Sequence[Row[Any]], who: Mapping[str, Any]) -> None:
    for line in lines:
        if not line.is_withheld:
            withhold(connection, line.order_id, line.line_id, Withheld.CANCELLED, who)


def _send_again(
    connection: Connection, clock: Clock, lines: Sequence[Row[Any]], who: Mapping[str, Any]
) -> tuple[str, ...]:
    """Make one order for each document of `lines`, numbered as the document is; it goes as its lines go."""
    if not lines:
        return ()
    given = {
        "reason": who["reason"],
        "resends": [line.resend_id for line in lines],
        "orders": [line.order_id for line in lines],
        "lines": [line.line_id for line in lines],
        "skus": [line.sku_id for line in lines],
        "pieces": [line.quantity - line.pieces for line in lines],
    }
    connection.exec_driver_sql(source("core/replacement_claims"))
    connection.execute(statement("core/claims_of_short_lines"), given)
    made = write_replacements(connection, clock, made_by=who["actor"], pass_id=None)
    taken = set(given["resends"]) - set(made)
    if taken:
        raise StopError(f"{', '.join(sorted(taken))} exists already; cancel it, or say --rest cancel")
    connection.execute(_REST_OF, given)
    connection.execute(statement("core/replacement_receivers"))
    return tuple(sorted(made))
