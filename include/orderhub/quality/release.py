"""A person ends a hold: the order goes on, and who and why is remembered.

Not for cancelling an order: that happens on its platform and comes back with the next pull.
"""

import json

from sqlalchemy import Connection, text

from orderhub.clock import Clock
from orderhub.db.engine import Database
from orderhub.db.leases import hold_scope
from orderhub.errors import StopError

_ACTIVE = text("""
    select hold_id, rule_id from core.holds
    where order_id = :order_id and state = 'active'
    order by rule_id, hold_id for update""")
_RELEASE = text("""
    update core.holds set state = 'released', ended_at = :now, ended_by = :actor, end_reason = :reason
    where hold_id = any(:hold_ids)""")
_AUDIT = text("""
    insert into ops.audit (recorded_at, actor, action, subject_type, subject_id, detail)
    select :now, :actor, 'release', 'hold', hold_id, cast(:detail as jsonb)
    from unnest(cast(:hold_ids as text[])) as hold_id""")


def release(database: Database, clock: Clock, order_id: str, rule_id: str, reason: str, actor: str) -> int:
    """End the holds that `rule_id` placed on an order and its lines, and return how many.

    Holds of other rules stay. The same evidence does not hold the order again; new evidence does.

    Args:
        database: the hub's database.
        clock: stamps the release.
        order_id: our order id, `shop/number`, as mails name it.
        rule_id: the check that placed the hold.
        reason: why it may ship; kept with the hold and in the audit.
        actor: who decided.

    Raises:
        StopError: no reason is given, or the rule holds nothing of this order; those that do are named.
        LeaseTaken: a transform pass is checking orders; ask again.
    """
    if not reason.strip():
        raise StopError(f"order {order_id}: a release needs a reason; it is kept with the hold")
    with hold_scope(database, "transform") as lease, database.transaction(lease) as connection:
        hold_ids = _held_by(connection, order_id, rule_id)
        given = {"hold_ids": hold_ids, "now": clock.now(), "actor": actor}
        connection.execute(_RELEASE, {**given, "reason": reason})
        detail = json.dumps({"order_id": order_id, "reason": reason}, ensure_ascii=False)
        connection.execute(_AUDIT, {**given, "detail": detail})
    return len(hold_ids)


def _held_by(connection: Connection, order_id: str, rule_id: str) -> list[str]:
    active = connection.execute(_ACTIVE, {"order_id": order_id}).all()
    hold_ids = [row.hold_id for row in active if row.rule_id == rule_id]
    if not hold_ids:
        rules = ", ".join(sorted({row.rule_id for row in active})) or "none"
        raise StopError(
            f"order {order_id}: rule {rule_id!r} holds nothing of it; rules that do: {rules}; "
            "the id is shop/number, as in mails and `./hub explain`"
        )
    return hold_ids
