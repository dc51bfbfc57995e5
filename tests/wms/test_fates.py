"""A warehouse kept a document that was called back, and says nothing more: a person asked, and says what became of it."""

from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import CliRunner

from orderhub.alerts.watch import look_around
from orderhub.cli import app
from orderhub.db.postgres import Server
from orderhub.errors import StopError
from orderhub.fulfillment.fates import Departure, Stayed, end_as_left, end_as_stayed
from orderhub.fulfillment.recalls import end_hand_recall
from orderhub.fulfillment.tracking_mending import open_writes
from orderhub.operate.explain import explain
from tests.builders import NOON, rows
from tests.conftest import PASSWORDS
from tests.wms.conftest import House
from tests.wms.test_intercepts import (
    ALERTS,
    DOCUMENTS,
    HOLDS,
    NEW_TOKEN,
    change,
    clean,
    list_all,
    open_files,
)
from tests.wms.test_part_left import PROMISED, part_leaves

STOP = "update core.orders set gate = 'stop', status = 'closed' where order_id = 'tb/1'"
STOP_CUP = "update core.order_lines set gate = 'stop' where order_id = 'tb/1' and line_id = '2'"
PARCELS = (
    "select fulfillment_order_id, carrier_code, tracking_number, source from core.shipments order by 1, 3"
)
AUDIT = "select recorded_at, actor, action, subject_id, detail ->> 'reason' from ops.audit where action in ('left', 'stayed')"
ENDED = "select f.cancelled_at, d.ended_at, d.state from core.fulfillment_orders as f join core.delivery_orders as d using (fulfillment_order_id)"
NUMBERED = Departure("ZTO", "78500000000009")


def refused(house: House, cause: str = STOP, orders: int = 1) -> None:
    """Documents of two mugs and a cup, of which the WMS has picked the first and does not give it back."""
    house.open(orders=orders)
    house.deliver()
    house.wms.ledger.find("tb-1-1").status = "PICK"
    change(house, cause)
    house.deliver()
    house.clock.move(timedelta(days=3))


def left(house: House, departure: Departure | None = None, document: str = "tb/1@1") -> int:
    return end_as_left(
        house.database, house.clock, document, departure or Departure(), "clerk", "仓库查到已交中通"
    )


def stayed(house: House, document: str = "tb/1@1") -> Stayed:
    return end_as_stayed(house.database, house.clock, document, "clerk", "货还在架上")


def settled(house: House) -> list[tuple[object, ...]]:
    """What the next pass and the next look leave open, and what verify finds."""
    change(house, "select 1")
    look_around(house.database, house.clock, house.active)
    open_holds = [(subject,) for subject, state in rows(house.database, HOLDS) if state == "active"]
    return [*rows(house.database, ALERTS), *open_holds, *clean(house)]


def test_what_left_by_a_number_that_a_person_gives_is_shipped_and_told_once(house: House):
    refused(house)

    ended = left(house, NUMBERED)

    assert ended == 1
    assert rows(house.database, DOCUMENTS) == [("tb/1@1", "hangzhou", "shipped", None)]
    assert rows(house.database, PARCELS) == [("tb/1@1", "ZTO", "78500000000009", "hand")]
    assert rows(house.database, PROMISED) == [("CUP", 19, 0), ("MUG", 18, 0)]
    assert rows(house.database, AUDIT) == [(house.clock.now(), "clerk", "left", "tb/1@1", "仓库查到已交中通")]
    with pytest.raises(StopError, match="no warehouse holds it"):
        left(house, NUMBERED)
    assert [found for found in settled(house) if found != ("tracking_by_hand", "tb")] == []


def test_what_left_and_nobody_knows_its_number_is_shipped_and_a_person_tells_its_platform(house: House):
    refused(house)

    left(house)
    house.deliver()
    asked = [(row.tracking_number, row.state, row.reason) for row in open_writes(house.database, "tb")]

    assert rows(house.database, PARCELS) == [("tb/1@1", "-", "-", "hand")]
    assert rows(house.database, PROMISED) == [("CUP", 19, 0), ("MUG", 18, 0)]
    assert asked == [("-", "by_hand", "no_number")]
    assert settled(house) == [("tracking_by_hand", "tb")]


