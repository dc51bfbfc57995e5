"""Carriers from the file to the document: who takes it and why, who is held, what a second pass does."""

from datetime import timedelta

import pytest
from sqlalchemy import Connection, text

from orderhub.alerts.closings import closings_ahead
from orderhub.clock import FixedClock
from orderhub.config.models import MerchantConfig
from orderhub.db.engine import Database
from orderhub.fulfillment.close import close_due
from orderhub.fulfillment.cutoffs import ensure_first_start, request_extra
from orderhub.fulfillment.due import tell_of_due
from orderhub.fulfillment.run import run_fulfillment
from orderhub.operate.explain import explain
from orderhub.quality.decide import Choice, Decision, decide
from tests.builders import NOON, Line, Order, activate, put, rows, stock

SKUS = "sku_id,name,tags,weight_g\nMUG,杯,易碎,1200\nCAKE,蛋糕,生鲜,900\n"
CARRIERS = """\
carriers:
  - id: zto
    name: 中通
    codes: {taobao: ZTO}
    asked_as: [中通]
    not_served: [remote]
    capabilities: [fragile]
    daily_orders: 2
    freight: [{first_g: 1000, first: "4.00", next_g: 1000, next: "1.50"}]
  - id: sf
    name: 顺丰
    codes: {taobao: SF}
    asked_as: [顺丰]
    not_served: [remote]
    capabilities: [cod, fragile, home_delivery]
    cutoff: "11:00"
    freight: [{first_g: 1000, first: "18.00", next_g: 1000, next: "7.00"}]
rules:
  - {id: outlet, when: {shop: [tb], warehouse: [yiwu]}, carriers: [sf], reason: {zh: 义乌走顺丰, en: from Yiwu by SF}}
ship_weekdays: {生鲜: [2]}
"""
WITH_POST = CARRIERS.replace("rules:", "  - {id: post, name: 邮政, capabilities: [fragile]}\nrules:")
DOCUMENTS = "select order_id, carrier_id, carrier_rule_id, freight_fen, weight_g from core.fulfillment_orders order by 1"
HELD = "select order_id, subject_id, state, end_reason from core.holds order by 1"


def say_who(connection: Connection, carriers: str | None) -> MerchantConfig:
    """Make a carriers.yaml the active one, or none."""
    return activate(connection, more={"skus.csv": SKUS, **({"carriers.yaml": carriers} if carriers else {})})


def close_carriers(connection: Connection, *closings: str, carriers: str = CARRIERS) -> MerchantConfig:
    """Make a calendar the active one: `carrier,first day,last day`, in November."""
    days = [closing.split(",") for closing in closings]
    closed = "".join(f"carrier,{name},2026-11-{first},2026-11-{last},closed\n" for name, first, last in days)
    calendar = {"calendar.csv": "kind,id,from,to,what\n" + closed}
    return activate(connection, more={"skus.csv": SKUS, "carriers.yaml": carriers, **calendar})


def test_a_carrier_that_is_closed_fails_over_to_the_next_and_works_again_the_day_after(
    database: Database, clock: FixedClock
):
    with database.engine.begin() as connection:
        prepare(connection, Order("1"))
        config = close_carriers(connection, "zto,23,23")
    run_fulfillment(database, clock, config)
    clock.move(timedelta(days=1))
    with database.engine.begin() as connection:
        put(connection, Order("2"))

    run_fulfillment(database, clock, config)

    assert ["sf", "zto"] == [row[1] for row in rows(database, DOCUMENTS)]
    assert {"zto": "closed", "sf": "chosen"} == why(database, "1")


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOON)


def prepare(connection: Connection, *orders: Order, carriers: str | None = CARRIERS) -> MerchantConfig:
    config = say_who(connection, carriers)
    connection.execute(
        text(
            "insert into core.skus (sku_id, name, weight_g, is_weight_assumed, tags, kind, locations) values "
            "('MUG', '杯', 1200, false, '{易碎}', 'goods', '{}'), ('CAKE', '蛋糕', 900, false, '{生鲜}', 'goods', '{}')"
        )
    )
    stock(connection, hangzhou__MUG=50, yiwu__MUG=50, hangzhou__CAKE=50)
    put(connection, *orders)
    return config


