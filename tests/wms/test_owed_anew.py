"""What an order owes at the door changes after its list was closed: the parcel is called back, and asks for what is owed."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from orderhub.alerts.watch import look_around
from orderhub.fulfillment.close import close_due
from orderhub.fulfillment.cutoffs import request_extra
from orderhub.fulfillment.fates import Departure, end_as_left
from orderhub.fulfillment.recalls import end_hand_recall
from orderhub.fulfillment.run import run_fulfillment
from orderhub.operate.verify import verify
from tests.builders import Line, Order, activate, put, rows, stock
from tests.wms.conftest import HOUSES, House

COLLECTED = "select fulfillment_order_id, state, cod_fen from core.fulfillment_orders order by 1"
ALERTS = """
    select rule_id, subject from ops.alerts
    where closed_at is null and rule_id not in ('stale_stock', 'tracking_by_hand') order by 1, 2"""
HELD = """
    select h.subject_id, h.state, a.evidence ->> 'reason' from core.holds as h
    join core.anomalies as a using (anomaly_id) where h.rule_id = 'recall_open' order by 1"""
RULES = """\
rules:
  - {id: anywhere, warehouses: [hangzhou, yiwu], split_from: "0.00", reason: {zh: 都行, en: anywhere}}
"""
OWES = "update core.orders set payment_state = 'cod_accepted', paid_fen = 10601, freight_fen = 600"


def say(house: House, *statements: str) -> None:
    with house.database.engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def now_owed(house: House, values: str, *more: str) -> None:
    """The platform tells another amount of order tb/1 in a newer version, and the hub's next pass sees it."""
    newer = "version_id = version_id || '+', checked_version = version_id || '+'"
    say(house, f"update core.orders set {values}, {newer} where order_id = 'tb/1'", *more)
    run_fulfillment(house.database, house.clock, house.active)


def open_at_door(house: House, **pieces: int) -> None:
    """Close lists with order tb/1, which owes 106.01 with a freight of 6.00."""
    with house.database.engine.begin() as connection:
        house.config = activate(
            connection, warehouses=HOUSES.format(batch_size=50), more={"routing.yaml": RULES}
        )
        stock(connection, **(pieces or {"hangzhou__MUG": 20, "hangzhou__CUP": 20}))
        put(connection, Order("1", (Line("MUG", 2), Line("CUP", 1, title="杯子")), paid_fen=10_601))
    say(house, OWES, "update core.order_lines set paid_fen = case line_id when '1' then 7000 else 3001 end")
    for item in ("MUG", "CUP"):
        house.wms.ledger.put("HZ01", item, 20)
    house.close()
    house.deliver()


def look(house: House) -> list[tuple[object, ...]]:
    look_around(house.database, house.clock, house.active)
    return rows(house.database, ALERTS)


def follow(house: House) -> None:
    """The WMS answers, what it gave back is listed anew and handed over."""
    house.clock.move(timedelta(minutes=5))
    house.deliver()
    house.close()
    house.deliver()


def test_another_amount_calls_the_document_back_and_the_next_one_asks_for_it(house: House):
    open_at_door(house)

    now_owed(house, "paid_fen = 9601")
    asked, held = look(house), rows(house.database, HELD)
    follow(house)

    assert asked == [("recall_requested", "tb/1@1")]
    assert held == [("tb/1@1", "active", "owed_changed")]
    assert rows(house.database, COLLECTED) == [
        ("tb/1@1", "cancelled", 10_601), ("tb/1@2", "manifested", 9_601)
    ]  # fmt: skip
    assert house.wms.ledger.find("tb-1-2").due == "96.01"
    assert look(house) == []
    assert [result.violations for result in verify(house.database) if result.violations] == []


def test_what_was_paid_at_the_platform_meanwhile_is_not_collected_again(house: House):
    open_at_door(house)

    now_owed(house, "payment_state = 'paid'")
    follow(house)

    assert rows(house.database, COLLECTED) == [
        ("tb/1@1", "cancelled", 10_601), ("tb/1@2", "manifested", None)
    ]  # fmt: skip


