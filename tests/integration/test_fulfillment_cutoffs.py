from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, text

from orderhub.clock import FixedClock
from orderhub.db.engine import Database
from orderhub.fulfillment.close import close_due
from orderhub.fulfillment.cutoffs import (
    due_cutoffs,
    ensure_first_start,
    request_due_extras,
    request_extra,
)
from orderhub.fulfillment.due import tell_of_due
from orderhub.fulfillment.run import run_fulfillment
from tests.builders import FILES, Order, activate, hold, put, rows, stock

TEN = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
LAGS = {"taobao": timedelta(minutes=1)}
EARLY = TEN - timedelta(minutes=20)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(EARLY)


def cover(
    connection: Connection, until: datetime, since: datetime = TEN - timedelta(days=1), state: str = "covered"
):
    connection.execute(
        text(
            "insert into ops.pull_windows (platform, shop_id, stream, kind, start_at, end_at, state, created_at) "
            "values ('taobao', 'tb', 'orders', 'live', :since, :until, :state, :since)"
        ),
        {"since": since, "until": until, "state": state},
    )


def arrange(
    database: Database, clock: FixedClock, *orders: Order, covered: datetime | None = TEN, **shop: str
):
    with database.engine.begin() as connection:
        config = activate(connection, **shop)
        stock(connection, hangzhou__MUG=50, yiwu__MUG=50)
        put(connection, *orders)
        if covered:
            cover(connection, covered)
    ensure_first_start(database, clock)
    run_fulfillment(database, clock, config)
    return config


def at(clock: FixedClock, instant: datetime) -> FixedClock:
    clock.move(instant - clock.now())
    return clock


def test_each_warehouse_gets_one_manifest_of_what_was_allocated(database: Database, clock: FixedClock):
    config = arrange(database, clock, Order("1"), Order("2", province="西藏自治区"), Order("3"))

    closed = close_due(database, at(clock, TEN), config, LAGS)

    assert [(m.manifest_id, m.order_count) for m in closed] == [
        ("hangzhou/20261123T020000Z", 2),
        ("yiwu/20261123T020000Z", 1),
    ]
    assert rows(database, "select state from core.fulfillment_orders") == [("manifested",)] * 3
    assert rows(database, "select outbox_id, target from ops.outbox order by 1") == [
        (f"{target}:{warehouse}/20261123T020000Z", target)
        for target in ("manifest_books", "manifest_files", "manifest_labels")
        for warehouse in ("hangzhou", "yiwu")
    ]


def test_closing_twice_or_with_the_clock_set_back_closes_once(database: Database, clock: FixedClock):
    config = arrange(database, clock, Order("1"))
    close_due(database, at(clock, TEN), config, LAGS)

    again = close_due(database, clock, config, LAGS)
    clock.move(timedelta(minutes=-5))
    earlier = close_due(database, clock, config, LAGS)
    clock.move(timedelta(minutes=6))
    later = close_due(database, clock, config, LAGS)

    assert (again, earlier, later) == ([], [], [])
    assert rows(database, "select count(*) from core.manifests") == [(2,)]


def test_a_cutoff_before_the_first_start_is_never_due(database: Database, clock: FixedClock):
    at(clock, TEN + timedelta(minutes=5))
    config = arrange(database, clock)

    due = due_cutoffs(database, at(clock, TEN + timedelta(hours=25)), config)

    assert [cutoff.cutoff_id for cutoff in due] == ["hangzhou/20261124T020000Z", "yiwu/20261124T020000Z"]


def test_an_order_allocated_after_the_instant_waits_for_the_next_list(database: Database, clock: FixedClock):
    at(clock, TEN - timedelta(minutes=16))
    config = arrange(database, clock, Order("1"))
    with database.engine.begin() as connection:
        put(connection, Order("2", ship_by_at=TEN + timedelta(hours=1)))
    run_fulfillment(database, at(clock, TEN + timedelta(seconds=1)), config)

    closed = close_due(database, clock, config, LAGS)

    assert [m.order_count for m in closed] == [1, 0]


