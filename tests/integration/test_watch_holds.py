"""Holds that wait for too long and deadlines that come near are told once each, and closed when over."""

from datetime import timedelta

import pytest
from sqlalchemy import Connection, text

from orderhub.clock import FixedClock
from orderhub.config.models import MerchantConfig
from orderhub.config.parse import parse_config
from orderhub.db.engine import Database
from orderhub.errors import ConfigError
from orderhub.quality.watch import Watched, watch_holds
from orderhub.quality.withhold import Withheld, withhold_order
from tests.builders import FILES, NOON, Line, Order, activate, hold, put, rows, shops_file, stock

OPEN = "select subject, fingerprint, severity from ops.alerts where closed_at is null order by 1, 2"
TOLD = "select count(*) from ops.outbox where target = 'mail'"
CARE = """\
owner: 主管
alert_after_hours: 8
rules:
  - {rule: sku, owner: 运营, alert_after_hours: 2}
  - {shop: tb, owner: 淘宝组}
"""


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOON)


@pytest.fixture
def config(database: Database) -> MerchantConfig:
    with database.engine.begin() as connection:
        return activate(connection)


def order(database: Database, hours: float, number: str = "1", **given: object) -> None:
    """One order that must be handed over in so many hours."""
    with database.engine.begin() as connection:
        put(connection, Order(number, ship_by_at=NOON + timedelta(hours=hours), **given))  # type: ignore[arg-type] - the test's own words


def test_a_hold_is_told_once_when_it_is_older_than_its_limit(
    database: Database, clock: FixedClock, config: MerchantConfig
):
    order(database, 100)
    with database.engine.begin() as connection:
        hold_id = hold(connection, "tb/1")

    young = watch_holds(database, clock, config)
    clock.move(timedelta(hours=4))
    aged = [watch_holds(database, clock, config) for _ in range(2)]

    assert (young, aged) == (Watched(0, 0), [Watched(1, 0)] * 2)
    assert rows(database, OPEN) == [("tb/1 memo", hold_id, "warning")]
    assert rows(database, TOLD) == [(1,)]


def test_the_mail_names_the_owner_and_links_to_the_form(
    database: Database, clock: FixedClock, config: MerchantConfig
):
    order(database, 100)
    with database.engine.begin() as connection:
        hold_id = hold(connection, "tb/1")
    clock.move(timedelta(hours=4))

    watch_holds(database, clock, config)

    ((said,),) = rows(database, "select payload ->> 'text' from ops.outbox where target = 'mail'")
    assert "负责人:主管" in str(said)
    assert f"/orderhub/decide?hold_id={hold_id.replace(':', '%3A')}" in str(said)


def test_owner_and_limit_are_those_of_the_first_entry_that_fits(database: Database, clock: FixedClock):
    cared = parse_config({**FILES, "shops.yaml": shops_file(), "holds.yaml": CARE})
    order(database, 100)
    with database.engine.begin() as connection:
        activate(connection)
        hold(connection, "tb/1", rule_id="sku")
        hold(connection, "tb/1", rule_id="memo")
    clock.move(timedelta(hours=2))
    first = watch_holds(database, clock, cared)
    clock.move(timedelta(hours=6))
    second = watch_holds(database, clock, cared)

    said = rows(database, "select subject, text_zh from ops.alerts order by subject")
    assert (first, second) == (Watched(1, 0), Watched(2, 0))
    assert [("运营" in str(zh), "淘宝组" in str(zh)) for _, zh in said] == [(False, True), (True, False)]


def test_a_hold_that_ended_is_no_alert_any_more(
    database: Database, clock: FixedClock, config: MerchantConfig
):
    order(database, 100)
    with database.engine.begin() as connection:
        hold(connection, "tb/1")
    clock.move(timedelta(hours=4))
    watch_holds(database, clock, config)

    with database.engine.begin() as connection:
        connection.execute(text("update core.holds set state = 'released', ended_at = :now"), {"now": NOON})
    watch_holds(database, clock, config)

    assert rows(database, OPEN) == []


def test_an_unshipped_order_is_told_at_every_threshold_once(
    database: Database, clock: FixedClock, config: MerchantConfig
):
    order(database, 13)
    told = []
    for hours in (0, 1, 2, 8, 9, 11, 12):
        clock.move(NOON + timedelta(hours=hours) - clock.now())
        watch_holds(database, clock, config)
        told.append(rows(database, "select count(*) from ops.alerts")[0][0])

    assert told == [0, 1, 1, 1, 2, 2, 3]
    assert rows(database, OPEN) == [("tb/1", "1h 2026-11-23T17:00Z", "critical")]


def test_a_deadline_that_is_over_stays_told(database: Database, clock: FixedClock, config: MerchantConfig):
    order(database, -5)

    assert watch_holds(database, clock, config) == Watched(0, 1)
    assert rows(database, "select title_zh, title_en from ops.alerts") == [
        ("已过交运时限", "Past its hand-over time")
    ]


