"""Douyin from its gateway to core: nothing lost, nothing shipped that waits, tokens renewed without a person."""

from datetime import timedelta

import pytest

from orderhub.db.engine import Database
from orderhub.errors import CredentialError
from orderhub.platforms.spec import load_platform
from sandbox.douyin.grants import ACCESS_LASTS
from sandbox.douyin.methods import AFTER_SALES, LIST, MOST_ROWS
from sandbox.world.changes import CHANGES
from sandbox.world.model import PaymentKind
from tests.builders import rows
from tests.platforms.against_truth import differences
from tests.platforms.shop_in_a_box import ShopInABox

REFRESH = "token.refresh"
OPEN = "select count(*) from ops.pull_windows where state = 'open'"
SETTLED = timedelta(minutes=20)


@pytest.fixture
def box(database: Database) -> ShopInABox:
    return ShopInABox(database, orders=400, platform="douyin", lives="all")


def wrong(box: ShopInABox) -> list[str]:
    """Return how core differs from the truth, once every change is due and was pulled."""
    box.gateway.behavior.churn_per_call = box.gateway.behavior.churn_place = 0
    box.pass_time(SETTLED)
    box.pull()
    box.transform()
    return differences(box.database, "douyin", box.orders())


def reopen_windows(box: ShopInABox) -> None:
    with box.database.engine.begin() as connection:
        connection.exec_driver_sql("update ops.pull_windows set state = 'open'")


def test_core_tells_the_truth_about_every_life_and_after_sale(box: ShopInABox):
    counts = box.pull()

    assert (0, 0) == (counts.windows_left, counts.parked)
    assert [] == wrong(box)
    assert [(0,)] == rows(box.database, OPEN)


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_changes_between_two_pages_lose_nothing(database: Database, seed: int):
    box = ShopInABox(database, orders=400, seed=seed, platform="douyin", lives="all")
    box.gateway.behavior.churn_per_call = 4
    box.gateway.behavior.churn_place = 2
    for _ in range(2):
        box.pull()
        box.pass_time(SETTLED)

    assert [] == wrong(box)


def test_whatever_happens_to_orders_arrives(box: ShopInABox):
    box.pull()
    box.transform()
    box.pass_time(timedelta(minutes=5))
    for what in CHANGES:
        box.world.touch(4, box.platform_clock.now(), what=what)

    assert [] == wrong(box)


def test_no_order_has_an_unreadable_value_for_a_time_that_is_none(box: ShopInABox):
    box.pull()
    box.transform()

    unreadable = "select distinct unreadable_fields from core.orders"
    assert [([],)] == rows(box.database, unreadable)


def test_each_reason_to_wait_is_told(box: ShopInABox):
    box.world.touch(2, box.platform_clock.now(), what="request_address")
    assert [] == wrong(box)

    said = {row[0].split()[0] for row in rows(box.database, "select distinct gate_reason from core.orders")}

    assert {"presale-deposit", "platform-hold", "address-request", "105"} <= said


def test_line_of_a_cloud_warehouse_stops_alone(box: ShopInABox):
    box.pull()
    box.transform()

    gates = rows(
        box.database,
        "select distinct l.gate, o.gate from core.order_lines l join core.orders o using (order_id) "
        "where l.gate_reason like 'cloud-warehouse%' and o.status = 'to_ship'",
    )

    assert ("stop", "ship") in gates


def test_line_of_which_some_pieces_left_waits_for_a_person(box: ShopInABox):
    order = next(o for o in box.orders() if o.is_shippable and o.goods[0].quantity > 1 and not o.after_sales)
    box.world.touch(0, box.platform_clock.now(), what="part_ship", order_ids=[order.order_id])
    assert [] == wrong(box)

    gates = rows(
        box.database, "select distinct gate, gate_reason from core.order_lines where platform_status = '101'"
    )

    assert [("wait", "part_shipped 1/2")] == gates