def test_what_stayed_of_a_cancelled_order_is_free_once_and_nothing_is_sent(house: House):
    refused(house)

    ended = stayed(house)
    house.close()

    assert ended == Stayed(1, codes=("tb-1-1",))
    assert rows(house.database, DOCUMENTS) == [("tb/1@1", "hangzhou", "cancelled", "order_stopped")]
    assert rows(house.database, PROMISED) == [("CUP", 20, 0), ("MUG", 20, 0)]
    assert rows(house.database, AUDIT) == [(house.clock.now(), "clerk", "stayed", "tb/1@1", "货还在架上")]
    for again in (stayed, left):
        with pytest.raises(StopError, match="no warehouse holds it"):
            again(house)
    assert settled(house) == []


def test_what_stayed_goes_to_the_new_address_under_a_document_of_its_own(house: House):
    refused(house, NEW_TOKEN)

    stayed(house)
    house.close()
    house.deliver()
    house.clock.move(timedelta(minutes=5))
    house.wms.ledger.ship("tb-1-2", house.clock.now())
    house.confirm()

    assert rows(house.database, DOCUMENTS) == [
        ("tb/1@1", "hangzhou", "cancelled", "destination_changed"),
        ("tb/1@2", "hangzhou", "shipped", None),
    ]
    assert rows(house.database, PROMISED) == [("CUP", 19, 0), ("MUG", 18, 0)]
    assert [found for found in settled(house) if found != ("tracking_by_hand", "tb")] == []


def test_a_question_that_the_wms_answers_after_the_person_did_changes_nothing(house: House):
    house.open(orders=1)
    house.deliver()
    house.plan({"kind": "silent", "method": "order.cancel"})
    change(house, STOP)
    house.deliver()

    stayed(house)
    before = rows(house.database, ENDED)
    house.clock.move(timedelta(hours=1))
    house.deliver()
    house.confirm()

    assert (before, rows(house.database, ENDED)) == ([(NOON, NOON, "cancelled")], before)
    assert rows(house.database, PROMISED) == [("CUP", 20, 0), ("MUG", 20, 0)]
    assert settled(house) == []


def test_the_rest_of_what_left_in_part_leaves_or_stays_and_what_left_before_is_kept(house: House):
    part_leaves(house, {"MUG": 2})
    change(house, STOP_CUP)
    house.deliver()

    stayed(house)

    assert rows(house.database, DOCUMENTS) == [("tb/1@1", "hangzhou", "shipped", None)]
    assert rows(house.database, PROMISED) == [("CUP", 20, 0), ("MUG", 18, 0)]
    assert [found for found in settled(house) if found != ("tracking_by_hand", "tb")] == []


def test_the_number_that_is_known_already_is_no_second_parcel(house: House):
    part_leaves(house, {"MUG": 2})
    [(number,)] = rows(house.database, "select tracking_number from core.shipments")

    with pytest.raises(StopError, match="known already"):
        left(house, Departure("ZTO", str(number)))
    left(house)

    assert rows(house.database, "select sum(quantity)::int from core.shipment_lines") == [(3,)]
    assert rows(house.database, PROMISED) == [("CUP", 19, 0), ("MUG", 18, 0)]


def test_what_nobody_called_back_may_have_left_and_is_asked_back_before_it_stays(house: House):
    house.open(orders=2)
    house.deliver()

    with pytest.raises(StopError, match="no recall of it"):
        stayed(house)
    left(house, NUMBERED, "tb-2-1")

    assert rows(
        house.database, "select fulfillment_order_id, state from core.fulfillment_orders order by 1"
    ) == [
        ("tb/1@1", "manifested"),
        ("tb/2@1", "shipped"),
    ]
    assert clean(house) == []


