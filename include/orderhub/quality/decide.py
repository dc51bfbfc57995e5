"""A person decides about a hold: release, cancel, no_ship (a sample, a fake sale), or a false alarm.

Two people never both win: a hold ends once, whoever comes second is told who was first. What a person
says of an order is kept apart from what its platform says, so that later pulls do not wash it away.
Not for putting an order right (`orderhub.quality.correct`).
"""

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, Row, text

from orderhub.clock import Clock
from orderhub.db.audit import record_act
from orderhub.db.document_locks import LOCK_DOCUMENTS
from orderhub.db.engine import Database
from orderhub.db.giving_way import PATIENCE, giving_way
from orderhub.errors import StopError
from orderhub.quality.reasons import refuse_reason, refuse_unkept
from orderhub.quality.withhold import Withheld, refuse_handed_over, withhold

_HOLD = text("""
    select h.*, o.version_id from core.holds as h join core.orders as o using (order_id)
    where h.hold_id = :hold_id for update of h""")
_NAMED = text("select hold_id from core.holds where starts_with(hold_id, :start) order by hold_id limit 2")
_RELEASE = text("""
    update core.holds set state = 'released', ended_at = :now, ended_by = :actor, end_reason = :reason
    where hold_id = :hold_id and state = 'active'""")
_FALSE_ALARM = text("""
    update core.anomalies
    set is_false_alarm = true, false_alarm_by = :actor, false_alarm_at = :now, false_alarm_reason = :why
    where anomaly_id = :anomaly_id and not is_false_alarm""")
_LEFT = text("""
    select rule_id from core.holds
    where order_id = :order_id and state = 'active' order by rule_id, hold_id""")
_OF_ORDER = text("""
    select * from core.holds where order_id = :order_id
    order by ended_at desc nulls first, rule_id, hold_id""")
_EXISTS = text("select exists (select from core.orders where order_id = :order_id)")
#: A pass that ends the hold goes first: it takes orders before holds, and a person the other way round.
_TRIES = 30
_PREFIX = "hold:"
_SHORTEST = 8


class Choice(StrEnum):
    """What a person may say about a hold."""

    RELEASE = "release"
    CANCEL = "cancel"
    NO_SHIP = "no_ship"
    FALSE_ALARM = "false_alarm"


@dataclass(frozen=True)
class Decision:
    """What one person says about one hold.

    Attributes:
        hold_id: names subject, rule and evidence: other evidence is another hold. Its first eight
            characters or more will do where they name one hold only.
        choice: what to do.
        reason: why; kept.
        actor: who decides.
        version_id: the order's version that was looked at; refused when there is a newer one. None: any.
    """

    hold_id: str
    choice: Choice
    reason: str
    actor: str
    version_id: str | None = None


@dataclass(frozen=True)
class Decided:
    """What a decision did.

    Attributes:
        order_id: the order.
        hold_id: the hold, in full.
        still_held_by: rules whose holds of this order go on, each for itself.
    """

    order_id: str
    hold_id: str
    still_held_by: tuple[str, ...]


def decide(database: Database, clock: Clock, decision: Decision) -> Decided:
    """Carry a decision out, once; the same word of the same person again changes nothing.

    A released hold may still be called a false alarm.

    The same evidence does not hold the subject again after a release; new evidence does.

    Raises:
        StopError: no reason that can be kept; no such hold; somebody was first; the order has a newer version
            than the one looked at; or what is to be withheld was handed over already. The message says what
            to do.
        DatabaseFault: the server failed, or a pass held the order for too long; nothing was decided.
    """
    refuse_unkept("the hold's id", decision.hold_id)
    refuse_reason(f"hold {decision.hold_id}: a decision", decision.reason)
    return giving_way(lambda: _decide(database, clock, decision), _TRIES)


def _decide(database: Database, clock: Clock, decision: Decision) -> Decided:
    with database.transaction(_RowLock()) as connection:
        connection.execute(PATIENCE)
        if decision.choice in (Choice.CANCEL, Choice.NO_SHIP):
            connection.execute(LOCK_DOCUMENTS)
        hold = _lock(connection, decision.hold_id)
        if hold.state == "active":
            _refuse_newer_version(hold, decision)
            _carry_out(connection, clock, hold, decision)
        elif decision.choice is Choice.FALSE_ALARM and hold.state == "released":
            _call_false_alarm(connection, clock, hold, decision)
        elif (hold.ended_by, hold.end_reason) != (decision.actor, _kept_reason(decision)):
            raise StopError(_too_late(hold))
        left = connection.execute(_LEFT, {"order_id": hold.order_id}).scalars().all()
    return Decided(hold.order_id, hold.hold_id, tuple(left))