def test_what_was_allocated_a_moment_ago_settles_unless_the_next_list_is_too_late(
    database: Database, clock: FixedClock
):
    config = arrange(database, clock, Order("settled"))
    soon = TEN + timedelta(hours=23, minutes=59)
    with database.engine.begin() as connection:
        put(
            connection,
            Order("fresh"),
            Order("pressing", ship_by_at=soon),
            Order("in time", ship_by_at=soon + timedelta(hours=1)),
        )
    run_fulfillment(database, at(clock, TEN - timedelta(minutes=14)), config)

    close_due(database, at(clock, TEN), config, LAGS)
    listed = "select order_id from core.manifest_lines order by order_id"
    scheduled = rows(database, listed)
    request_extra(database, at(clock, TEN + timedelta(seconds=30)), config, "hangzhou", "worker")
    close_due(database, clock, config, LAGS)

    assert [("tb/pressing",), ("tb/settled",)] == scheduled
    assert [("tb/fresh",), ("tb/in time",), ("tb/pressing",), ("tb/settled",)] == rows(database, listed)


def test_a_late_pull_is_waited_for_within_grace(database: Database, clock: FixedClock):
    config = arrange(database, clock, Order("1"), covered=TEN - timedelta(minutes=40))
    waiting = close_due(database, at(clock, TEN + timedelta(minutes=9)), config, LAGS)
    with database.engine.begin() as connection:
        cover(connection, TEN, TEN - timedelta(minutes=40))

    closed = close_due(database, clock, config, LAGS)

    assert waiting == []
    assert [(m.order_count, m.left_out) for m in closed] == [(1, {}), (0, {})]


def test_after_grace_the_stale_shop_is_left_out_and_follows_later(database: Database, clock: FixedClock):
    config = arrange(
        database, clock, Order("1"), Order("2", shop_id="group", platform="spreadsheet"),
        covered=TEN - timedelta(minutes=40),
    )  # fmt: skip

    closed = close_due(database, at(clock, TEN + timedelta(minutes=10)), config, LAGS)

    assert [(m.order_count, m.left_out) for m in closed] == [(1, {"source_stale": 1}), (0, {})]
    assert rows(database, "select state from core.fulfillment_orders order by order_id") == [
        ("manifested",),
        ("allocated",),
    ]


def test_a_hole_in_coverage_is_as_stale_as_a_late_pull(database: Database, clock: FixedClock):
    config = arrange(database, clock, Order("1"), covered=TEN - timedelta(hours=3))
    with database.engine.begin() as connection:
        cover(connection, TEN, TEN - timedelta(hours=2))

    closed = close_due(database, at(clock, TEN + timedelta(minutes=10)), config, LAGS)

    assert closed[0].left_out == {"source_stale": 1}


def test_a_shop_that_ships_when_stale_is_not_waited_for(database: Database, clock: FixedClock):
    config = arrange(database, clock, Order("1"), covered=None, on_stale="ship")

    closed = close_due(database, at(clock, TEN), config, LAGS)

    assert [m.order_count for m in closed] == [1, 0]


def test_a_hold_placed_after_reserving_keeps_the_order_out(database: Database, clock: FixedClock):
    config = arrange(database, clock, Order("1"), Order("2"))
    with database.engine.begin() as connection:
        hold(connection, "tb/1")

    closed = close_due(database, at(clock, TEN), config, LAGS)

    assert (closed[0].order_count, closed[0].left_out) == (1, {"order_held": 1})


def test_an_extra_cutoff_takes_what_is_allocated_now(database: Database, clock: FixedClock):
    config = arrange(database, clock, Order("1"))
    wanted = request_extra(database, clock, config, "hangzhou", "worker")
    again = request_extra(database, clock, config, "hangzhou", "worker")

    closed = close_due(database, clock, config, LAGS)

    assert (wanted, again) == ("hangzhou/20261123T014000Z",) * 2
    assert [(m.manifest_id, m.order_count) for m in closed] == [(wanted, 1)]
    assert rows(database, "select actor, action, subject_id from ops.audit") == [
        ("worker", "request", wanted)
    ]