@pytest.mark.parametrize("is_gone", [True, False])
def test_a_warehouse_without_a_wms_that_kept_it_and_says_nothing_more_is_asked_by_a_person(
    house: House, *, is_gone: bool
):
    open_files(house)
    list_all(house)
    change(
        house,
        f"{STOP}; update core.orders set version_id = 'v2', checked_version = 'v2' where order_id = 'tb/1'",
    )
    end_hand_recall(house.database, house.clock, "tb/1@1", "refused", "clerk", "已拣货")
    house.clock.move(timedelta(days=8))

    (left if is_gone else stayed)(house)

    assert rows(house.database, DOCUMENTS)[0] == (
        ("tb/1@1", "hangzhou", "shipped", None)
        if is_gone
        else ("tb/1@1", "hangzhou", "cancelled", "order_stopped")
    )
    assert rows(
        house.database, "select on_hand, reserved from core.stock where warehouse_id = 'hangzhou'"
    ) == [(18, 2) if is_gone else (20, 2)]
    assert clean(house) == []


def test_pieces_that_left_before_the_last_count_are_not_taken_out_of_it_again(house: House):
    refused(house)
    change(house, "update core.stock set counted_at = timestamptz '2026-11-25 00:00+08'")

    left(house, Departure("ZTO", "N1", datetime(2026, 11, 24, 9, 0, tzinfo=UTC)))

    assert rows(house.database, PROMISED) == [("CUP", 20, 0), ("MUG", 20, 0)]
    assert clean(house) == []


@pytest.mark.parametrize("number", ["-", "中通", "1" * 61, "12 3", "12\x003"])
def test_what_is_no_tracking_number_is_refused(house: House, number: str):
    refused(house)

    with pytest.raises(StopError, match="tracking number"):
        left(house, Departure("ZTO", number))


@pytest.mark.parametrize("reason", [" ", "已交\x07快递"])
def test_what_a_person_says_of_a_parcel_has_a_reason_that_can_be_kept(house: House, reason: str):
    refused(house)

    with pytest.raises(StopError, match=r"needs a reason|U\+0007"):
        end_as_left(house.database, house.clock, "tb/1@1", Departure(), "clerk", reason)
    with pytest.raises(StopError, match=r"needs a reason|U\+0007"):
        end_as_stayed(house.database, house.clock, "tb/1@1", "clerk", reason)


def test_a_number_needs_the_carrier_that_it_is_of(house: House):
    refused(house)

    with pytest.raises(StopError, match="--carrier"):
        left(house, Departure("", "78500000000009"))


def test_the_story_of_an_order_tells_who_said_that_it_left(house: House):
    refused(house)
    left(house)

    told = [
        step.text for step in explain(house.database, "tb/1").steps if step.what in {"shipped", "decided"}
    ]

    assert told == ["clerk 问到:已发出:仓库查到已交中通", "hangzhou 已发出,没有运单号"]


def test_the_commands_say_what_came_of_it_and_ask_for_a_reason(
    house: House, server: Server, database_name: str
):
    refused(house, orders=2)
    environment = {
        "ORDERHUB_HOME": str(house.settings.home), "ORDERHUB_HASH_KEY": "x", "COLUMNS": "200",
        "ORDERHUB_DATABASE_URL": server.url(database_name, "orderhub_app", PASSWORDS.app),
    }  # fmt: skip
    calls = (
        (
            "recall",
            "left",
            "tb/2@1",
            "--carrier",
            "中通",
            "--number",
            "N9",
            "--at",
            "2026-11-24T09:30",
            "--reason",
            "问过",
        ),
        ("recall", "stayed", "tb-1-1", "--reason", "在架上"),
        ("recall", "stayed", "tb-1-1"),
    )

    gone, kept, bare = (CliRunner().invoke(app, call, env=environment) for call in calls)

    assert (gone.exit_code, kept.exit_code, bare.exit_code) == (0, 0, 2)
    assert ("1 张发货单已发出" in gone.output, "1 张发货单已撤回" in kept.output) == (True, True)
    assert "请仓库在 WMS 里作废单据 tb-1-1," in kept.output
    assert rows(house.database, "select carrier_code, tracking_number, shipped_at from core.shipments") == [
        ("中通", "N9", datetime(2026, 11, 24, 1, 30, tzinfo=UTC))
    ]
    assert clean(house) == []