@pytest.mark.parametrize("values", ["seller_memo = '备注'", "paid_fen = 0", "paid_fen = null"])
def test_a_version_that_owes_the_same_or_tells_nothing_calls_nothing_back(house: House, values: str):
    open_at_door(house)

    now_owed(house, values)

    assert rows(house.database, "select recall from core.delivery_orders") == [(None,)]
    assert look(house) == []


def test_an_amount_that_is_what_it_was_again_needs_nobody(house: House):
    open_at_door(house)
    house.wms.ledger.find("tb-1-1").status = "PICK"

    now_owed(house, "paid_fen = 9601")
    house.deliver()
    refused = look(house)
    now_owed(house, "paid_fen = 10601")

    assert refused == [("parcel_at_old_amount", "tb/1@1")]
    assert (look(house), rows(house.database, "select state from core.holds")) == ([], [("closed",)])


def test_a_third_amount_is_a_question_of_its_own(house: House):
    open_at_door(house)
    house.wms.ledger.find("tb-1-1").status = "PICK"
    now_owed(house, "paid_fen = 9601")
    house.deliver()

    now_owed(house, "paid_fen = 9000")

    assert rows(house.database, "select recall, recalled_for from core.delivery_orders") == [
        ("requested", ["owed_changed#9601", "owed_changed#9000"])
    ]


def test_what_has_left_is_told_and_not_called_back(house: House):
    open_at_door(house)
    house.ship_all()
    house.confirm()

    now_owed(house, "paid_fen = 9601")
    told = look(house)
    now_owed(house, "status = 'done', payment_state = 'paid', is_terminal = true, gate = 'stop'")

    assert told == [("collects_old_amount", "tb/1")]
    assert rows(house.database, "select recall from core.delivery_orders") == [(None,)]
    assert look(house) == []


def list_at_yiwu(house: House) -> None:
    request_extra(house.database, house.clock, house.active, "yiwu", "test")
    close_due(house.database, house.clock, house.active, {})


def open_in_two_parts(house: House) -> None:
    """The mugs go from Hangzhou with 76.00 to collect, the cup from Yiwu, which has no WMS, with 30.01."""
    open_at_door(house, hangzhou__MUG=20, yiwu__CUP=20)
    list_at_yiwu(house)


def test_the_part_that_is_still_here_makes_up_for_the_part_that_left(house: House):
    open_in_two_parts(house)
    end_as_left(house.database, house.clock, "tb/1@2", Departure(), "li", "揽收员拿走了")

    now_owed(house, "paid_fen = 9601")
    follow(house)

    assert rows(house.database, COLLECTED) == [
        ("tb/1@1", "cancelled", 7_600), ("tb/1@2", "shipped", 3_001), ("tb/1@3", "manifested", 6_600)
    ]  # fmt: skip
    assert "collects_old_amount" not in {rule for rule, _ in look(house)}


def test_only_the_part_that_would_ask_for_something_else_is_called_back(house: House):
    open_in_two_parts(house)

    now_owed(
        house,
        "paid_fen = 9601",
        "update core.order_lines set paid_fen = 2001 where order_id = 'tb/1' and line_id = '2'",
    )
    asked = look(house)
    end_hand_recall(house.database, house.clock, "tb/1@2", "agreed", "li", "还没拣")
    run_fulfillment(house.database, house.clock, house.active)
    house.clock.move(timedelta(minutes=5))
    list_at_yiwu(house)

    assert asked == [("recall_by_hand", "tb/1@2")]
    assert rows(house.database, COLLECTED) == [
        ("tb/1@1", "manifested", 7_600), ("tb/1@2", "cancelled", 3_001), ("tb/1@3", "manifested", 2_001)
    ]  # fmt: skip
    assert (look(house), rows(house.database, "select recall from core.delivery_orders")) == ([], [(None,)])