def test_shadow_decides_everything_and_sends_nothing(database: Database, clock: FixedClock):
    config = arrange(database, clock, Order("1"), mode="shadow")

    closed = close_due(database, at(clock, TEN), config, LAGS)

    assert [(m.manifest_id, m.is_shadow, m.order_count) for m in closed] == [
        ("hangzhou/20261123T020000Z/shadow", True, 1),
        ("yiwu/20261123T020000Z/shadow", True, 0),
    ]
    assert rows(database, "select * from ops.outbox") == []


def test_a_late_shop_follows_as_amendment_one_when_its_pull_has_landed(database: Database, clock: FixedClock):
    config = arrange(
        database, clock, Order("1"), Order("2", shop_id="group", platform="spreadsheet"),
        covered=TEN - timedelta(minutes=40),
    )  # fmt: skip
    close_due(database, at(clock, TEN + timedelta(minutes=10)), config, LAGS)
    too_early = close_due(database, at(clock, TEN + timedelta(minutes=20)), config, LAGS)
    with database.engine.begin() as connection:
        cover(connection, TEN, TEN - timedelta(minutes=40))

    closed = close_due(database, at(clock, TEN + timedelta(minutes=30)), config, LAGS)
    again = close_due(database, clock, config, LAGS)

    assert [(m.manifest_id, m.order_count) for m in closed] == [("hangzhou/20261123T020000Z#1", 1)]
    assert (too_early, again) == ([], [])
    assert rows(database, "select amendment, order_count from core.manifests order by 1, 2") == [
        (0, 0),
        (0, 1),
        (1, 1),
    ]


def test_after_the_next_cutoff_a_late_shop_is_in_that_and_no_amendment(database: Database, clock: FixedClock):
    config = arrange(database, clock, Order("1"), covered=TEN - timedelta(minutes=40))
    close_due(database, at(clock, TEN + timedelta(minutes=10)), config, LAGS)
    with database.engine.begin() as connection:
        cover(connection, TEN + timedelta(days=1), TEN - timedelta(minutes=40))

    closed = close_due(database, at(clock, TEN + timedelta(days=1)), config, LAGS)

    assert [(m.manifest_id, m.order_count) for m in closed] == [
        ("hangzhou/20261124T020000Z", 1),
        ("yiwu/20261124T020000Z", 0),
    ]


def seen(connection: Connection, order_id: str, at: datetime):
    connection.execute(
        text(
            "insert into ops.last_looks values (:order_id, :at, true, :at) "
            "on conflict (order_id) do update set seen_at = excluded.seen_at"
        ),
        {"order_id": order_id, "at": at},
    )


def test_the_alert_of_what_nobody_confirmed_is_over_once_that_has_left_though_a_late_shop_is_still_waited_for(
    database: Database, clock: FixedClock
):
    config = arrange(
        database, clock, Order("1"), Order("2", shop_id="group", platform="spreadsheet"),
        covered=TEN - timedelta(minutes=40),
    )  # fmt: skip
    with database.engine.begin() as connection:
        seen(connection, "group/2", TEN - timedelta(hours=1))
    (closed, _) = close_due(database, at(clock, TEN + timedelta(minutes=10)), config, LAGS)
    is_open = "select closed_at is null from ops.alerts where rule_id = 'status_unconfirmed'"
    before = rows(database, is_open)
    with database.engine.begin() as connection:
        seen(connection, "group/2", TEN + timedelta(minutes=20))

    close_due(database, at(clock, TEN + timedelta(minutes=20)), config, LAGS)

    assert closed.left_out == {"source_stale": 1, "status_unconfirmed": 1}
    assert (before, rows(database, is_open)) == ([(True,)], [(False,)])
    assert rows(database, "select left_shops from ops.cutoffs where warehouse_id = 'hangzhou'") == [(["tb"],)]


