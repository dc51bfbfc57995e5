"""Sends what the outbox holds: claim, commit, send, record. At least once, with the same id.

No transaction is open while something is sent. A sender that dies leaves its row claimed; the next holder of
the lease resolves it as its target resolves doubt.
"""

import traceback
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import structlog
from sqlalchemy import Row, text

from orderhub.clock import Clock
from orderhub.db.engine import Database
from orderhub.db.leases import Lease, hold_scope
from orderhub.db.sql_files import statement
from orderhub.delivery.backlog import claim_summaries
from orderhub.delivery.targets import SLOW, Parcel, Target, manifest_targets, shipped_targets
from orderhub.errors import AlreadyDone, OrderhubError, RefusedError, RetryError, ShopError
from orderhub.platforms.payload import quotable, storable_answer
from orderhub.settings import Settings

log = structlog.get_logger(__name__)
_FIRST_WAIT = timedelta(seconds=30)
_LONGEST_WAIT = timedelta(minutes=30)
#: What a sender raises that meets what nobody thought of; errors of ours say what to do.
_BROKEN = (ArithmeticError, AttributeError, LookupError, OSError, RuntimeError, TypeError, ValueError)
_FRAMES = 5
_LONGEST_ERROR = 1000


@dataclass(frozen=True)
class DeliveryCounts:
    """What one delivery did; each number counts rows of the outbox.

    Attributes:
        sent: the other side has it.
        postponed: failed for now and will be tried again.
        refused: given up; a person must act.
    """

    sent: int
    postponed: int
    refused: int


@dataclass(frozen=True)
class _Outcome:
    result: Literal["sent", "pending", "unknown", "failed"]
    answer: Mapping[str, Any] | None = None
    error: str | None = None
    is_target_down: bool = False


def deliver_pending(
    database: Database,
    clock: Clock,
    settings: Settings,
    targets: Mapping[str, Target] | None = None,
    limit: int = 1000,
    scope: str = "deliver",
) -> DeliveryCounts:
    """Send due rows of the outbox in order until none is left, or `limit` were tried.

    A target that cannot be reached is left alone until the next delivery; the others go on.

    Args:
        database: the hub's database.
        clock: decides what is due, stamps what was sent.
        settings: language and addresses of mails, folder of manifests.
        targets: target name → how it is sent; the hub's own when not given.
        limit: rows to try at most.
        scope: the lease; two deliveries of different targets need not wait for one another.

    Raises:
        LeaseTaken: another process delivers.
        FencedError: another process took over; what it finds claimed it resolves.
    """
    known = shipped_targets(database, clock, settings) if targets is None else targets
    waiting = dict(known)
    counts = {"sent": 0, "pending": 0, "unknown": 0, "failed": 0}
    with ExitStack() as open_things, hold_scope(database, scope) as lease:
        for target in known.values():
            open_things.callback(target.close)
        late = _summaries(database, clock, lease) if "mail" in known else []
        for _ in range(limit):
            row = late.pop(0) if late else _next(database, clock, lease, waiting)
            if row is None:
                break
            outcome = _send(known[row.target], row)
            _settle(database, clock, lease, row, outcome)
            counts[outcome.result] += 1
            log.info("outbox", outbox_id=row.outbox_id, sent_by=row.target, result=outcome.result)
            if outcome.is_target_down:
                waiting.pop(row.target, None)
    return DeliveryCounts(
        sent=counts["sent"], postponed=counts["pending"] + counts["unknown"], refused=counts["failed"]
    )


def deliver_books(database: Database, clock: Clock, settings: Settings) -> DeliveryCounts:
    """Write the files of manifests that are for people and slow; everything else leaves meanwhile.

    Raises:
        LeaseTaken: another process writes them.
    """
    files = manifest_targets(database, clock, settings)
    slow = {target: files[target] for target in SLOW}
    return deliver_pending(database, clock, settings, slow, scope="deliver_books")


def _summaries(database: Database, clock: Clock, lease: Lease) -> list[Row[Any]]:
    """Claim the mails that go before all others: they say that many come late."""
    with database.transaction(lease) as connection:
        return list(claim_summaries(connection, clock))


def _next(database: Database, clock: Clock, lease: Lease, waiting: Mapping[str, Target]) -> Row[Any] | None:
    """Claim the next row: a mail never waits behind thousands of tracking numbers."""
    at_once = [name for name, target in waiting.items() if not target.is_bulk]
    in_bulk = [name for name, target in waiting.items() if target.is_bulk]
    row = _claim(database, clock, lease, at_once)
    return row if row is not None or not in_bulk else _claim(database, clock, lease, in_bulk)


def _claim(database: Database, clock: Clock, lease: Lease, targets: list[str]) -> Row[Any] | None:
    with database.transaction(lease) as connection:
        row = connection.execute(
            statement("ops/next_outbox"), {"targets": targets, "now": clock.now()}
        ).one_or_none()
        if row is not None:
            connection.execute(
                text(
                    "update ops.outbox set state = 'claimed', attempts = attempts + 1, "
                    "claimed_at = clock_timestamp() where outbox_id = :outbox_id"
                ),
                {"outbox_id": row.outbox_id},
            )
    return row


def _send(target: Target, row: Row[Any]) -> _Outcome:
    parcel = Parcel(row.outbox_id, row.target, row.subject, row.payload, row.created_at, row.attempts)
    # The answer may be lost: a target that can be asked is asked before anything is sent again.
    later: Literal["pending", "unknown"] = "pending" if target.ask is None else "unknown"
    try:
        if target.ask is not None and row.state != "pending":
            known = target.ask(parcel)
            if known is not None:
                return _Outcome("sent", known)
        return _Outcome("sent", target.send(parcel))
    except AlreadyDone as done:
        return _Outcome("sent", {"already_done": str(done)})
    except RefusedError as error:
        return _Outcome("failed", error=str(error))
    except OrderhubError as error:
        is_down = isinstance(error, RetryError | ShopError)
        return _Outcome(later, error=str(error), is_target_down=is_down)
    except _BROKEN as error:
        # One row that its sender cannot handle waits; it must not keep the rows behind it from leaving.
        said = f"{type(error).__name__} while sending; see the log of the delivery"
        log.error(  # noqa: TRY400 - what stands in the frames, and in the message, may be a secret or a person
            "effect not sent",
            outbox_id=row.outbox_id,
            sent_by=row.target,
            why=type(error).__name__,
            where=_places(error),
        )
        return _Outcome(later, error=said)


def _places(error: Exception) -> list[str]:
    """Return where it was raised, file and line of the innermost calls; no value, no message."""
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    return [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]


def _settle(database: Database, clock: Clock, lease: Lease, row: Row[Any], outcome: _Outcome) -> None:
    wait = min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** min(row.attempts, 10))
    with database.transaction(lease) as connection:
        connection.execute(
            text(
                "update ops.outbox set state = :state, answer = cast(:answer as jsonb), last_error = :error, "
                "not_before = :not_before, sent_at = :sent_at where outbox_id = :outbox_id"
            ),
            {
                "outbox_id": row.outbox_id,
                "state": outcome.result,
                "answer": None if outcome.answer is None else storable_answer(outcome.answer),
                "error": None if outcome.error is None else quotable(outcome.error, _LONGEST_ERROR),
                "not_before": clock.now() + wait if outcome.error is not None else None,
                "sent_at": clock.now() if outcome.result == "sent" else None,
            },
        )
