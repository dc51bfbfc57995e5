"""What is held now, for lists and forms; reading only."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text

from orderhub.db.engine import Database
from orderhub.errors import StopError

_ACTIVE = text("""
    select h.hold_id, h.order_id, h.subject_type, h.subject_id, h.rule_id, h.placed_at, o.version_id,
        o.shop_id, a.evidence
    from core.holds as h
    join core.orders as o using (order_id)
    join core.anomalies as a using (anomaly_id)
    where h.state = 'active' and (cast(:order_id as text) is null or h.order_id = :order_id)
        and (cast(:hold_id as text) is null or h.hold_id = :hold_id)
    order by h.placed_at, h.order_id, h.rule_id, h.hold_id limit :limit""")
_EXISTS = text("select exists (select from core.orders where order_id = :order_id)")
_MOST = 500
_SHORT = 12


@dataclass(frozen=True)
class StandingHold:
    """One hold in force.

    Attributes:
        hold_id: in full.
        evidence: what was found; no personal data.
        version_id: the order's present version, which a decision may name.
    """

    hold_id: str
    order_id: str
    subject_type: str
    subject_id: str
    rule_id: str
    placed_at: datetime
    version_id: str
    shop_id: str
    evidence: Mapping[str, Any]

    @property
    def short_id(self) -> str:
        """Return what people type."""
        return self.hold_id.removeprefix("hold:")[:_SHORT]


def active_holds(
    database: Database, order_id: str | None = None, hold_id: str | None = None
) -> list[StandingHold]:
    """Return the holds in force, oldest first, at most 500: of one order, or one hold, or all.

    Raises:
        StopError: the order does not exist.
    """
    given = {"order_id": order_id, "hold_id": hold_id, "limit": _MOST}
    with database.read() as connection:
        holds = [StandingHold(**row) for row in connection.execute(_ACTIVE, given).mappings()]
        if order_id and not holds and not connection.execute(_EXISTS, given).scalar_one():
            raise StopError(f"order {order_id}: does not exist; the id is shop/number, as in mails")
    return holds
