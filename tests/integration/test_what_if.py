"""`./hub what-if`: past days under other rules; the rules in force must come out as they were."""

from datetime import datetime, timedelta

import pytest

from orderhub.clock import BEIJING, FixedClock
from orderhub.config.models import MerchantConfig
from orderhub.config.parse import parse_config
from orderhub.db.engine import Database
from orderhub.errors import ConfigError
from orderhub.fulfillment.run import run_fulfillment
from orderhub.fulfillment.what_if import Change, Comparison, what_if
from tests.builders import FILES, NOON, Line, Order, activate, put, rows, shops_file, stock

EVERYTHING = "select coalesce(sum(xmin::text::bigint), 0) from core.{}"
TABLES = ("fulfillment_orders", "reservations", "routing_decisions", "stock", "carrier_reasons", "holds")
REVERSED = """\
rules:
  - {id: reversed, warehouses: [yiwu, hangzhou], reason: {zh: 反过来, en: reversed}}
"""
CARRIERS = """\
carriers:
  - id: near
    name: 近邮
    freight:
      - {first_g: 1000, first: "6.00", next_g: 1000, next: "2.00"}
"""


def proposed(routing: str, **others: str) -> MerchantConfig:
    return parse_config({**FILES, "shops.yaml": shops_file(), "routing.yaml": routing, **others})


@pytest.fixture
def two_days(database: Database) -> MerchantConfig:
    """Three orders on one day, one on the next; Hangzhou had four mugs, Yiwu gets two on the second day."""
    clock = FixedClock(NOON)
    with database.engine.begin() as connection:
        config = activate(connection)
        stock(connection, hangzhou__MUG=4, yiwu__MUG=0)
        put(connection, *(Order(str(number), (Line(quantity=1),)) for number in (1, 2, 3)))
    run_fulfillment(database, clock, config)
    clock.move(timedelta(days=1))
    with database.engine.begin() as connection:
        connection.exec_driver_sql("update core.stock set on_hand = 2 where warehouse_id = 'yiwu'")
        connection.exec_driver_sql(
            "insert into core.stock_ledger (warehouse_id, sku_id, delta, reason, source_id, recorded_at) "
            f"values ('yiwu', 'MUG', 2, 'count', 'later', '{clock.now().isoformat()}')"
        )
        put(connection, Order("4", (Line(quantity=1),)))
    run_fulfillment(database, clock, config)
    return config


def replay(database: Database, now: MerchantConfig, then: MerchantConfig) -> Comparison:
    return what_if(database, now, then, NOON - timedelta(hours=1), NOON + timedelta(days=2))


def test_rules_in_force_give_what_they_gave(database: Database, two_days: MerchantConfig):
    found = replay(database, two_days, two_days)

    given = "select warehouse_id, count(*) from core.fulfillment_orders group by 1"
    assert dict(rows(database, given)) == dict(found.now.warehouses) == {"hangzhou": 4}
    assert (found.now, ()) == (found.proposed, found.changes)


def test_stock_that_came_later_is_not_used_before(database: Database, two_days: MerchantConfig):
    found = replay(database, two_days, proposed(REVERSED))

    assert {"hangzhou": 3, "yiwu": 1} == dict(found.proposed.warehouses)
    assert (Change("hangzhou", "yiwu", 1, "tb/4"),) == found.changes


def test_what_nobody_can_fill_and_who_must_look_are_counted(database: Database, two_days: MerchantConfig):
    strict = (
        "rules:\n  - {id: only-yiwu, warehouses: [yiwu], none_can_fill: hold, reason: {zh: 义乌, en: Yiwu}}\n"
    )

    found = replay(database, two_days, proposed(strict))

    assert {"out_of_stock": 3, "allocated": 1} == dict(found.proposed.outcomes)
    assert (0, 3) == (found.now.held, found.proposed.held)


def test_freight_of_other_carriers_is_told_per_order(database: Database, two_days: MerchantConfig):
    found = replay(database, two_days, proposed(FILES["routing.yaml"], **{"carriers.yaml": CARRIERS}))

    assert {"near": 4} == dict(found.proposed.carriers)
    assert (None, 600) == (found.now.freight_per_order, found.proposed.freight_per_order)


def test_a_carriers_day_is_taken_by_the_orders_replayed_and_not_by_documents_that_stand(
    database: Database, two_days: MerchantConfig
):
    limited = CARRIERS.replace("    name: 近邮\n", "    name: 近邮\n    daily_orders: 3\n")
    dear = """\
  - id: dear
    name: 贵邮
    freight: [{first_g: 1000, first: "18.00", next_g: 1000, next: "7.00"}]
"""

    found = replay(database, two_days, proposed(FILES["routing.yaml"], **{"carriers.yaml": limited + dear}))

    assert {"near": 4} == dict(found.proposed.carriers)


def test_nothing_is_changed(database: Database, two_days: MerchantConfig):
    before = [rows(database, EVERYTHING.format(table)) for table in TABLES]

    replay(database, two_days, proposed(REVERSED, **{"carriers.yaml": CARRIERS}))

    assert before == [rows(database, EVERYTHING.format(table)) for table in TABLES]


def test_days_without_an_order_are_said_to_be_so(database: Database, two_days: MerchantConfig):
    with pytest.raises(ConfigError, match=r"up for routing between 20[-\d]+ [:\d]+ and .*, Beijing time"):
        what_if(database, two_days, two_days, NOON - timedelta(days=9), NOON - timedelta(days=8))


def test_days_that_end_before_they_begin_are_named_as_they_were_written(
    database: Database, two_days: MerchantConfig
):
    since = datetime(2026, 11, 1, tzinfo=BEIJING)

    with pytest.raises(
        ConfigError, match="since 2026-11-01 00:00 does not lie before until 2026-10-01 00:00"
    ):
        what_if(database, two_days, two_days, since, since - timedelta(days=31))


def test_an_order_in_two_parcels_costs_both_and_counts_as_split(database: Database):
    clock = FixedClock(NOON)
    with database.engine.begin() as connection:
        config = activate(connection, more={"carriers.yaml": CARRIERS})
        stock(connection, hangzhou__MUG=5, yiwu__CUP=5)
        put(connection, Order("1", (Line("MUG"), Line("CUP"))), Order("2"), Order("3"), Order("4"))
    run_fulfillment(database, clock, config)
    splitting = FILES["routing.yaml"].replace("reason:", 'split_from: "0.00", reason:')

    found = replay(database, config, proposed(splitting, **{"carriers.yaml": CARRIERS}))

    assert (found.now.split_rate, found.now.freight_per_order) == (0.0, 600)
    assert (found.proposed.split_rate, found.proposed.freight_per_order) == (0.25, 5 * 600 / 4)