def holds_of_rule(database: Database, order_id: str, rule_id: str) -> list[str]:
    """Return the active holds that `rule_id` placed on an order and its parts.

    Raises:
        StopError: there is none; who ended it last is named, or the rules that do hold something.
    """
    with database.read() as connection:
        holds = connection.execute(_OF_ORDER, {"order_id": order_id}).all()
        exists = connection.execute(_EXISTS, {"order_id": order_id}).scalar_one()
    if not exists:
        raise StopError(f"order {order_id}: does not exist; the id is shop/number, as in mails")
    active = [hold for hold in holds if hold.state == "active"]
    hold_ids = [hold.hold_id for hold in active if hold.rule_id == rule_id]
    ended = [hold for hold in holds if hold.state != "active" and hold.rule_id == rule_id]
    if not hold_ids:
        rules = ", ".join(sorted({hold.rule_id for hold in active})) or "none"
        before = (
            f"{_too_late(ended[0])}; "
            if ended
            else f"order {order_id}: rule {rule_id!r} holds nothing of it; "
        )
        raise StopError(f"{before}rules that hold it now: {rules}")
    return hold_ids


class _RowLock:
    """The fence of a decision: its row is locked until the commit, so nobody can have taken it over."""

    def fence(self, connection: Connection) -> None:
        """Let the transaction commit."""


def named_hold(connection: Connection, named: str) -> str:
    """Return the id, in full, of the hold that `named` begins.

    Raises:
        StopError: there is none, or several begin like this.
    """
    named = named.strip()
    start = named if named.startswith(_PREFIX) else _PREFIX + named
    found = connection.execute(_NAMED, {"start": start}).scalars().all()
    if len(start) < len(_PREFIX) + _SHORTEST or not found:
        raise StopError(f"hold {named}: does not exist; `./hub hold list` shows those that wait")
    if len(found) > 1 and start not in found:
        raise StopError(f"hold {named}: several begin like this; give more of its id")
    return start if start in found else str(found[0])


def _lock(connection: Connection, named: str) -> Row[tuple[object, ...]]:
    return connection.execute(_HOLD, {"hold_id": named_hold(connection, named)}).one()


def _refuse_newer_version(hold: Row[tuple[object, ...]], decision: Decision) -> None:
    if decision.version_id is not None and decision.version_id != hold.version_id:
        raise StopError(
            f"order {hold.order_id}: changed since you looked ({decision.version_id[:12]} is not its version "
            f"{hold.version_id[:12]} of now); look at it again: `./hub explain {hold.order_id}`"
        )


def _carry_out(
    connection: Connection, clock: Clock, hold: Row[tuple[object, ...]], decision: Decision
) -> None:
    who = {"now": clock.now(), "actor": decision.actor, "reason": _kept_reason(decision)}
    match decision.choice:
        case Choice.RELEASE:
            connection.execute(_RELEASE, {**who, "hold_id": hold.hold_id})
        case Choice.CANCEL | Choice.NO_SHIP:
            is_line = decision.choice is Choice.CANCEL and hold.subject_type == "order_line"
            line_id = hold.line_id if is_line else None
            kind = Withheld.CANCELLED if decision.choice is Choice.CANCEL else Withheld.NO_SHIP
            refuse_handed_over(connection, hold.order_id, line_id)
            withhold(connection, hold.order_id, line_id, kind, who)
        case Choice.FALSE_ALARM:
            connection.execute(_RELEASE, {**who, "hold_id": hold.hold_id})
            _call_false_alarm(connection, clock, hold, decision)
            return
    _audit(connection, clock, hold, decision)


def _call_false_alarm(
    connection: Connection, clock: Clock, hold: Row[tuple[object, ...]], decision: Decision
) -> None:
    said = {
        "now": clock.now(), "actor": decision.actor, "why": decision.reason, "anomaly_id": hold.anomaly_id,
    }  # fmt: skip
    if connection.execute(_FALSE_ALARM, said).rowcount:
        _audit(connection, clock, hold, decision)


def _audit(connection: Connection, clock: Clock, hold: Row[tuple[object, ...]], decision: Decision) -> None:
    detail = {
        "order_id": hold.order_id, "rule_id": hold.rule_id, "version_id": hold.version_id,
        "reason": decision.reason,
    }  # fmt: skip
    record_act(connection, clock, decision.actor, decision.choice.value, "hold", hold.hold_id, detail=detail)


def _kept_reason(decision: Decision) -> str:
    return decision.reason if decision.choice is Choice.RELEASE else f"{decision.choice}: {decision.reason}"


def _too_late(hold: Row[tuple[object, ...]]) -> str:
    return (
        f"hold {hold.hold_id[:17]} of order {hold.order_id}: {hold.ended_by} ended it at "
        f"{hold.ended_at:%Y-%m-%d %H:%M:%S} UTC ({hold.state}: {hold.end_reason}); nothing was changed. "
        f"`./hub explain {hold.order_id}` shows where the order stands"
    )
