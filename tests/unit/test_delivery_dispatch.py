"""The outbox leaves in order, at least once, with the same id; doubt is resolved by the target's way."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from orderhub.clock import FixedClock
from orderhub.db.engine import Database
from orderhub.db.leases import hold_scope
from orderhub.db.outbox import Effect, enqueue
from orderhub.delivery.dispatch import DeliveryCounts, deliver_pending
from orderhub.delivery.targets import Target
from orderhub.errors import LeaseTaken, RefusedError, StopError, TransientError
from orderhub.settings import Settings

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)


class Receiver:
    """A target that remembers what came and fails as told."""

    def __init__(self, *errors: Exception | None) -> None:
        self.errors = list(errors)
        self.received: list[str] = []

    def send(self, parcel):
        error = self.errors.pop(0) if self.errors else None
        if error is not None:
            raise error
        self.received.append(parcel.outbox_id)
        return {"seen": len(self.received)}


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, database_url="postgresql://unused", hash_key="unused")


def put(database: Database, clock: FixedClock, *ids: str, target: str = "wms", subject: str = "") -> None:
    with hold_scope(database, "config") as lease, database.transaction(lease) as connection:
        enqueue(connection, [Effect(name, target, subject or name, {"n": 1}) for name in ids], clock)


def states(database: Database) -> dict[str, tuple[str, int]]:
    with database.read() as connection:
        rows = connection.execute(text("select outbox_id, state, attempts from ops.outbox"))
        return {row.outbox_id: (row.state, row.attempts) for row in rows}


def test_rows_are_sent_once_and_in_order(database, clock, settings) -> None:
    put(database, clock, "a", "b", "c")
    receiver = Receiver()

    first = deliver_pending(database, clock, settings, {"wms": Target(receiver.send)})
    second = deliver_pending(database, clock, settings, {"wms": Target(receiver.send)})

    assert (first, second) == (DeliveryCounts(3, 0, 0), DeliveryCounts(0, 0, 0))
    assert receiver.received == ["a", "b", "c"]


def test_the_answer_and_the_time_are_recorded(database, clock, settings) -> None:
    put(database, clock, "a")

    deliver_pending(database, clock, settings, {"wms": Target(Receiver().send)})

    with database.read() as connection:
        row = connection.execute(text("select state, answer, sent_at, last_error from ops.outbox")).one()
    assert tuple(row) == ("sent", {"seen": 1}, NOW, None)


def test_a_failed_row_waits_and_holds_back_only_its_subject(database, clock, settings) -> None:
    put(database, clock, "a1", "a2", subject="order a")
    put(database, clock, "b1", subject="order b")
    receiver = Receiver(StopError("a1 is broken"))

    counts = deliver_pending(database, clock, settings, {"wms": Target(receiver.send)})

    assert counts == DeliveryCounts(sent=1, postponed=1, refused=0)
    assert states(database) == {"a1": ("pending", 1), "a2": ("pending", 0), "b1": ("sent", 1)}


def test_a_failed_row_is_tried_again_later_and_then_the_rest_follows(database, clock, settings) -> None:
    put(database, clock, "a1", "a2", subject="order a")
    receiver = Receiver(StopError("not now"))
    deliver_pending(database, clock, settings, {"wms": Target(receiver.send)})

    soon = deliver_pending(database, clock, settings, {"wms": Target(receiver.send)})
    clock.move(timedelta(minutes=1))
    later = deliver_pending(database, clock, settings, {"wms": Target(receiver.send)})

    assert (soon.sent, later.sent) == (0, 2)
    assert receiver.received == ["a1", "a2"]


def test_waiting_grows_to_half_an_hour(database, clock, settings) -> None:
    put(database, clock, "a")
    receiver = Receiver(*[TransientError("down")] * 9)

    waits = []
    for _ in range(9):
        deliver_pending(database, clock, settings, {"wms": Target(receiver.send)})
        with database.read() as connection:
            not_before = connection.execute(text("select not_before from ops.outbox")).scalar_one()
        waits.append((not_before - clock.now()).total_seconds())
        clock.move(not_before - clock.now())

    assert waits == [30, 60, 120, 240, 480, 960, 1800, 1800, 1800]


def test_a_target_that_is_down_is_tried_once_and_does_not_stop_the_others(database, clock, settings) -> None:
    put(database, clock, "a", "b")
    put(database, clock, "m", target="mail")
    wms, mail = Receiver(TransientError("down"), TransientError("down")), Receiver()

    counts = deliver_pending(database, clock, settings, {"wms": Target(wms.send), "mail": Target(mail.send)})

    assert (counts, mail.received) == (DeliveryCounts(sent=1, postponed=1, refused=0), ["m"])
    assert states(database)["b"] == ("pending", 0)


def test_what_the_other_side_refuses_is_given_up_and_the_next_goes_on(database, clock, settings) -> None:
    put(database, clock, "a1", "a2", subject="order a")
    receiver = Receiver(RefusedError("never"))

    counts = deliver_pending(database, clock, settings, {"wms": Target(receiver.send)})

    assert counts == DeliveryCounts(sent=1, postponed=0, refused=1)
    assert states(database)["a1"][0] == "failed"


def test_what_a_dead_sender_left_claimed_is_sent_again_with_the_same_id(database, clock, settings) -> None:
    put(database, clock, "a")
    with hold_scope(database, "deliver") as lease, database.transaction(lease) as connection:
        connection.execute(text("update ops.outbox set state = 'claimed', attempts = 1"))
    receiver = Receiver()

    deliver_pending(database, clock, settings, {"wms": Target(receiver.send)})

    assert (receiver.received, states(database)) == (["a"], {"a": ("sent", 2)})


def test_a_target_that_can_be_asked_is_asked_before_anything_is_sent_again(database, clock, settings) -> None:
    put(database, clock, "a", "b")
    receiver = Receiver(StopError("answer lost"), StopError("answer lost"))
    known = {"a": {"order": "W1"}}
    target = Target(receiver.send, ask=lambda parcel: known.get(parcel.outbox_id))
    deliver_pending(database, clock, settings, {"wms": target})
    assert states(database) == {"a": ("unknown", 1), "b": ("unknown", 1)}

    clock.move(timedelta(minutes=1))
    deliver_pending(database, clock, settings, {"wms": target})

    assert receiver.received == ["b"]
    assert states(database) == {"a": ("sent", 2), "b": ("sent", 2)}


def test_a_mail_never_waits_behind_thousands_of_tracking_numbers(database, clock, settings) -> None:
    put(database, clock, "n1", "n2", "n3", target="tracking:tb")
    put(database, clock, "mail", target="mail")
    receiver = Receiver()
    targets = {"tracking:tb": Target(receiver.send, is_bulk=True), "mail": Target(receiver.send)}

    deliver_pending(database, clock, settings, targets)

    assert receiver.received == ["mail", "n1", "n2", "n3"]


def test_two_deliveries_do_not_work_at_once(database, clock, settings) -> None:
    with hold_scope(database, "deliver"), pytest.raises(LeaseTaken):
        deliver_pending(database, clock, settings, {})


def test_rows_of_an_unknown_target_wait(database, clock, settings) -> None:
    put(database, clock, "a", target="carrier pigeon")

    deliver_pending(database, clock, settings, {"wms": Target(Receiver().send)})

    assert states(database) == {"a": ("pending", 0)}


@pytest.mark.parametrize(
    "error",
    [
        KeyError("to"), OSError(28, "No space left"), UnicodeError(), TypeError(), AttributeError("get"),
        RecursionError(), OverflowError(),
    ],
)  # fmt: skip
def test_a_row_that_its_sender_cannot_handle_waits_and_the_others_leave(
    database, clock, settings, error: Exception
) -> None:
    put(database, clock, "odd", "good")
    receiver = Receiver(error)

    counts = deliver_pending(database, clock, settings, {"wms": Target(receiver.send)})

    assert (counts, receiver.received) == (DeliveryCounts(1, 1, 0), ["good"])
    assert states(database)["odd"] == ("pending", 1)


@pytest.mark.parametrize("said", ["a NUL \x00 in it", "half a character \ud83d"])
def test_words_that_no_database_takes_keep_nothing_from_leaving(database, clock, settings, said: str) -> None:
    put(database, clock, "fails", "answers", "good")
    receiver = Receiver(StopError(said))
    answers = {"answers": {"said": said}, "good": {}}

    def send(parcel):
        receiver.send(parcel)
        return answers[parcel.outbox_id]

    counts = deliver_pending(database, clock, settings, {"wms": Target(send)})

    assert counts == DeliveryCounts(sent=2, postponed=1, refused=0)


def test_what_the_other_side_says_of_a_receiver_is_kept_without_the_phone(database, clock, settings) -> None:
    put(database, clock, "fails", "refused", "answers")
    receiver = Receiver(StopError("no address of 13812345670"), RefusedError("13812345670 is unknown"))

    def send(parcel):
        receiver.send(parcel)
        return {"said": ["told 13812345670"], "pieces": 13812345670}

    deliver_pending(database, clock, settings, {"wms": Target(send)})

    with database.read() as connection:
        kept = [row[0] for row in connection.execute(text("select o::text from ops.outbox as o"))]
    assert [row.count("13812345670") for row in kept] == [0, 0, 1]


def test_an_effect_that_breaks_its_sender_is_logged_by_place_without_values(
    database, clock, settings, capsys
) -> None:
    """As a command logs: its lines would show what every name in the frames stood for."""
    put(database, clock, "odd")

    def send(parcel):
        secret = "TOP-SECRET-OF-THE-CONNECTION"
        return {"n": int(f"{secret} 13812345670")}

    deliver_pending(database, clock, settings, {"wms": Target(send)})

    said = "".join(capsys.readouterr())
    assert ("ValueError" in said, "test_delivery_dispatch.py" in said) == (True, True)
    assert ("TOP-SECRET" in said, "13812345670" in said) == (False, False)