def test_line_refunded_in_part_waits_and_one_refunded_whole_stops(box: ShopInABox):
    box.pull()
    box.transform()

    blocked = {
        (order_id, line_id): reason
        for order_id, line_id, reason in rows(
            box.database,
            "select o.platform_order_id, r.line_id, r.blocked_by "
            "from core.line_readiness r join core.orders o using (order_id) where o.status = 'to_ship'",
        )
    }
    refunded = {
        key: order.refunded_pieces(line) == line.quantity
        for order in box.orders()
        for line in order.goods
        if (key := (order.order_id, line.line_id)) in blocked and order.refunded_pieces(line)
    }

    assert {True, False} == set(refunded.values())
    assert {key: "line_stopped" if whole else "line_waits" for key, whole in refunded.items()} == {
        key: blocked[key] for key in refunded
    }


def test_cash_on_delivery_ships_unpaid(box: ShopInABox):
    box.pull()
    box.transform()

    accepted = {
        row[0]
        for row in rows(
            box.database,
            "select platform_order_id from core.orders where payment_state = 'cod_accepted' and gate = 'ship'",
        )
    }

    owed = {o.order_id for o in box.orders() if o.payment_kind is PaymentKind.COD and o.is_shippable}
    assert owed
    assert owed == accepted


def test_second_pull_stages_nothing_though_user_tags_changed(box: ShopInABox):
    box.pull()
    box.gateway.behavior.noise = True
    reopen_windows(box)

    counts = box.pull()

    assert 0 == counts.staged
    assert 300 < counts.rows


def test_pages_end_where_the_platform_ends_them():
    lists = [stream.list for stream in load_platform("douyin").spec.streams.values()]

    assert {MOST_ROWS} == {(call.page_cap or 0) * call.page_size for call in lists}


def test_token_that_ends_mid_pull_is_renewed_once_and_nothing_is_lost(box: ShopInABox):
    box.gateway.faults.replace([{"kind": "expire_token", "method": LIST, "nth": 5}])

    counts = box.pull()

    assert (0, 1) == (counts.windows_left, box.gateway.calls[REFRESH])
    assert [] == wrong(box)


def test_renewed_token_is_renewed_again_in_its_last_half_hour(box: ShopInABox):
    box.gateway.expire(box.shop_id, box.platform_clock.now())
    box.pull()
    box.pass_time(ACCESS_LASTS - timedelta(hours=2))
    box.pull()
    asked_early = box.gateway.calls[REFRESH]
    box.pass_time(timedelta(minutes=100))

    box.pull()

    assert (1, 2) == (asked_early, box.gateway.calls[REFRESH])
    assert 0 == box.gateway.errors["40003 isv.access-token-expired"] - 1


def test_shop_that_took_its_authorisation_back_stops_and_heals_without_a_gap(box: ShopInABox):
    box.pull()
    box.gateway.tokens.revoke(box.shop_id)
    box.pass_time(timedelta(hours=3))
    box.world.place(20, box.platform_clock.now() - timedelta(hours=1))

    with pytest.raises(CredentialError, match="no-authorization"):
        box.pull()

    box.gateway.tokens.expire(box.shop_id, None)
    assert [] == wrong(box)


def test_throttle_is_waited_out(box: ShopInABox):
    box.gateway.faults.replace([{"kind": "throttle", "method": LIST, "nth": 3, "seconds": 5}])

    counts = box.pull()

    assert (0, None) == (counts.windows_left, counts.waits_until)
    assert any(wait >= 2 for wait in box.waited)


@pytest.mark.slow
def test_burst_of_faults_costs_nothing_but_time(box: ShopInABox):
    box.gateway.faults.replace(
        [
            {"kind": "error", "method": LIST, "nth": 2, "code": 20000, "sub_code": "isp.service-error:20005"},
            {"kind": "status", "method": LIST, "nth": 5, "times": 2},
            {"kind": "cut", "method": LIST, "nth": 9},
            {"kind": "html", "method": AFTER_SALES, "nth": 2},
            {"kind": "body", "method": AFTER_SALES, "nth": 4},
        ]
    )

    box.pull()

    assert [] == wrong(box)
