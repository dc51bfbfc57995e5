"""Which lists there are, and what is told of them: between a cut-off and its closing, after a gap, with no next one."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from orderhub.clock import FixedClock
from orderhub.config.models import MerchantConfig
from orderhub.config.store import apply_directory
from orderhub.db.engine import Database
from orderhub.fulfillment.close import close_due
from orderhub.fulfillment.cutoffs import due_cutoffs, ensure_first_start, request_due_extras
from orderhub.fulfillment.due import tell_of_due
from orderhub.fulfillment.run import run_fulfillment
from orderhub.operate.configuration import late_lists
from tests.builders import FILES, Order, activate, put, rows, shops_file, stock
from tests.integration.test_fulfillment_cutoffs import (
    EARLY,
    LAGS,
    TEN,
    WITH_EXTRAS,
    arrange,
    arrange_late_order,
    at,
    cover,
)

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
LATE = TEN - 40 * MINUTE
WUHAN = '  - {id: wuhan, name: 武汉仓, cutoffs: ["10:00"]}\n'
TAKEN = """
    insert into ops.pass_loads
    select (select max(pass_id) from ops.passes where kind = 'transform'), load_id
    from ops.loads where window_id is not null"""


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(EARLY)


def land(database: Database, until: datetime):
    """Let a late pull land: its window is covered, and transform has not taken its page."""
    with database.engine.begin() as connection:
        cover(connection, until, LATE)
        connection.execute(
            text(
                "update ops.pull_windows set covered_at = :until where start_at = :since;"
                "insert into ops.loads (platform, shop_id, stream, window_id, source, row_count, staged_count, committed_at) "
                "select platform, shop_id, stream, window_id, 'page 1', 1, 1, end_at from ops.pull_windows where start_at = :since"
            ),
            {"until": until, "since": LATE},
        )


def test_a_late_shop_of_which_nothing_was_promised_yet_follows_as_an_amendment(
    database: Database, clock: FixedClock
):
    config = arrange(database, clock, covered=LATE)
    close_due(database, at(clock, TEN + 10 * MINUTE), config, LAGS)
    with database.engine.begin() as connection:
        cover(connection, TEN, LATE)
        put(connection, Order("1"))
    run_fulfillment(database, at(clock, TEN + 30 * MINUTE), config)

    closed = close_due(database, clock, config, LAGS)

    assert [(m.manifest_id, m.order_count) for m in closed] == [("hangzhou/20261123T020000Z#1", 1)]
    assert rows(database, "select distinct left_shops from ops.cutoffs") == [([],)]


def test_a_list_waits_until_what_a_late_pull_brought_is_routed(database: Database, clock: FixedClock):
    config = arrange(database, clock, Order("1"), covered=LATE)
    land(database, TEN)

    landed = close_due(database, at(clock, TEN + 5 * MINUTE), config, LAGS)
    with database.engine.begin() as connection:
        put(connection, Order("2", ship_by_at=TEN + HOUR))
        connection.execute(text(TAKEN))
    mapped = close_due(database, clock, config, LAGS)
    run_fulfillment(database, clock, config)
    routed = close_due(database, clock, config, LAGS)

    assert (landed, mapped, [m.order_count for m in routed]) == ([], [], [1, 0])


def test_a_warehouse_that_came_later_has_no_list_of_each_day_before(database: Database, clock: FixedClock):
    config = arrange(database, clock)
    close_due(database, at(clock, TEN), config, {})
    at(clock, TEN + timedelta(days=60, hours=1))
    close_due(database, clock, config, {})
    with database.engine.begin() as connection:
        config = activate(connection, warehouses=FILES["warehouses.yaml"] + WUHAN)

    due = due_cutoffs(database, clock, config)

    assert [cutoff.cutoff_id for cutoff in due] == ["wuhan/20270121T020000Z", "wuhan/20270122T020000Z"]


def test_a_time_of_day_that_is_added_after_it_has_passed_closes_nothing_until_it_comes_again(
    database: Database, clock: FixedClock, tmp_path: Path
):
    directory = tmp_path / "config"
    directory.mkdir()

    def apply(times: str) -> MerchantConfig:
        warehouses = f"warehouses:\n  - {{id: hangzhou, name: h, cutoffs: {times}}}\n  - {{id: yiwu, name: y, cutoffs: []}}\n"
        for name, content in {**FILES, "shops.yaml": shops_file(), "warehouses.yaml": warehouses}.items():
            (directory / name).write_text(content, encoding="utf-8")
        return apply_directory(database, clock, directory, tmp_path, "li", force=True)

    def due(moved: timedelta = timedelta()) -> list[str]:
        clock.move(moved)
        return [each.cutoff_id[-16:-3] for each in due_cutoffs(database, clock, config)]

    config = apply('["10:00"]')
    ensure_first_start(database, clock)
    first = due(timedelta(minutes=20))
    clock.move(timedelta(hours=7))
    config = apply('["10:00", "16:00", "18:00"]')
    late, added = late_lists(database, config, clock.now()), due()
    clock.move(timedelta(minutes=1))
    later = late_lists(database, config, clock.now())
    evening = due(timedelta(minutes=59))
    tomorrow = due(timedelta(hours=24))

    assert (first, added) == (["20261123T0200"], ["20261123T0200"])
    assert [each.partition(" 今天")[0] for each in late] == ["warehouses.yaml: hangzhou 16:00"]
    assert later == []
    assert evening[len(added) :] == ["20261123T1000"]
    assert tomorrow[len(evening) :] == ["20261124T0200", "20261124T0800", "20261124T1000"]


def test_an_order_at_a_warehouse_that_closes_for_good_is_told(database: Database, clock: FixedClock):
    arrange_late_order(database, clock)
    calendar = "kind,id,from,to,what,comment\nwarehouse,hangzhou,2026-11-24,2027-12-31,closed,\n"
    with database.engine.begin() as connection:
        config = activate(connection, more={"calendar.csv": calendar})

    told = tell_of_due(database, clock, config)

    assert told == 1
    ((words,),) = rows(database, "select text_en from ops.alerts where rule_id = 'due_before_next_cutoff'")
    assert str(words).startswith("hangzhou has no next list in sight; 1 order(s) must be handed over before")


def test_nobody_is_told_of_orders_that_the_open_list_takes(database: Database, clock: FixedClock):
    config = arrange(database, clock, Order("1", ship_by_at=TEN + HOUR), covered=LATE)
    at(clock, TEN + MINUTE)

    waiting = close_due(database, clock, config, LAGS)
    told = tell_of_due(database, clock, config)
    at(clock, TEN + 10 * MINUTE)
    closed = close_due(database, clock, config, LAGS)

    assert (waiting, told, closed[0].left_out) == ([], 0, {"source_stale": 1})
    assert tell_of_due(database, clock, config) == 1


def test_a_list_that_rings_needs_no_extra_one_beside_it(database: Database, clock: FixedClock):
    with database.engine.begin() as connection:
        config = activate(connection, warehouses=WITH_EXTRAS)
        stock(connection, hangzhou__MUG=50)
        put(connection, Order("1", ship_by_at=TEN + HOUR))
    ensure_first_start(database, clock)
    run_fulfillment(database, clock, config)

    beside = request_due_extras(database, at(clock, TEN + timedelta(seconds=30)), config)

    assert beside == []


def test_what_may_not_leave_yet_gets_no_extra_list(database: Database, clock: FixedClock):
    config = arrange_late_order(database, clock, WITH_EXTRAS)
    with database.engine.begin() as connection:
        allowed = {"at": TEN + 6 * HOUR}
        connection.execute(text("update core.fulfillment_orders set ship_not_before = :at"), allowed)

    too_early = request_due_extras(database, at(clock, TEN + 5 * HOUR), config)
    in_time = request_due_extras(database, at(clock, TEN + 6 * HOUR), config)

    assert (too_early, in_time) == ([], ["hangzhou/20261123T080000Z"])