def say(connection: Connection, number: str, said: str) -> None:
    connection.execute(text(f"update core.orders set {said} where order_id = 'tb/{number}'"))


def why(database: Database, number: str) -> dict[str, str]:
    found = rows(
        database,
        "select c ->> 'carrier', c ->> 'why' from core.fulfillment_orders f join core.carrier_reasons r "
        "on f.carrier_reason_id = r.reason_id, jsonb_array_elements(r.candidates -> 'carriers') c "
        f"where f.order_id = 'tb/{number}'",
    )
    return dict(found)


def test_each_document_gets_its_carrier_with_freight_and_weight(database: Database, clock: FixedClock):
    with database.engine.begin() as connection:
        config = prepare(
            connection,
            Order("1"),
            Order("2", (Line(quantity=2),)),
            Order("3"),
            Order("4", ship_by_at=NOON + timedelta(hours=1)),
            Order("5", city="宁波市"),
        )
        say(connection, "2", "required_carriers = '{SF}'")
        say(connection, "3", "payment_state = 'cod_accepted'")
        say(connection, "4", "buyer_message = '请发顺丰'")
        say(connection, "5", "seller_memo = '发顺丰'")

    run_fulfillment(database, clock, config)

    assert [
        ("tb/1", "zto", None, 550, 1200),
        ("tb/2", "sf", None, 3200, 2400),
        ("tb/3", "sf", None, 2500, 1200),
        ("tb/4", "zto", None, 550, 1200),
        ("tb/5", "sf", None, 2500, 1200),
    ] == rows(database, DOCUMENTS)
    assert {"zto": "chosen", "sf": "behind"} == why(database, "1")
    assert {"sf": "chosen", "zto": "not_required"} == why(database, "2")
    assert {"sf": "chosen", "zto": "lacks cod"} == why(database, "3")
    assert {"sf": "past_cutoff", "zto": "chosen"} == why(database, "4")


def test_a_carrier_that_is_full_fails_over_to_the_next(database: Database, clock: FixedClock):
    urgent = [Order(str(n), ship_by_at=NOON + timedelta(days=2, minutes=n)) for n in (3, 1, 2)]
    with database.engine.begin() as connection:
        config = prepare(connection, *urgent)

    run_fulfillment(database, clock, config)

    assert [("tb/1", "zto", 1), ("tb/2", "zto", 0), ("tb/3", "sf", None)] == rows(
        database, "select order_id, carrier_id, carrier_left from core.fulfillment_orders order by 1"
    )
    assert {"zto": "full", "sf": "chosen"} == why(database, "3")


def test_capacity_counts_what_earlier_passes_gave_on_the_same_day(database: Database, clock: FixedClock):
    with database.engine.begin() as connection:
        config = prepare(connection, Order("1"), Order("2"))
    run_fulfillment(database, clock, config)
    with database.engine.begin() as connection:
        put(connection, Order("3"))
    run_fulfillment(database, clock, config)
    clock.move(timedelta(days=1))
    with database.engine.begin() as connection:
        put(connection, Order("4"))
    run_fulfillment(database, clock, config)

    assert ["zto", "zto", "sf", "zto"] == [row[1] for row in rows(database, DOCUMENTS)]


def test_document_that_nobody_takes_is_held_and_released_by_a_new_file(database: Database, clock: FixedClock):
    with database.engine.begin() as connection:
        config = prepare(connection, Order("1", province="西藏自治区", city="拉萨市"), Order("2"))
    run_fulfillment(database, clock, config)
    held = rows(database, HELD)
    alerts = rows(database, "select rule_id, subject, title_zh from ops.alerts")
    before = rows(database, "select xmin::text, * from core.fulfillment_orders order by order_id")

    run_fulfillment(database, clock, config)
    unchanged = rows(database, "select xmin::text, * from core.fulfillment_orders order by order_id")
    with database.engine.begin() as connection:
        config = say_who(connection, WITH_POST)
    run_fulfillment(database, clock, config)

    assert [("tb/1", "tb/1@1", "active", None)] == held
    assert [("no_carrier", "tb/1", "没有快递能送")] == alerts
    assert before == unchanged
    assert [("tb/1", "tb/1@1", "closed", "a carrier was found, or the document ended")] == rows(
        database, HELD
    )
    assert ("tb/1", "post", "outlet", None, 1200) == rows(database, DOCUMENTS)[0]


