"""Three doubtful orders in a row: of one buyer high risk, of one source an incident."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from orderhub.db.engine import Database
from tests.sql.quality.arrangement import Hub, open_hub

DOUBTS: Mapping[str, tuple[Mapping[str, Any], Mapping[str, Any]]] = {
    "A": ({}, {"address_verdict": "too_short"}),
    "B": ({"paid_fen": 900}, {"address_verdict": "ok"}),
    "-": ({}, {"address_verdict": "ok"}),
    "*": ({}, {"address_verdict": None}),
}
MARKED = "select order_id from core.anomalies where rule_id = 'high_risk_buyer' and state = 'open' order by order_id"
ALERTS = "select subject, closed_at is null from ops.alerts where rule_id = 'high_risk_buyer' order by 1"


@pytest.fixture
def hub(database: Database) -> Hub:
    return open_hub(database)


def put(hub: Hub, number: int, doubt: str, **order: Any) -> None:
    """Put the `number`-th order of a buyer: A vague address, B wrong amount, - clean, * masked."""
    own, receiver = DOUBTS[doubt]
    hours = f"2026-03-01T{number:02}:"
    times = {"placed_at": f"{hours}00:00Z", "paid_at": f"{hours}01:00Z"}
    hub.put({"order_id": f"tb/{number}", **times, **own, **order}, receiver=receiver)


def put_all(hub: Hub, doubts: str, **order: Any) -> None:
    for number, doubt in enumerate(doubts, start=1):
        put(hub, number, doubt, **order)


def marked(hub: Hub) -> list[str]:
    return [row[0].removeprefix("tb/") for row in hub.rows(MARKED)]


@pytest.mark.parametrize(
    ("doubts", "mode", "expected"),
    [
        ("AAA", "any", ["1", "2", "3"]),
        ("AA", "any", []),
        ("A-AA", "any", []),
        ("A-AAA", "any", ["3", "4", "5"]),
        ("AB*A", "any", ["1", "2", "4"]),
        ("ABA", "any", ["1", "2", "3"]),
        ("ABA", "same", []),
        ("ABAA", "same", []),
        ("AAA", "same", ["1", "2", "3"]),
        ("A*AA", "same", ["1", "3", "4"]),
        ("AAAAA", "any", ["1", "2", "3", "4", "5"]),
        ("AAA-AA", "any", ["1", "2", "3"]),
    ],
)
def test_only_hits_in_a_row_are_high_risk(hub: Hub, doubts: str, mode: str, expected: list[str]) -> None:
    hub.execute("update ops.streaks set mode = :mode where scope = 'buyer'", mode=mode)
    put_all(hub, doubts)

    hub.check()

    assert marked(hub) == expected


def test_one_hit_holds_already(hub: Hub) -> None:
    put_all(hub, "A")

    hub.check()

    assert hub.rows("select rule_id from core.holds") == [("vague_address",)]


def test_two_buyers_interleaved_are_two_rows(hub: Hub) -> None:
    for number in (1, 3):
        put(hub, number, "A", customer_id="buyer-1")
        put(hub, number + 1, "A", customer_id="buyer-2")

    hub.check()

    assert marked(hub) == []


@pytest.mark.parametrize("customer_id", ["buyer-1", None], ids=["open id", "phone"])
def test_one_key_on_two_platforms_is_two_buyers(hub: Hub, customer_id: str | None) -> None:
    for number in (1, 2):
        put(hub, number, "A", customer_id=customer_id)
    put(hub, 3, "A", customer_id=customer_id, order_id="sheet/3", platform="spreadsheet")
    hub.execute("update core.receivers set phone_hash = 'hash-of-one-phone'")

    hub.check()

    assert marked(hub) == []


def test_orders_that_are_paid_at_the_door_stand_in_a_row(hub: Hub) -> None:
    put_all(hub, "AAA", payment_state="cod_accepted", paid_at=None)

    hub.check()

    assert marked(hub) == ["1", "2", "3"]


def test_orders_from_before_go_live_neither_count_nor_end_a_row(hub: Hub) -> None:
    put_all(hub, "AA-A")
    hub.execute("update core.orders set lifecycle = 'history' where order_id = 'tb/3'")

    hub.check()

    assert marked(hub) == ["1", "2", "4"]


def test_orders_of_nobody_never_stand_in_a_row(hub: Hub) -> None:
    put_all(hub, "AAA", customer_id=None)

    hub.check()

    assert marked(hub) == []


def test_without_an_open_id_the_plain_phone_is_the_buyer(hub: Hub) -> None:
    put_all(hub, "AAA", customer_id=None)
    hub.execute("update core.receivers set phone_hash = 'hash-of-one-phone'")

    hub.check()

    assert marked(hub) == ["1", "2", "3"]


def test_a_row_of_one_plain_phone_is_found_and_ends_whole_though_its_orders_are_days_apart(hub: Hub) -> None:
    for number in (1, 2, 3):
        paid_at = f"2026-03-0{number * 2}T01:00:00Z"
        put(hub, number, "A", customer_id=None, placed_at=paid_at, paid_at=paid_at)
        hub.execute("update core.receivers set phone_hash = 'hash-of-one-phone'")
        hub.check()
    found = marked(hub)
    hub.execute("update core.orders set version_id = 'v2' where order_id = 'tb/2'")
    hub.execute("update core.receivers set address_verdict = 'ok' where order_id = 'tb/2'")

    hub.check()

    assert (found, marked(hub)) == (["1", "2", "3"], [])


def test_the_missing_third_that_arrives_late_completes_the_row(hub: Hub) -> None:
    put(hub, 1, "A")
    put(hub, 3, "A")
    hub.check()
    before = marked(hub)
    put(hub, 2, "B")

    hub.check()

    assert (before, marked(hub)) == ([], ["1", "2", "3"])


def test_a_clean_order_that_arrives_late_takes_the_mark_back(hub: Hub) -> None:
    put_all(hub, "AAA")
    hub.check()
    put(hub, 4, "-", paid_at="2026-03-01T02:30:00Z", placed_at="2026-03-01T02:30:00Z")

    hub.check()

    assert marked(hub) == []
    assert hub.rows(ALERTS) == [("tb/1", False)]


def test_one_order_counts_once_however_often_it_is_judged(hub: Hub) -> None:
    put(hub, 1, "A")
    hub.check()
    for version in ("v2", "v3"):
        hub.execute("update core.orders set version_id = :version", version=version)
        hub.check()

    assert marked(hub) == []


def test_orders_that_were_never_paid_neither_count_nor_end_a_row(hub: Hub) -> None:
    put(hub, 1, "A")
    put(hub, 2, "-", payment_state="unpaid", gate="wait", paid_at=None)
    put(hub, 3, "A")
    put(hub, 4, "A", payment_state="unpaid", gate="stop", status="closed", paid_at=None)
    put(hub, 5, "A")

    hub.check()

    assert marked(hub) == ["1", "3", "5"]


@pytest.mark.parametrize(
    ("known", "expected"), [({"was_checkable": False}, ["1", "2", "4"]), ({"was_checkable": True}, [])]
)
def test_a_stopped_order_ends_a_row_only_if_it_could_be_checked_before(
    hub: Hub, known: Mapping[str, Any], expected: list[str]
) -> None:
    put_all(hub, "AA")
    put(hub, 3, "-", gate="stop", status="closed", payment_state="refunded", **known)
    put(hub, 4, "A")

    hub.check()

    assert marked(hub) == expected


def test_a_false_alarm_counts_as_clean(hub: Hub) -> None:
    put(hub, 1, "A")
    put(hub, 2, "A")
    hub.check()
    hub.execute("update core.anomalies set is_false_alarm = true where order_id = 'tb/2'")
    put(hub, 3, "A")

    hub.check()

    assert marked(hub) == []


def stop_source(hub: Hub, pass_id: int) -> None:
    """Stop the shop as the breaker does in that pass."""
    hub.execute(
        "insert into ops.source_stops (stop_id, shop_id, rule_id, evidence, stopped_at, _pass_id) "
        f"values ('s', 'tb', 'source_amounts_swapped', '{{}}', :at, {pass_id})",
        at=hub.clock.now(),
    )


@pytest.mark.parametrize("doubt", ["B", "-"])
def test_an_order_of_a_stopped_source_neither_counts_nor_ends_a_row(hub: Hub, doubt: str) -> None:
    put(hub, 1, "A")
    put(hub, 2, "A")
    pass_id, _ = hub.check()
    stop_source(hub, pass_id + 1)
    put(hub, 3, doubt, _pass_id=pass_id + 1)
    hub.check()
    unsure = marked(hub)
    hub.clock.move(timedelta(hours=1))
    hub.execute("update ops.source_stops set resumed_at = :at", at=hub.clock.now())
    hub.clock.move(timedelta(hours=1))
    put(hub, 4, "A")

    hub.check()

    assert (unsure, marked(hub)) == ([], {"B": ["1", "2", "4"], "-": []}[doubt])


def test_an_order_that_a_stopped_source_calls_good_does_not_end_a_row(hub: Hub) -> None:
    put(hub, 1, "A")
    put(hub, 2, "A")
    put(hub, 4, "A")
    pass_id, _ = hub.check()
    before = marked(hub)
    stop_source(hub, pass_id + 1)
    put(hub, 3, "-", _pass_id=pass_id + 1)

    hub.check()

    assert (before, marked(hub)) == (["1", "2", "4"], ["1", "2", "4"])


def test_a_released_order_that_shipped_still_counts(hub: Hub) -> None:
    put(hub, 1, "A")
    hub.check()
    hub.execute("update core.orders set gate = 'stop', status = 'shipped', version_id = 'v2'")
    hub.check()
    put(hub, 2, "A")
    put(hub, 3, "A")

    hub.check()

    assert marked(hub) == ["2", "3"]


def test_hits_further_apart_than_the_window_are_no_row(hub: Hub) -> None:
    put(hub, 1, "A", placed_at="2026-01-01T00:00:00Z", paid_at="2026-01-01T00:01:00Z")
    put(hub, 2, "A")
    put(hub, 3, "A")

    hub.check()

    assert marked(hub) == []


def test_a_row_that_grows_raises_no_second_alert(hub: Hub) -> None:
    put_all(hub, "AAA")
    hub.check()
    put(hub, 4, "A")
    put(hub, 5, "B")

    hub.check()

    assert marked(hub) == ["1", "2", "3", "4", "5"]
    assert hub.rows(ALERTS) == [("tb/1", True)]


def test_rows_of_last_year_alert_nobody(hub: Hub) -> None:
    for number in (1, 2, 3):
        day = f"2025-03-0{number}T00:"
        put(hub, number, "A", placed_at=f"{day}00:00Z", paid_at=f"{day}01:00Z")

    hub.check()

    assert marked(hub) == ["1", "2", "3"]
    assert hub.rows(ALERTS) == []


def test_rows_of_a_shop_in_shadow_mode_alert_nobody(hub: Hub) -> None:
    for number in (1, 2, 3):
        put(hub, number, "A", order_id=f"shadow/{number}")

    hub.check()

    assert len(marked(hub)) == 3
    assert hub.rows(ALERTS) == []


def test_three_in_a_row_from_one_source_are_an_incident_and_no_high_risk(hub: Hub) -> None:
    for number in (1, 2, 3):
        put(hub, number, "A", customer_id=f"buyer-{number}")

    hub.check()

    assert marked(hub) == []
    assert hub.rows("select subject, fingerprint from ops.alerts where rule_id = 'source_incident'") == [
        ("tb", "address")
    ]


def test_three_in_a_row_among_many_good_ones_are_noise(hub: Hub) -> None:
    for number in (1, 2, 3):
        put(hub, number, "A", customer_id=f"buyer-{number}")
    for number in range(4, 20):
        put(hub, number, "-", customer_id=f"buyer-{number}")

    hub.check()

    assert hub.rows("select subject from ops.alerts where rule_id = 'source_incident'") == []


INCIDENTS = "select subject from ops.alerts where rule_id = 'source_incident'"


@pytest.mark.parametrize(("doubts", "expected"), [("AA*A", [("tb",)]), ("AA-A", [])])
def test_a_masked_address_neither_counts_nor_ends_a_row_of_a_source(
    hub: Hub, doubts: str, expected: list[Any]
) -> None:
    for number, doubt in enumerate(doubts, start=1):
        put(hub, number, doubt, customer_id=f"buyer-{number}")

    hub.check()

    assert hub.rows(INCIDENTS) == expected


def test_an_order_that_no_check_could_see_does_not_end_a_row_of_its_source(hub: Hub) -> None:
    for number, doubt in enumerate("AA-A", start=1):
        put(hub, number, doubt, customer_id=f"buyer-{number}", was_checkable=doubt == "A")

    hub.check()

    assert hub.rows(INCIDENTS) == [("tb",)]


def test_doubtful_orders_of_a_source_that_are_months_apart_are_no_row(hub: Hub) -> None:
    for number, month in enumerate(("2025-01", "2025-06", "2026-02"), start=1):
        paid_at = f"{month}-01T01:00:00Z"
        put(hub, number, "A", customer_id=f"buyer-{number}", placed_at=paid_at, paid_at=paid_at)

    hub.check()

    assert hub.rows(INCIDENTS) == []


def test_a_false_alarm_is_clean_in_the_row_of_its_source(hub: Hub) -> None:
    for number in (1, 2):
        put(hub, number, "A", customer_id=f"buyer-{number}")
    hub.check()
    hub.execute("update core.anomalies set is_false_alarm = true where order_id = 'tb/1'")
    put(hub, 3, "A", customer_id="buyer-3")
    hub.execute("update core.orders set checked_version = null")

    hub.check()

    assert hub.rows(INCIDENTS) == []
