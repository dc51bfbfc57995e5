"""A document that its warehouse did not give back for one cause is asked for again when another comes."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from orderhub.alerts.watch import look_around
from orderhub.fulfillment.recalls import end_hand_recall
from tests.builders import rows
from tests.wms.conftest import House
from tests.wms.test_intercepts import ALERTS, HOLDS, NEW_TOKEN, change, clean, list_all, open_files

STOP = "update core.orders set gate = 'stop', status = 'closed' where order_id = 'tb/1'"
NEWER_TOKEN = "update core.receivers set token = 'OAID-3' where order_id = 'tb/1'"
OLD_TOKEN = "update core.receivers set token = 'OAID-1' where order_id = 'tb/1'"
HELD = """
    insert into core.holds (hold_id, anomaly_id, rule_id, subject_type, subject_id, order_id, state, placed_at)
    select 'h', anomaly_id, 'memo_instruction', 'order', 'tb/1', 'tb/1', 'active', now() from core.anomalies limit 1"""
STOP_LINE = "update core.order_lines set gate = 'stop' where order_id = 'tb/1' and line_id = '{}'"
RECALL = "select recall, recall_reason from core.delivery_orders where fulfillment_order_id = 'tb/1@1'"
QUESTIONS = "select count(*)::int from ops.outbox where outbox_id like 'wms:cancel:%' and state = 'sent'"


def picked(house: House) -> None:
    """One order of two lines that the WMS has picked and does not give back for a new address."""
    house.open(orders=1)
    house.deliver()
    house.wms.ledger.find("tb-1-1").status = "PICK"
    change(house, NEW_TOKEN)
    house.deliver()
    look_around(house.database, house.clock, house.active)


def test_a_cancellation_asks_again_for_what_was_refused_for_a_new_address(house: House):
    picked(house)
    before = rows(house.database, ALERTS)
    house.wms.ledger.find("tb-1-1").status = "ACCEPT"

    change(house, STOP)
    house.deliver()

    assert before == [("parcel_to_old_address", "tb/1@1")]
    assert rows(house.database, RECALL) == [("agreed", "order_stopped")]
    assert rows(house.database, "select distinct state from core.fulfillment_orders") == [("cancelled",)]
    assert clean(house) == []


@pytest.mark.slow
def test_a_second_refusal_is_told_for_what_it_is_and_nothing_is_asked_twice(house: House):
    picked(house)
    change(house, STOP)
    house.deliver()
    house.clock.move(timedelta(hours=1))
    change(house, "select 1")
    house.deliver()
    look_around(house.database, house.clock, house.active)

    assert rows(house.database, ALERTS) == [("wms_recall_refused", "tb/1@1")]
    assert rows(house.database, QUESTIONS) == [(2,)]
    assert rows(house.database, HOLDS) == [("tb/1@1", "active")]


@pytest.mark.slow
def test_another_line_and_another_address_are_other_causes(house: House):
    picked(house)
    for statement in (NEWER_TOKEN, STOP_LINE.format(1), STOP_LINE.format(2)):
        change(house, statement)
        house.deliver()

    assert rows(house.database, QUESTIONS) == [(4,)]
    assert rows(house.database, RECALL) == [("refused", "line_stopped")]


def test_people_are_asked_again_by_a_new_cause_and_see_it_held(house: House):
    open_files(house)
    list_all(house)
    change(house, NEW_TOKEN)
    end_hand_recall(house.database, house.clock, "tb/1@1", "refused", "clerk", "已拣货")
    change(house, "update core.orders set version_id = 'v2', checked_version = 'v2' where order_id = 'tb/1'")
    quiet = rows(house.database, HOLDS)

    change(house, STOP)
    look_around(house.database, house.clock, house.active)

    assert quiet == [("tb/1@1", "closed")]
    assert rows(house.database, ALERTS) == [("recall_by_hand", "tb/1@1")]
    assert sorted(rows(house.database, HOLDS)) == [("tb/1@1", "active"), ("tb/1@1", "closed")]
    end_hand_recall(house.database, house.clock, "tb/1@1", "agreed", "clerk", "拦下来了")
    with house.database.engine.connect() as connection:
        assert (
            connection.execute(text("select count(*) from core.reservations where state = 'active'")).scalar()
            == 1
        )
    assert clean(house) == []


def test_what_a_warehouse_set_aside_for_a_cause_that_is_over_is_given_back_all_the_same(house: House):
    open_files(house)
    list_all(house)
    change(house, NEW_TOKEN)
    change(house, OLD_TOKEN)
    look_around(house.database, house.clock, house.active)
    over = rows(house.database, "select state, ended_by from core.hand_recalls")

    end_hand_recall(house.database, house.clock, "tb/1@1", "agreed", "clerk", "已经拿下来了")
    change(house, "select 1")

    assert (over, rows(house.database, ALERTS)) == ([("over", "recall")], [])
    assert rows(house.database, "select state, reason, ended_by from core.hand_recalls") == [
        ("agreed", "given_back", "clerk")
    ]
    assert rows(
        house.database, "select state from core.fulfillment_orders where order_id = 'tb/1' order by 1"
    ) == [
        ("allocated",),
        ("cancelled",),
    ]
    assert clean(house) == []


@pytest.mark.parametrize("still", [HELD, "update core.orders set version_id = 'v9' where order_id = 'tb/1'"])
def test_a_recall_is_not_over_while_something_else_keeps_the_order(house: House, still: str):
    picked(house)

    change(house, f"{OLD_TOKEN}; {still}")

    assert rows(house.database, RECALL) == [("refused", "destination_changed")]
