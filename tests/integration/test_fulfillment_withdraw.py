from datetime import timedelta

import pytest
from sqlalchemy import Connection, text

from orderhub.clock import FixedClock
from orderhub.config.models import MerchantConfig
from orderhub.db.engine import Database
from orderhub.fulfillment.close import close_due
from orderhub.fulfillment.cutoffs import request_extra
from orderhub.fulfillment.golive import confirm
from orderhub.fulfillment.run import run_fulfillment
from orderhub.operate.explain import explain
from orderhub.operate.verify import verify
from tests.builders import NOON, Line, Order, activate, hold, put, rows, stock

STOCK = "select warehouse_id, reserved from core.stock order by 1"
DOCUMENTS = "select fulfillment_order_id, state, cancel_reason from core.fulfillment_orders order by 1"


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOON)


@pytest.fixture
def config(database: Database, clock: FixedClock) -> MerchantConfig:
    """One order of two lines, reserved at Hangzhou."""
    with database.engine.begin() as connection:
        active = activate(connection)
        stock(connection, hangzhou__MUG=10, yiwu__MUG=10)
        put(connection, Order("1", (Line(quantity=2), Line(quantity=3))))
    run_fulfillment(database, clock, active)
    return active


def change(database: Database, *statements: str) -> None:
    """What a transform pass would write: a new version, checked."""
    with database.engine.begin() as connection:
        for statement in (*statements, "update core.orders set version_id = 'v2', checked_version = 'v2'"):
            connection.execute(text(statement))


def test_a_cancelled_order_gives_its_stock_back_once(
    database: Database, clock: FixedClock, config: MerchantConfig
):
    change(database, "update core.orders set gate = 'stop'")

    first = run_fulfillment(database, clock, config)
    second = run_fulfillment(database, clock, config)

    assert (first.withdrawn_reservations, first.cancelled_documents) == (2, 1)
    assert (second.withdrawn_reservations, second.cancelled_documents) == (0, 0)
    assert rows(database, STOCK) == [("hangzhou", 0), ("yiwu", 0)]
    assert rows(database, DOCUMENTS) == [("tb/1@1", "cancelled", "order_stopped")]


def test_a_held_order_loses_its_promise_and_gets_a_new_one_when_released(
    database: Database, clock: FixedClock, config: MerchantConfig
):
    with database.engine.begin() as connection:
        hold(connection, "tb/1")
    run_fulfillment(database, clock, config)
    while_held = rows(database, STOCK)
    with database.engine.begin() as connection:
        connection.execute(text("update core.holds set state = 'released'"))

    run_fulfillment(database, clock, config)

    assert while_held == [("hangzhou", 0), ("yiwu", 0)]
    assert rows(database, DOCUMENTS) == [("tb/1@1", "cancelled", "order_held"), ("tb/1@2", "allocated", None)]


def test_a_promise_that_lasted_too_long_without_a_list_expires_once_and_its_order_is_decided_anew(
    database: Database, clock: FixedClock, config: MerchantConfig
):
    clock.move(timedelta(days=14, seconds=1))

    run_fulfillment(database, clock, config)

    assert rows(database, DOCUMENTS) == [
        ("tb/1@1", "cancelled", "promise_expired"),
        ("tb/1@2", "allocated", None),
    ]
    assert rows(
        database, "select state, resolution, count(*) from core.reservations group by 1, 2 order by 1"
    ) == [("active", None, 2), ("expired", "promise_expired", 2)]
    assert rows(database, STOCK) == [("hangzhou", 5), ("yiwu", 0)]
    assert [result.name for result in verify(database) if result.violations] == []
    assert "已过期, promise_expired" in "".join(step.text for step in explain(database, "tb/1").steps)


def test_what_expired_is_served_behind_those_who_must_be_served_first(
    database: Database, clock: FixedClock, config: MerchantConfig
):
    urgent = Order("2", (Line(quantity=9),), ship_by_at=NOON + timedelta(days=1))
    with database.engine.begin() as connection:
        connection.execute(text("update core.stock set on_hand = 0 where warehouse_id = 'yiwu'"))
        put(connection, urgent)
    run_fulfillment(database, clock, config)
    waits = rows(database, "select outcome from core.routing_decisions where order_id = 'tb/2'")
    clock.move(timedelta(days=14, seconds=1))

    run_fulfillment(database, clock, config)

    assert waits == [("out_of_stock",)]
    assert rows(database, "select order_id, outcome from core.routing_decisions order by 1") == [
        ("tb/1", "out_of_stock"),
        ("tb/2", "allocated"),
    ]