def test_person_may_let_a_document_go_without_a_carrier(database: Database, clock: FixedClock):
    with database.engine.begin() as connection:
        config = prepare(connection, Order("1", province="西藏自治区", city="拉萨市"))
    run_fulfillment(database, clock, config)
    [(hold_id,)] = rows(database, "select hold_id from core.holds")

    decide(database, clock, Decision(hold_id, Choice.RELEASE, "仓库自己找快递", "chen"))
    run_fulfillment(database, clock, config)

    assert [("released",)] == rows(database, "select state from core.holds")


def test_order_that_changes_is_looked_at_again_and_the_rest_is_left_alone(
    database: Database, clock: FixedClock
):
    with database.engine.begin() as connection:
        config = prepare(connection, Order("1"), Order("2"))
    run_fulfillment(database, clock, config)
    with database.engine.begin() as connection:
        say(connection, "1", "version_id = 'v2', checked_version = 'v2', required_carriers = '{SF}'")

    run_fulfillment(database, clock, config)

    assert ["sf", "zto"] == [row[1] for row in rows(database, DOCUMENTS)]


def test_without_the_file_no_carrier_is_chosen_and_switching_it_on_chooses_for_what_waits(
    database: Database, clock: FixedClock
):
    with database.engine.begin() as connection:
        config = prepare(connection, Order("1"), carriers=None)
    run_fulfillment(database, clock, config)
    without = rows(database, DOCUMENTS)

    with database.engine.begin() as connection:
        config = say_who(connection, CARRIERS)
    run_fulfillment(database, clock, config)

    assert [("tb/1", None, None, None, None)] == without
    assert [("tb/1", "zto", None, 550, 1200)] == rows(database, DOCUMENTS)


def test_a_document_whose_carrier_left_the_file_gets_another_before_it_is_listed(
    database: Database, clock: FixedClock
):
    with database.engine.begin() as connection:
        config = prepare(connection, Order("1"))
    run_fulfillment(database, clock, config)
    before = rows(database, DOCUMENTS)
    without_zto = "carriers:\n" + CARRIERS[CARRIERS.index("  - id: sf") :]
    with database.engine.begin() as connection:
        config = say_who(connection, without_zto)

    run_fulfillment(database, clock, config)

    assert [("tb/1", "zto"), ("tb/1", "sf")] == [row[:2] for row in before + rows(database, DOCUMENTS)]


def test_goods_that_leave_on_tuesdays_only_wait_for_a_tuesday(database: Database, clock: FixedClock):
    with database.engine.begin() as connection:
        config = prepare(connection, Order("1", (Line("CAKE"),)), Order("2"))

    run_fulfillment(database, clock, config)

    found = rows(
        database, "select order_id, ship_not_before at time zone 'Asia/Shanghai' from core.fulfillment_orders"
    )
    assert {"tb/1": "2026-11-24 00:00:00", "tb/2": "None"} == {key: str(at) for key, at in found}


def test_what_leaves_on_tuesdays_only_is_on_no_list_of_a_monday_and_on_tuesdays(
    database: Database, clock: FixedClock
):
    with database.engine.begin() as connection:
        config = prepare(connection, Order("1", (Line("CAKE"),)), Order("2"))
    ensure_first_start(database, clock)
    run_fulfillment(database, clock, config)
    with database.engine.begin() as connection:  # Whoever takes it is another question.
        connection.execute(text("update core.holds set state = 'released'"))
    listed = "select order_id, count(*) from core.manifest_lines group by 1 order by 1"

    seen = []
    for wait in (timedelta(), timedelta(hours=11, minutes=59), timedelta(minutes=1)):
        clock.move(wait)
        request_extra(database, clock, config, "hangzhou", "test")
        close_due(database, clock, config, {})
        seen.append([str(order_id) for order_id, _ in rows(database, listed)])

    assert seen == [["tb/2"], ["tb/2"], ["tb/1", "tb/2"]]


