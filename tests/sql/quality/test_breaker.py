"""A source whose data are wrong as a whole stops until a person resumes it; a rule that marks too much is told."""

from datetime import timedelta
from typing import Any

import pytest

from orderhub.config.checks import ChecksFile
from orderhub.db.engine import Database
from orderhub.errors import StopError
from orderhub.quality.sources import resume_source
from tests.sql.quality.arrangement import Hub, open_hub

STOPS = "select shop_id, rule_id from ops.source_stops where resumed_at is null order by 1, 2"
BLOCKED = "select distinct blocked_by from core.line_readiness where shop_id = 'tb'"
ALERTS = "select rule_id, subject, closed_at is null from ops.alerts order by 1, 2"


@pytest.fixture
def hub(database: Database) -> Hub:
    hub = open_hub(database)
    hub.execute("update core.check_settings set breaker_minimum_orders = 5")
    hub.execute("insert into core.usual_prices values ('tb', 'SKU-1', 1000, 50, '2026-03-02')")
    return hub


def put_many(
    hub: Hub, count: int, order: dict[str, Any] | None = None, line: dict[str, Any] | None = None
) -> None:
    for number in range(count):
        key = {"order_id": f"tb/{number}", "customer_id": f"b{number}"}
        hub.put({**key, **(order or {})}, line or {})


@pytest.mark.parametrize(
    ("order", "line", "expected"),
    [
        ({"paid_fen": 100_000}, {"paid_fen": 100_000}, "source_amounts_swapped"),
        ({"paid_fen": 10}, {"paid_fen": 10}, "source_amounts_swapped"),
        ({"paid_fen": None}, {"paid_fen": None}, "source_values_missing"),
        ({"placed_at": None}, {}, "source_values_missing"),
        ({}, {"quantity": None}, "source_values_missing"),
        ({"status": "unknown", "gate": "wait"}, {}, "source_schema_drift"),
        ({"unreadable_fields": ["paid"]}, {}, "source_schema_drift"),
        ({}, {"unreadable_fields": ["quantity"]}, "source_schema_drift"),
    ],
)
def test_a_source_that_is_wrong_as_a_whole_is_stopped(hub: Hub, order: Any, line: Any, expected: str) -> None:
    put_many(hub, 5, order, line)

    hub.check()

    assert hub.rows(STOPS) == [("tb", expected)]
    assert (expected, "tb", True) in hub.rows(ALERTS)


@pytest.mark.parametrize(
    ("wrong", "receiver"),
    [({"paid_fen": 100_000}, {}), ({"unreadable_fields": ["receiver"]}, {"province": None, "city": None})],
)
def test_what_is_wrong_with_a_source_makes_none_of_its_buyers_a_risk(
    hub: Hub, wrong: dict[str, Any], receiver: dict[str, Any]
) -> None:
    for number in range(5):
        paid_at = f"2026-03-02T00:{11 * number:02}:00Z"
        order = {"order_id": f"tb/{number}", "customer_id": "one", "placed_at": paid_at, "paid_at": paid_at}
        hub.put({**order, **wrong}, {"paid_fen": wrong.get("paid_fen", 1000)}, receiver=receiver)

    hub.check()

    assert len(hub.rows(STOPS)) == 1
    assert [alert for alert in hub.rows(ALERTS) if alert[0] == "high_risk_buyer"] == []
    assert hub.rows("select order_id from core.holds where rule_id = 'high_risk_buyer'") == []


def test_a_file_without_a_column_of_times_stops_nothing(hub: Hub) -> None:
    for number in range(5):
        hub.put({"order_id": f"sheet/{number}", "platform": "spreadsheet", "placed_at": None})

    hub.check()

    assert hub.rows(STOPS) == []


def test_few_lines_with_a_usual_price_say_nothing_of_the_source(hub: Hub) -> None:
    put_many(hub, 4, {"paid_fen": 100_000}, {"paid_fen": 100_000})
    hub.put({"order_id": "tb/unknown", "customer_id": "b9"}, {"sku_id": "SKU-2"})

    hub.check()

    assert hub.rows(STOPS) == []


def test_nothing_of_a_stopped_source_is_released(hub: Hub) -> None:
    hub.put({"order_id": "tb/good", "customer_id": "g"})
    hub.check()
    before = hub.rows(BLOCKED)
    put_many(hub, 5, {"placed_at": None})

    hub.check()

    assert (before, hub.rows(BLOCKED)) == ([(None,)], [("source_stopped",)])


def test_other_sources_go_on(hub: Hub) -> None:
    hub.put({"order_id": "sheet/1"})
    put_many(hub, 5, {"placed_at": None})

    hub.check()

    assert hub.rows("select blocked_by from core.line_readiness where shop_id = 'sheet'") == [(None,)]


def test_few_orders_or_few_wrong_ones_stop_nothing(hub: Hub) -> None:
    put_many(hub, 4, {"placed_at": None})
    hub.check()
    for number in range(10, 16):
        hub.put({"order_id": f"tb/{number}", "customer_id": f"c{number}"})

    hub.check()

    assert hub.rows(STOPS) == []


def put_in_passes(hub: Hub, *numbers: range) -> list[Any]:
    """Give each pass its broken orders; return the rules that stop the shop after each."""
    stops = []
    for orders in numbers:
        for number in orders:
            hub.put({"order_id": f"tb/{number}", "customer_id": f"b{number}", "placed_at": None})
        hub.check()
        stops.append([rule for _, rule in hub.rows(STOPS)])
    return stops