def test_an_extended_deadline_is_told_anew(database: Database, clock: FixedClock, config: MerchantConfig):
    order(database, 3)
    watch_holds(database, clock, config)
    with database.engine.begin() as connection:
        connection.execute(text("update core.orders set ship_by_at = ship_by_at + interval '20 hours'"))
    watch_holds(database, clock, config)
    after_extension = rows(database, OPEN)
    clock.move(timedelta(hours=20))

    watch_holds(database, clock, config)

    assert (after_extension, rows(database, OPEN)) == ([], [("tb/1", "4h 2026-11-24T03:00Z", "warning")])


@pytest.mark.parametrize(
    "given",
    [
        {"gate": "stop"},
        {"lifecycle": "history"},
        {"lines": (Line(kind="service"),)},
        {"lines": (Line(gate="stop"),)},
    ],
)
def test_what_need_not_ship_has_no_deadline(
    database: Database, clock: FixedClock, config: MerchantConfig, given: dict[str, object]
):
    order(database, 3, **given)

    assert watch_holds(database, clock, config) == Watched(0, 0)


def test_a_held_order_has_its_deadline_too_and_a_withheld_one_has_none(
    database: Database, clock: FixedClock, config: MerchantConfig
):
    order(database, 3, "1")
    order(database, 3, "2")
    with database.engine.begin() as connection:
        hold(connection, "tb/1")
    withhold_order(database, clock, "tb/2", Withheld.CANCELLED, "买家取消", "li")

    watch_holds(database, clock, config)

    assert rows(database, "select subject, text_zh like '%被挂起%' from ops.alerts") == [("tb/1", True)]


def shipped(connection: Connection, line_id: str, order_id: str = "tb/1") -> None:
    """One document of one line that left the building, as its warehouse said."""
    document = {"d": f"{order_id}@{line_id}", "o": order_id, "l": line_id, "now": NOON}
    for statement in (
        """insert into core.fulfillment_orders (fulfillment_order_id, order_id, warehouse_id, state, routing_rule_id,
            version_id, config_version, is_shadow, allocated_at, _pass_id)
        values (:d, :o, 'hangzhou', 'shipped', 'elsewhere', 'v1', 'c', false, :now, 1)""",
        "insert into core.reservations values (:d, :d, :o, :l, 'hangzhou', 'MUG', 1, 'posted', :now, :now, 'shipped')",
    ):
        connection.execute(text(statement), document)


def test_a_bundle_whose_parts_left_has_no_deadline(
    database: Database, clock: FixedClock, config: MerchantConfig
):
    order(database, 3, lines=(Line(kind="bundle"), Line(kind="bundle_part", line_id="1~p1")))
    with database.engine.begin() as connection:
        stock(connection, hangzhou__MUG=1)
        shipped(connection, "1~p1")

    assert watch_holds(database, clock, config) == Watched(0, 0)


@pytest.mark.parametrize(("told", "expected"), [("told", 1), ("waiting", 0)])
def test_the_rest_of_an_order_that_its_platform_calls_shipped_has_a_deadline(
    database: Database, clock: FixedClock, config: MerchantConfig, told: str, expected: int
):
    order(database, 3, lines=(Line(), Line()))
    with database.engine.begin() as connection:
        stock(connection, hangzhou__MUG=1)
        shipped(connection, "1")
        connection.execute(
            text("update core.orders set gate = 'stop', status = 'shipped', is_terminal = true")
        )
        connection.execute(
            text(
                "insert into core.shipments values ('s', 'tb/1@1', 'tb/1', 'hangzhou', 'ZTO', '1', 100, 'wms', :now, :now)"
            ),
            {"now": NOON},
        )
        connection.execute(
            text(
                "insert into core.tracking_writes (shipment_id, order_id, shop_id, is_part, state, recorded_at) "
                "values ('s', 'tb/1', 'tb', true, :told, :now)"
            ),
            {"told": told, "now": NOON},
        )

    assert watch_holds(database, clock, config) == Watched(0, expected)


def test_a_hold_that_stands_is_not_told_again_when_another_of_its_subject_ends(
    database: Database, clock: FixedClock, config: MerchantConfig
):
    order(database, 100)
    with database.engine.begin() as connection:
        hold(connection, "tb/1")
        connection.execute(
            text(
                "insert into core.holds (hold_id, anomaly_id, rule_id, subject_type, subject_id, order_id, placed_at) "
                "select 'hold:b', anomaly_id, rule_id, subject_type, subject_id, order_id, first_seen_at from core.anomalies"
            )
        )
    clock.move(timedelta(hours=4))
    watch_holds(database, clock, config)
    with database.engine.begin() as connection:
        connection.execute(
            text("update core.holds set state = 'released', ended_at = now() where hold_id = 'hold:b'")
        )

    watch_holds(database, clock, config)

    assert rows(database, "select count(*), count(closed_at) from ops.alerts") == [(2, 1)]


def test_an_unknown_shop_in_holds_yaml_is_named_with_its_line():
    with pytest.raises(ConfigError, match=r"holds\.yaml:2: shop 'tbb' does not exist; did you mean 'tb'"):
        parse_config(
            {**FILES, "shops.yaml": shops_file(), "holds.yaml": "rules:\n  - {shop: tbb, owner: 运营}\n"}
        )
