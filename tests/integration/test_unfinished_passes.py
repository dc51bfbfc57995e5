"""A large pass has merged its orders and not judged them: what else looks at them waits, and loses nothing."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from orderhub.alerts.watch import look_around
from orderhub.clock import FixedClock
from orderhub.config.models import MerchantConfig
from orderhub.db.engine import Database
from orderhub.fulfillment.close import close_due
from orderhub.fulfillment.cutoffs import request_extra
from orderhub.fulfillment.run import run_fulfillment
from orderhub.operate.explain import explain
from tests.builders import NOON, Line, Order, activate, put, rows, stock

CARRIERS = """\
carriers:
  - {id: zto, name: 中通, codes: {taobao: ZTO}, not_served: [remote], freight: [{first_g: 1000, first: "4.00", next_g: 1000, next: "1.50"}]}
"""
ALLOCATED = "select order_id from core.fulfillment_orders where state = 'allocated' order by 1"
BLOCKED = "select order_id, blocked_by from core.line_readiness order by 1, line_id"
HELD = "select rule_id from core.holds where state = 'active'"
TOLD = "select rule_id from ops.alerts"
LISTED = "select order_id, line_id from core.manifest_lines order by 1, 2"


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOON)


def arrange(
    database: Database, *orders: Order, more: dict[str, str] | None = None, **pieces: int
) -> MerchantConfig:
    with database.engine.begin() as connection:
        config = activate(connection, more=more)
        stock(connection, **(pieces or {"hangzhou__MUG": 9, "yiwu__MUG": 9}))
        put(connection, *orders)
    return config


def say(database: Database, *statements: str) -> None:
    with database.engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def merge(database: Database, order_id: str, *statements: str) -> None:
    """Merge another version of an order by a pass that is not finished."""
    with database.engine.begin() as connection:
        pass_id = connection.execute(
            text("insert into ops.passes (kind, started_at) values ('transform', :now) returning pass_id"),
            {"now": NOON},
        ).scalar_one()
        connection.execute(
            text(
                "update core.orders set version_id = 'v2', checked_version = 'v2', _checked_pass_id = :pass_id "
                "where order_id = :order_id"
            ),
            {"pass_id": pass_id, "order_id": order_id},
        )
        for statement in statements:
            connection.execute(text(statement))


def finish(database: Database) -> None:
    say(database, "update ops.passes set finished_at = started_at where kind = 'transform'")


def checked(database: Database, order_id: str) -> list[tuple[str, str, dict[str, str]]]:
    steps = explain(database, order_id).steps
    return [(step.text, step.text_en, step.ids) for step in steps if step.what == "checked"]


def test_nobody_is_told_that_no_carrier_takes_an_order_that_is_being_checked(
    database: Database, clock: FixedClock
):
    config = arrange(database, Order("1"), more={"carriers.yaml": CARRIERS})
    run_fulfillment(database, clock, config)

    merge(database, "tb/1", "update core.receivers set province = '西藏自治区', city = '拉萨市'")
    run_fulfillment(database, clock, config)
    meanwhile = [rows(database, query) for query in (ALLOCATED, HELD, TOLD)]
    finish(database)
    run_fulfillment(database, clock, config)

    assert meanwhile == [[("tb/1",)], [], []]
    assert rows(database, HELD) == [("no_carrier",)]


def test_what_follows_an_order_waits_while_that_is_being_checked(database: Database, clock: FixedClock):
    config = arrange(database, Order("1", gate="stop"), Order("BF1"))
    say(
        database,
        "update core.orders set order_kind = 'resend', of_order_id = 'tb/1' where order_id = 'tb/BF1'",
    )

    merge(database, "tb/1")
    run_fulfillment(database, clock, config)
    meanwhile = rows(database, BLOCKED), rows(database, ALLOCATED)
    finish(database)
    run_fulfillment(database, clock, config)

    assert meanwhile == ([("tb/1", "order_stopped"), ("tb/BF1", "order_unchecked")], [])
    assert rows(database, ALLOCATED) == [("tb/BF1",)]


def test_the_story_of_what_is_sent_again_says_that_it_waits_for_the_checks_of_its_sale(database: Database):
    arrange(database, Order("1"), Order("BF1"))
    say(
        database,
        "update core.orders set order_kind = 'resend', of_order_id = 'tb/1' where order_id = 'tb/BF1'",
    )

    merge(database, "tb/1")
    meanwhile = checked(database, "tb/BF1")
    finish(database)

    assert meanwhile == [("等原单 tb/1 检查完", "waits until its sale tb/1 is checked", {"sale": "tb/1"})]
    assert [text for text, _, _ in checked(database, "tb/BF1")] == ["已检查当前版本"]


def test_cut_off_waits_for_an_order_that_is_being_checked_though_a_line_of_it_has_stopped(
    database: Database, clock: FixedClock
):
    order = Order("1", (Line("MUG"), Line("CUP", title="杯子")))
    config = arrange(database, order, hangzhou__MUG=9, hangzhou__CUP=9)
    run_fulfillment(database, clock, config)
    request_extra(database, clock, config, "hangzhou", "test")

    merge(database, "tb/1", "update core.order_lines set gate = 'stop' where line_id = '1'")
    while_judged = close_due(database, clock, config, {})
    finish(database)
    run_fulfillment(database, clock, config)
    clock.move(timedelta(seconds=1))
    close_due(database, clock, config, {})

    assert while_judged == []
    assert rows(database, LISTED) == [("tb/1", "2")]


def test_an_order_that_waits_for_goods_waits_for_them_while_it_is_being_checked(
    database: Database, clock: FixedClock
):
    config = arrange(database, Order("1"), hangzhou__MUG=0, yiwu__MUG=0)
    run_fulfillment(database, clock, config)
    say(database, "update core.routing_decisions set outcome = 'backorder', promised_date = '2026-11-23'")
    look_around(database, clock, config)

    merge(database, "tb/1")
    looked = look_around(database, clock, config)

    assert (looked.stock_outs, looked.backorders) == (0, 0)
    assert rows(
        database, "select rule_id, closed_at from ops.alerts where rule_id <> 'late_pull' order by 1"
    ) == [
        ("backorder_due", None),
        ("stock_out", None),
    ]