def test_a_promise_lasts_its_days_and_what_is_on_a_list_never_expires(
    database: Database, clock: FixedClock, config: MerchantConfig
):
    clock.move(timedelta(days=14))
    run_fulfillment(database, clock, config)
    on_the_last_day = rows(database, "select distinct state from core.reservations")
    request_extra(database, clock, config, "hangzhou", "test")
    close_due(database, clock, config, {})
    clock.move(timedelta(days=30))

    run_fulfillment(database, clock, config)

    assert on_the_last_day == [("active",)]
    assert rows(database, "select distinct state from core.reservations") == [("active",)]
    assert rows(database, DOCUMENTS) == [("tb/1@1", "manifested", None)]


def test_a_refunded_line_goes_alone(database: Database, clock: FixedClock, config: MerchantConfig):
    change(database, "update core.order_lines set gate = 'stop' where line_id = '1'")

    run_fulfillment(database, clock, config)

    assert rows(database, STOCK) == [("hangzhou", 3), ("yiwu", 0)]
    assert rows(database, DOCUMENTS) == [("tb/1@1", "allocated", None)]


def test_a_vanished_line_goes_alone(database: Database, clock: FixedClock, config: MerchantConfig):
    change(database, "delete from core.order_lines where line_id = '2'")

    run_fulfillment(database, clock, config)

    assert rows(database, STOCK) == [("hangzhou", 2), ("yiwu", 0)]


def test_a_changed_quantity_is_promised_anew_for_the_whole_order(
    database: Database, clock: FixedClock, config: MerchantConfig
):
    change(database, "update core.order_lines set quantity = 5 where line_id = '2'")

    run_fulfillment(database, clock, config)

    assert rows(database, STOCK) == [("hangzhou", 7), ("yiwu", 0)]
    assert rows(database, DOCUMENTS) == [
        ("tb/1@1", "cancelled", "line_changed"),
        ("tb/1@2", "allocated", None),
    ]


def test_an_order_that_moves_to_another_rule_is_routed_anew(
    database: Database, clock: FixedClock, config: MerchantConfig
):
    change(database, "update core.receivers set province = '西藏自治区', city = '拉萨市'")

    run_fulfillment(database, clock, config)

    assert rows(database, STOCK) == [("hangzhou", 0), ("yiwu", 5)]
    assert rows(database, DOCUMENTS)[0] == ("tb/1@1", "cancelled", "destination_changed")


def test_a_new_version_that_changes_nothing_for_us_keeps_its_promise(
    database: Database, clock: FixedClock, config: MerchantConfig
):
    change(database, "update core.orders set seller_memo = '尽快发货'")

    counts = run_fulfillment(database, clock, config)

    assert (counts.withdrawn_reservations, counts.allocated) == (0, 0)


def test_an_order_that_waits_for_its_check_keeps_its_place_and_stays_off_the_list(
    database: Database, clock: FixedClock, config: MerchantConfig
):
    with database.engine.begin() as connection:
        connection.execute(text("update core.orders set version_id = 'v2'"))
    run_fulfillment(database, clock, config)
    request_extra(database, clock, config, "hangzhou", "test")

    (closed,) = close_due(database, clock, config, {})

    assert rows(database, STOCK) == [("hangzhou", 5), ("yiwu", 0)]
    assert (closed.order_count, closed.left_out) == (0, {"order_unchecked": 1})


def test_what_the_warehouse_already_holds_is_not_withdrawn(
    database: Database, clock: FixedClock, config: MerchantConfig
):
    request_extra(database, clock, config, "hangzhou", "test")
    close_due(database, clock, config, {})
    change(database, "update core.orders set gate = 'stop'")

    run_fulfillment(database, clock, config)

    assert rows(database, STOCK) == [("hangzhou", 5), ("yiwu", 0)]
    assert rows(database, DOCUMENTS) == [("tb/1@1", "manifested", None)]


def test_a_shop_that_leaves_shadow_gets_its_open_orders_decided_for_real(
    database: Database, clock: FixedClock, config: MerchantConfig
):
    with database.engine.begin() as connection:
        shadow = activate(connection, mode="shadow")
    run_fulfillment(database, clock, shadow)
    as_shadow = rows(database, "select is_shadow from core.fulfillment_orders where state = 'allocated'")

    run_fulfillment(database, clock, config)

    assert as_shadow == [(True,)]
    assert rows(database, "select is_shadow from core.fulfillment_orders where state = 'allocated'") == [
        (False,)
    ]
    assert rows(database, STOCK) == [("hangzhou", 5), ("yiwu", 0)]


def put_open_at_go_live(connection: Connection) -> None:
    put(connection, Order("old", lifecycle="to_confirm"), Order("older", lifecycle="history"))