def test_small_passes_are_judged_together(hub: Hub) -> None:
    stops = put_in_passes(hub, range(2), range(2, 4), range(4, 5))

    assert stops == [[], [], ["source_values_missing"]]
    assert hub.rows("select evidence ->> 'recent_count' from ops.source_stops") == [("5",)]


def test_an_order_that_comes_again_and_again_is_one_order(hub: Hub) -> None:
    put_in_passes(hub, range(4))
    for version in ("v2", "v3"):
        hub.execute("update core.orders set version_id = :version", version=version)
        hub.check()

    assert hub.rows(STOPS) == []


def test_small_passes_before_a_large_good_one_are_forgotten(hub: Hub) -> None:
    put_in_passes(hub, range(4))
    for number in range(10, 15):
        hub.put({"order_id": f"tb/{number}", "customer_id": f"b{number}"})
    hub.check()

    assert put_in_passes(hub, range(20, 21)) == [[]]


def test_small_passes_count_anew_once_a_person_resumed_the_source(hub: Hub) -> None:
    put_in_passes(hub, range(2), range(2, 5))
    hub.clock.move(timedelta(minutes=1))
    resume_source(hub.database, hub.clock, "tb", "平台已修好", "li")
    hub.clock.move(timedelta(minutes=1))

    stops = put_in_passes(hub, range(10, 12), range(12, 14), range(14, 15))

    assert stops == [[], [], ["source_values_missing"]]


def test_a_person_resumes_it_and_the_orders_go_on(hub: Hub) -> None:
    put_many(hub, 5, {"placed_at": None})
    hub.check()

    rules = resume_source(hub.database, hub.clock, "tb", "平台已修好", "李主管")

    assert rules == ["source_values_missing"]
    assert hub.rows(BLOCKED) == [(None,)]
    assert hub.rows("select actor, subject_id, detail ->> 'reason' from ops.audit") == [
        ("李主管", "tb", "平台已修好")
    ]
    assert hub.rows("select closed_at is null from ops.alerts where rule_id = 'source_values_missing'") == [
        (False,)
    ]


def test_resuming_needs_a_reason_and_a_stop(hub: Hub) -> None:
    with pytest.raises(StopError, match="needs a reason"):
        resume_source(hub.database, hub.clock, "tb", " ", "li")
    with pytest.raises(StopError, match="nothing stops it"):
        resume_source(hub.database, hub.clock, "tb", "why", "li")


def test_a_source_that_is_still_wrong_is_stopped_again(hub: Hub) -> None:
    put_many(hub, 5, {"placed_at": None})
    hub.check()
    resume_source(hub.database, hub.clock, "tb", "试试", "li")
    hub.execute("update core.orders set version_id = 'v2'")

    hub.check()

    assert hub.rows(STOPS) == [("tb", "source_values_missing")]


def test_a_peak_raises_an_alert_and_ships(hub: Hub) -> None:
    hub.execute("update core.check_settings set high_volume_orders = 5")
    put_many(hub, 6)

    hub.check()

    assert hub.rows(STOPS) == []
    assert hub.rows(ALERTS) == [("source_high_volume", "tb", True)]
    assert hub.rows(BLOCKED) == [(None,)]


def test_a_rule_that_marks_too_much_is_one_alert(hub: Hub) -> None:
    memo = hub.config.checks.memo
    checks = ChecksFile(memo=memo, rule_incident_minimum=5)
    hub.config = hub.config.model_copy(update={"checks": checks})
    put_many(hub, 5, {"currency": "USD"})

    hub.check()

    assert ("rule_incident", "wrong_currency", True) in hub.rows(ALERTS)
    assert hub.rows("select count(*) from core.holds where rule_id = 'wrong_currency'") == [(5,)]


def test_a_number_in_the_quantity_that_is_none_stops_no_pass(hub: Hub) -> None:
    hub.execute("update core.usual_prices set unit_fen = 1000000")
    hub.put({}, {"quantity": 999_999_999_999})

    hub.check()

    assert ("bad_quantity", "tb/1#1") in hub.rows("select rule_id, subject_id from core.holds")


def test_a_bundle_is_one_line_of_one_order(hub: Hub) -> None:
    part = {"line_no": 1, "kind": "bundle_part", "parent_line_id": "1", "line_id": "1~p1"}
    hub.put({}, {"kind": "bundle"}, part, {**part, "line_id": "1~p2"})

    pass_id, _ = hub.check()

    counted = f"select order_count from ops.checkable_sources where _checked_pass_id = {pass_id}"
    assert hub.rows(counted) == [(1,)]


@pytest.mark.parametrize(("hours", "told"), [(1, 1), (13, 2)])
def test_what_no_pass_has_found_again_is_over_and_told_when_it_comes_back(
    hub: Hub, hours: int, told: int
) -> None:
    hub.execute("update core.check_settings set high_volume_orders = 5")
    put_many(hub, 6)
    hub.check()
    hub.clock.move(timedelta(hours=hours))
    hub.execute("update core.orders set version_id = 'v2'")

    hub.check()

    assert hub.rows("select count(*) from ops.alerts where rule_id = 'source_high_volume'") == [(told,)]


def test_the_message_about_a_stopped_source_is_in_words(hub: Hub) -> None:
    put_many(hub, 5, {"unreadable_fields": ["paid"]})

    hub.check()

    [(zh, en)] = hub.rows("select text_zh, text_en from ops.alerts where rule_id = 'source_schema_drift'")
    assert zh.startswith("看了的订单 5,看不懂的占 100 %,停发线 50 %。核对后恢复:./hub source resume tb")
    assert en.startswith("orders looked at 5, unreadable 100 %, stops from 50 %. Once looked at:")