WAITING = "select carrier_id, ship_not_before at time zone 'Asia/Shanghai' from core.fulfillment_orders"
LISTED = "select order_id from core.manifest_lines order by 1"


def close_extra(database: Database, clock: FixedClock, config: MerchantConfig) -> list[object]:
    request_extra(database, clock, config, "hangzhou", "test")
    close_due(database, clock, config, {})
    return [order_id for (order_id,) in rows(database, LISTED)]


def test_what_waits_for_carriers_that_are_all_closed_is_not_held_and_leaves_when_the_first_works_again(
    database: Database, clock: FixedClock
):
    with database.engine.begin() as connection:
        prepare(connection, Order("1"))
        config = close_carriers(connection, "zto,23,24", "sf,22,23")
    ensure_first_start(database, clock)
    run_fulfillment(database, clock, config)
    waiting, on_the_day = rows(database, WAITING), close_extra(database, clock, config)
    [told] = [step for step in explain(database, "tb/1").steps if step.what == "carrier"]
    before = rows(database, "select xmin::text from core.fulfillment_orders")
    run_fulfillment(database, clock, config)
    unchanged = rows(database, "select xmin::text from core.fulfillment_orders")
    clock.move(timedelta(days=1))

    run_fulfillment(database, clock, config)

    assert [(name, str(at)) for name, at in waiting] == [(None, "2026-11-24 00:00:00")]
    assert (on_the_day, before == unchanged) == ([], True)
    assert "今天都不上班,等到 2026-11-24" in told.text
    assert rows(database, "select rule_id from core.holds") == []
    assert (rows(database, WAITING), close_extra(database, clock, config)) == ([("sf", None)], ["tb/1"])


def test_what_has_a_carrier_from_yesterday_waits_too_where_none_works_today(
    database: Database, clock: FixedClock
):
    clock.move(timedelta(days=-1))
    with database.engine.begin() as connection:
        prepare(connection, Order("1"))
        config = close_carriers(connection, "zto,23,23", "sf,23,25")
    run_fulfillment(database, clock, config)
    before = rows(database, WAITING)
    clock.move(timedelta(days=1))

    run_fulfillment(database, clock, config)

    assert before == [("zto", None)]
    assert [(name, str(at)) for name, at in rows(database, WAITING)] == [(None, "2026-11-24 00:00:00")]
    assert rows(database, "select rule_id from core.holds") == []


def test_goods_of_some_weekdays_wait_for_the_first_of_them_on_which_a_carrier_works(
    database: Database, clock: FixedClock
):
    with database.engine.begin() as connection:
        prepare(connection, Order("1"))
        on_mondays = CARRIERS.replace("{生鲜: [2]}", "{易碎: [1]}")
        config = close_carriers(connection, "zto,23,23", "sf,23,23", carriers=on_mondays)

    run_fulfillment(database, clock, config)

    assert [(name, str(at)) for name, at in rows(database, WAITING)] == [(None, "2026-11-30 00:00:00")]


def test_what_has_more_than_a_day_off_in_its_way_is_held(database: Database, clock: FixedClock):
    far = Order("4", province="西藏自治区", city="拉萨市")
    with database.engine.begin() as connection:
        prepare(connection, Order("1"), Order("2"), Order("3"), far)
        config = close_carriers(connection, "sf,23,23")

    run_fulfillment(database, clock, config)

    assert why(database, "3") == {"zto": "full", "sf": "closed"}
    assert [order_id for order_id, *_ in rows(database, HELD)] == ["tb/3", "tb/4"]


def test_a_promise_that_falls_into_the_day_off_is_told_as_such_and_calls_for_no_other_list(
    database: Database, clock: FixedClock
):
    with database.engine.begin() as connection:
        prepare(connection, Order("1", ship_by_at=NOON + timedelta(hours=5)))
        config = close_carriers(connection, "zto,23,23", "sf,23,23")
    ensure_first_start(database, clock)
    run_fulfillment(database, clock, config)

    with database.engine.begin() as connection:
        told = [alert.title_zh for alert in closings_ahead(connection, config, clock.now())]

    assert told == ["快递 zto 休息:11-23 - 11-23", "快递 sf 休息:11-23 - 11-23"]
    assert tell_of_due(database, clock, config) == 0