TWICE = """\
warehouses:
  - {id: hangzhou, name: 杭州仓, cutoffs: ["10:00", "15:00"]}
  - {id: yiwu, name: 义乌保税仓, cutoffs: ["10:00"]}
"""
DUE_ALERTS = "select subject, closed_at is null from ops.alerts where rule_id = 'due_before_next_cutoff'"


def arrange_late_order(database: Database, clock: FixedClock, warehouses: str = FILES["warehouses.yaml"]):
    """An order that must leave at 17:00 and is promised at 11:00, when the list of 10:00 is closed."""
    with database.engine.begin() as connection:
        config = activate(connection, warehouses=warehouses)
        stock(connection, hangzhou__MUG=50)
        put(connection, Order("1", ship_by_at=TEN + timedelta(hours=7)))
    ensure_first_start(database, clock)
    close_due(database, at(clock, TEN), config, {})
    run_fulfillment(database, at(clock, TEN + timedelta(hours=1)), config)
    return config


def test_an_order_due_before_the_next_cutoff_is_told_until_it_is_on_a_list(
    database: Database, clock: FixedClock
):
    config = arrange_late_order(database, clock)

    told = [tell_of_due(database, clock, config) for _ in range(2)]

    assert (told, rows(database, DUE_ALERTS)) == ([1, 0], [("hangzhou", True)])
    request_extra(database, clock, config, "hangzhou", "worker")
    close_due(database, clock, config, {})
    tell_of_due(database, clock, config)
    assert rows(database, DUE_ALERTS) == [("hangzhou", False)]


def test_with_a_second_cutoff_that_day_the_same_order_is_in_time(database: Database, clock: FixedClock):
    config = arrange_late_order(database, clock, TWICE)

    told = tell_of_due(database, clock, config)
    closed = close_due(database, at(clock, TEN + timedelta(hours=5)), config, {})

    assert told == 0
    assert [(m.manifest_id, m.order_count) for m in closed] == [("hangzhou/20261123T070000Z", 1)]


WITH_EXTRAS = FILES["warehouses.yaml"].replace('"10:00"]}', '"10:00"], extra_when_due: true}', 1)


def test_a_warehouse_that_wants_it_gets_an_extra_list_two_hours_ahead_and_once(
    database: Database, clock: FixedClock
):
    config = arrange_late_order(database, clock, WITH_EXTRAS)
    too_early = request_due_extras(database, clock, config)
    untold = tell_of_due(database, clock, config)
    at(clock, TEN + timedelta(hours=5))

    asked = [request_due_extras(database, clock, config) for _ in range(2)]
    closed = close_due(database, clock, config, {})
    again = close_due(database, clock, config, {})

    assert (too_early, untold) == ([], 0)
    assert asked == [["hangzhou/20261123T070000Z"], []]
    assert [(m.manifest_id, m.order_count) for m in closed] == [("hangzhou/20261123T070000Z", 1)]
    assert again == []
    assert rows(database, "select kind, requested_by from ops.cutoffs where kind = 'extra'") == [
        ("extra", "extra_when_due")
    ]


def test_however_many_orders_are_due_a_warehouse_gets_one_extra_list_an_hour_and_the_rest_is_told(
    database: Database, clock: FixedClock
):
    config = arrange_late_order(database, clock, WITH_EXTRAS)
    at(clock, TEN + timedelta(hours=5))
    request_due_extras(database, clock, config)
    close_due(database, clock, config, {})
    with database.engine.begin() as connection:
        put(connection, Order("2", ship_by_at=TEN + timedelta(hours=6)))
    at(clock, TEN + timedelta(hours=5, minutes=30))
    run_fulfillment(database, clock, config)

    within = request_due_extras(database, clock, config)
    told = tell_of_due(database, clock, config)
    at(clock, TEN + timedelta(hours=6))
    after = request_due_extras(database, clock, config)

    assert (within, told) == ([], 1)
    assert after == ["hangzhou/20261123T080000Z"]