def test_an_order_open_at_go_live_ships_after_a_person_confirmed_it(
    database: Database, clock: FixedClock, config: MerchantConfig
):
    with database.engine.begin() as connection:
        put_open_at_go_live(connection)
    listed = rows(database, "select order_id from mart.orders_to_confirm")

    confirmed = confirm(database, clock, ["tb/old"], "supervisor")

    assert listed == [("tb/old",)]
    assert confirmed == 1
    assert rows(database, "select lifecycle, checked_version from core.orders where order_id = 'tb/old'") == [
        ("live", None)
    ]
    assert rows(database, "select actor, action, subject_id from ops.audit") == [
        ("supervisor", "confirm", "tb/old")
    ]


def test_confirming_an_order_that_is_not_waiting_confirms_nothing(
    database: Database, clock: FixedClock, config: MerchantConfig
):
    from orderhub.errors import StopError

    with database.engine.begin() as connection:
        put_open_at_go_live(connection)

    with pytest.raises(StopError, match="tb/older"):
        confirm(database, clock, ["tb/old", "tb/older"], "supervisor")

    assert rows(database, "select count(*) from mart.orders_to_confirm") == [(1,)]


def test_orders_of_a_shop_that_left_the_configuration_never_ship(
    database: Database, clock: FixedClock, config: MerchantConfig
):
    with database.engine.begin() as connection:
        connection.execute(text("delete from core.shops"))

    counts = run_fulfillment(database, clock, config)

    assert (counts.allocated, rows(database, STOCK)) == (0, [("hangzhou", 0), ("yiwu", 0)])
    assert rows(database, DOCUMENTS) == [("tb/1@1", "cancelled", "shop_removed")]


def test_what_waits_at_a_warehouse_that_left_the_configuration_is_routed_to_another(
    database: Database, clock: FixedClock, config: MerchantConfig
):
    with database.engine.begin() as connection:
        rules = "rules:\n  - {id: all, warehouses: [yiwu], reason: {zh: 全部, en: all}}\n"
        houses = 'warehouses:\n  - {id: yiwu, name: 义乌仓, cutoffs: ["10:00"]}\n'
        files = {"routing.yaml": rules, "safety_stock.csv": "warehouse_id,sku_id,quantity\n"}
        left = activate(connection, warehouses=houses, more=files)

    run_fulfillment(database, clock, left)

    assert rows(database, STOCK) == [("hangzhou", 0), ("yiwu", 5)]
    assert rows(database, DOCUMENTS) == [
        ("tb/1@1", "cancelled", "warehouse_removed"),
        ("tb/1@2", "allocated", None),
    ]


def test_shop_that_turns_shadow_before_the_cut_off_is_not_handed_over(
    database: Database, clock: FixedClock, config: MerchantConfig
):
    with database.engine.begin() as connection:
        shadow = activate(connection, mode="shadow")
    request_extra(database, clock, shadow, "hangzhou", "test")

    close_due(database, clock, shadow, {})

    assert rows(database, "select count(*) from core.manifest_lines") == [(0,)]


def test_receiver_that_arrives_with_an_older_version_moves_the_order(
    database: Database, clock: FixedClock, config: MerchantConfig
):
    with database.engine.begin() as connection:
        connection.execute(
            text("update core.receivers set province = '新疆维吾尔自治区', city = null, version_id = 'v0'")
        )

    run_fulfillment(database, clock, config)

    assert rows(database, STOCK) == [("hangzhou", 0), ("yiwu", 5)]


def test_file_that_moves_the_rows_of_an_order_in_a_manifest_ships_nothing_twice(
    database: Database, clock: FixedClock, config: MerchantConfig
):
    with database.engine.begin() as connection:
        put(connection, Order("9", (Line(), Line(quantity=2)), shop_id="group", platform="spreadsheet"))
        connection.execute(text("update core.shops set is_pulled = false where shop_id = 'group'"))
    run_fulfillment(database, clock, config)
    request_extra(database, clock, config, "hangzhou", "test")
    close_due(database, clock, config, {})
    change(
        database,
        "insert into core.order_lines (order_id, line_id, line_no, sku_id, kind, quantity, refund_state, gate) "
        "values ('group/9', '3', 3, 'MUG', 'goods', 2, 'none', 'ship')",
    )

    run_fulfillment(database, clock, config)

    said = "select blocked_by from core.line_readiness where order_id = 'group/9' and line_id = '3'"
    assert rows(database, said) == [("changed_after_manifest",)]
    assert rows(database, "select count(*) from core.fulfillment_orders where order_id = 'group/9'") == [(1,)]


def test_what_waited_long_for_its_list_is_called_back_for_as_long_as_any_other(
    database: Database, clock: FixedClock, config: MerchantConfig
):
    clock.move(timedelta(days=8))
    request_extra(database, clock, config, "hangzhou", "lin")
    close_due(database, clock, config, {})
    clock.move(timedelta(days=6))
    change(database, "update core.orders set gate = 'stop'")

    counts = run_fulfillment(database, clock, config)

    assert counts.recalled_documents == 1
