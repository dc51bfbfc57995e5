"""Takes orders and lines out of shipping on a person's word, and lets them back in.

`cancelled`: the hub does not ship it. `no_ship`: a sample or a fake sale; it is out of the sales figures too,
and nothing is ever told about it to anybody. Promised pieces go back with the next fulfil pass.
"""

from collections.abc import Mapping
from enum import StrEnum

from sqlalchemy import Connection, text

from orderhub.clock import Clock
from orderhub.db.audit import record_act
from orderhub.db.document_locks import LOCK_DOCUMENTS
from orderhub.db.engine import Database
from orderhub.db.leases import hold_scope
from orderhub.errors import StopError
from orderhub.quality.reasons import refuse_reason

_HANDED_OVER = text("""
    select m.manifest_id, m.line_id, x.warehouse_id from core.manifest_lines as m
    join core.manifests as x using (manifest_id)
    where m.order_id = :order_id and not m.is_void and not x.is_shadow
        and (cast(:line_id as text) is null or m.line_id = :line_id)
    order by m.manifest_id, m.line_id limit 1""")
_WITHHOLD = text("""
    insert into core.withholdings (
        subject_id, order_id, line_id, kind, version_id, decided_at, decided_by, reason)
    select concat_ws('#', order_id, cast(:line_id as text)), order_id, :line_id, :kind, version_id,
        :now, :actor, :reason
    from core.orders where order_id = :order_id
    on conflict (subject_id) do nothing""")
_END_HOLDS = text("""
    update core.holds set state = 'closed', ended_at = :now, ended_by = :actor, end_reason = :reason
    where order_id = :order_id and state = 'active'
        and (cast(:line_id as text) is null or line_id = :line_id)""")
_JUDGE_AGAIN = text("update core.orders set checked_version = null where order_id = :order_id")
#: A gift that a resend took stays out for as long as that stands.
_RESTORE = text("""
    delete from core.withholdings as w
    where w.order_id = :order_id and not exists (
        select from core.replacements as p
        join core.order_lines as l on l.order_id = p.order_id and l.line_id = w.line_id
        where p.of_order_id = w.order_id and starts_with(w.line_id, '~gift:')
            and not exists (
                select from core.withholdings as x where x.order_id = p.order_id and x.line_id is null)
    )
    returning subject_id""")
_EXISTS = text("""
    select exists(select from core.orders where order_id = :order_id) as is_order,
        cast(:line_id as text) is null or exists(
            select from core.order_lines where order_id = :order_id and line_id = :line_id) as is_line""")


class Withheld(StrEnum):
    """Why something is out of shipping."""

    CANCELLED = "cancelled"
    NO_SHIP = "no_ship"


_ACTIONS = {Withheld.CANCELLED: "cancel", Withheld.NO_SHIP: "no_ship"}


def withhold_order(
    database: Database,
    clock: Clock,
    order_id: str,
    kind: Withheld,
    reason: str,
    actor: str,
    line_id: str | None = None,
) -> None:
    """Take an order, or one line of it, out of shipping, held or not.

    Raises:
        StopError: no reason that can be kept, no such order or line, withheld already, or handed over to
            a warehouse.
        LeaseTaken: a transform pass is writing orders; ask again.
    """
    refuse_reason(f"order {order_id}: a decision", reason)
    who = {"now": clock.now(), "actor": actor, "reason": f"{kind}: {reason}"}
    with hold_scope(database, "transform") as lease, database.transaction(lease) as connection:
        connection.execute(LOCK_DOCUMENTS)
        _refuse_unknown(connection, order_id, line_id)
        refuse_handed_over(connection, order_id, line_id)
        withhold(connection, order_id, line_id, kind, who)
        subject = ("order", order_id) if line_id is None else ("order_line", f"{order_id}#{line_id}")
        detail = {"order_id": order_id, "reason": reason}
        record_act(connection, clock, actor, _ACTIONS[kind], *subject, detail=detail)


def withhold(
    connection: Connection, order_id: str, line_id: str | None, kind: Withheld, who: Mapping[str, object]
) -> None:
    """Write the withholding, and end the holds that it settles, in the caller's transaction.

    Args:
        connection: holds `LOCK_DOCUMENTS`.
        order_id: the order.
        line_id: the line; None for the whole order.
        kind: why.
        who: `now`, `actor` and `reason`.

    Raises:
        StopError: it is withheld already.
    """
    given = {**who, "order_id": order_id, "line_id": line_id, "kind": kind.value}
    if connection.execute(_WITHHOLD, given).rowcount == 0:
        raise StopError(f"order {order_id}: is withheld already; `./hub explain {order_id}` says by whom")
    connection.execute(_END_HOLDS, given)
    connection.execute(_JUDGE_AGAIN, given)


def refuse_handed_over(connection: Connection, order_id: str, line_id: str | None) -> None:
    """Let what no warehouse was handed pass.

    Raises:
        StopError: a manifest names it; says which, and what to do.
    """
    row = connection.execute(_HANDED_OVER, {"order_id": order_id, "line_id": line_id}).one_or_none()
    if row is not None:
        raise StopError(
            f"order {order_id}: line {row.line_id} is in manifest {row.manifest_id}, which warehouse "
            f"{row.warehouse_id} has; ask the warehouse to stop the parcel, and cancel or refund the order "
            "on its platform: the hub takes that over with the next pull"
        )


def restore_order(database: Database, clock: Clock, order_id: str, reason: str, actor: str) -> int:
    """Let an order that was withheld, whole or in part, ship again; it is checked anew. Return how many.

    Raises:
        StopError: no reason that can be kept, or nothing of it is withheld.
        LeaseTaken: a transform pass is writing orders; ask again.
    """
    refuse_reason(f"order {order_id}: a decision", reason)
    with hold_scope(database, "transform") as lease, database.transaction(lease) as connection:
        restored = connection.execute(_RESTORE, {"order_id": order_id}).scalars().all()
        if not restored:
            raise StopError(f"order {order_id}: nothing of it is withheld; the id is shop/number")
        connection.execute(_JUDGE_AGAIN, {"order_id": order_id})
        detail = {"order_id": order_id, "reason": reason}
        record_act(connection, clock, actor, "restore", "order", order_id, detail=detail)
    return len(restored)


def _refuse_unknown(connection: Connection, order_id: str, line_id: str | None) -> None:
    known = connection.execute(_EXISTS, {"order_id": order_id, "line_id": line_id}).one()
    if not known.is_order:
        raise StopError(f"order {order_id}: does not exist; the id is shop/number, as in mails")
    if not known.is_line:
        raise StopError(
            f"order {order_id}: has no line {line_id}; `./hub explain {order_id}` lists its lines"
        )
