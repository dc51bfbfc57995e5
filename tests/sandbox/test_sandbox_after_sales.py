"""After-sales move on by themselves, are pulled by their own modified time, and close an order that is refunded."""

from datetime import timedelta

import pytest

from sandbox.credentials import Credentials
from sandbox.gateway.gateway import Gateway
from sandbox.gateway.text import beijing
from sandbox.taobao.dialect import DIALECT
from sandbox.taobao.methods import REFUND, REFUNDS
from sandbox.taobao.trade import detail_row
from sandbox.world.catalog import SHOP_BY_ID
from sandbox.world.model import AfterSaleState, Hold, OrderState
from sandbox.world.world import World

FIELDS = "refund_id,oid,status,refund_fee,modified,num"


@pytest.fixture
def lively(now):
    return Gateway.of(DIALECT, World(7, 480, now - timedelta(minutes=5), lives="all"), Credentials.of(7))


def plain_order(world, pieces=0):
    return next(
        order
        for order in world.orders.values()
        if order.is_shippable
        and order.shop_id == "tb_flagship"
        and not order.after_sales
        and not order.parcels
        and not order.intents
        and any(line.quantity > pieces for line in order.goods)
    )


def refunds(gateway, ask, now, **parameters):
    window = {"start_modified": beijing(now - timedelta(hours=40)), "end_modified": beijing(now)}
    return ask(gateway, now, REFUNDS, fields=FIELDS, page_size="100", **{**window, **parameters})


def test_the_refund_list_tells_every_after_sale_of_the_shop(lively, ask, now):
    rows = refunds(lively, ask, now)["refunds"]["refund"]

    expected = {
        one.after_sale_id for one in lively.world.after_sales.values() if one.shop_id == "tb_flagship"
    }
    assert expected == {row["refund_id"] for row in rows}
    assert sorted((row["modified"] for row in rows), reverse=True) == [row["modified"] for row in rows]


def test_a_refund_moves_into_a_later_window_when_it_changes(lively, ask, now):
    order = plain_order(lively.world)
    lively.world.touch(0, now - timedelta(hours=1), what="refund", order_ids=[order.order_id])
    refund_id = order.after_sales[0].after_sale_id

    lively.world.touch(0, now, what="reject", order_ids=[order.order_id])

    rows = refunds(lively, ask, now, start_modified=beijing(now))["refunds"]["refund"]
    assert [(refund_id, "SELLER_REFUSE_BUYER")] == [(row["refund_id"], row["status"]) for row in rows]


def test_a_refund_can_be_read_by_its_number_in_its_shop_only(lively, ask, now):
    one = next(one for one in lively.world.after_sales.values() if one.shop_id == "tb_flagship")
    other = next(one for one in lively.world.after_sales.values() if one.shop_id == "tb_outlet")

    own = ask(lively, now, REFUND, fields=FIELDS, refund_id=one.after_sale_id)
    foreign = ask(lively, now, REFUND, fields=FIELDS, refund_id=other.after_sale_id)

    assert one.after_sale_id == own["refund"]["refund_id"]
    assert "isv.refund-not-exist" == foreign["sub_code"]


def test_a_rejected_refund_may_be_reopened_under_its_number(lively, now):
    order = plain_order(lively.world)

    for what in ("refund", "reject", "reopen"):
        lively.world.touch(0, now, what=what, order_ids=[order.order_id])

    (after_sale,) = order.after_sales
    assert (AfterSaleState.APPLIED, 1) == (after_sale.state, after_sale.reopened)


def test_a_return_goes_through_every_step(lively, now):
    order = plain_order(lively.world)
    states = []

    for what in ("ship", "return", "advance", "advance", "advance"):
        lively.world.touch(0, now, what=what, order_ids=[order.order_id])
        states += [one.state.value for one in order.after_sales]

    assert ["applied", "agreed", "goods_returned", "refunded"] == states
    assert order.after_sales[0].return_number


def test_the_refund_of_one_piece_leaves_the_others_owed(lively, now):
    order = plain_order(lively.world, pieces=1)

    for what in ("refund_piece", "advance", "advance"):
        lively.world.touch(0, now, what=what, order_ids=[order.order_id])

    claim = order.after_sales[0].claims[0]
    line = next(line for line in order.lines if line.line_id == claim.line_id)
    assert (1, line.quantity - 1) == (claim.quantity, order.owed(line))
    assert order.is_shippable


def test_a_price_difference_paid_back_leaves_everything_owed(lively, now):
    order = plain_order(lively.world)
    owed = [order.owed(line) for line in order.lines]

    for what in ("refund_money", "advance", "advance"):
        lively.world.touch(0, now, what=what, order_ids=[order.order_id])

    assert owed == [order.owed(line) for line in order.lines]
    assert order.after_sales[0].refund_fen > 0


def test_the_last_refunded_line_closes_the_order(lively, now):
    order = plain_order(lively.world)

    for _ in order.goods:
        for what in ("refund", "advance", "advance"):
            lively.world.touch(0, now, what=what, order_ids=[order.order_id])

    assert OrderState.CLOSED_REFUNDED is order.state
    assert "TRADE_CLOSED" == detail_row(order)["status"]


def test_what_is_paid_back_never_exceeds_what_was_paid(lively):
    for order in lively.world.orders.values():
        paid = sum(line.divided_fen for line in order.lines) + order.post_fen

        assert sum(order.refunded_fen(line) for line in order.lines) <= paid, order.order_id


def test_a_change_that_cannot_happen_to_a_named_order_is_refused(lively, now):
    order = plain_order(lively.world)

    with pytest.raises(ValueError, match=f"'advance' cannot happen to {order.order_id} .to_ship."):
        lively.world.touch(0, now, what="advance", order_ids=[order.order_id])


def test_refunds_move_out_of_the_window_while_their_pages_are_read(lively, ask, now):
    before = refunds(lively, ask, now)["total_results"]
    lively.behavior.churn_per_call = 2

    end = beijing(now - timedelta(minutes=1))
    after = [refunds(lively, ask, now, end_modified=end)["total_results"] for _ in range(3)]

    assert [before - 2, before - 4, before - 6] == after


def test_who_waits_for_a_group_asks_for_nothing_back(now):
    world = World(7, 600, now, shops=(SHOP_BY_ID["pdd_main"],), lives="all")
    waiting = [order for order in world.orders.values() if order.hold is Hold.GROUP]

    assert len(waiting) > 0
    assert [order.after_sales for order in waiting] == [[]] * len(waiting)
    with pytest.raises(ValueError, match="cannot happen"):
        world.touch(1, now, what="refund_money", order_ids=[waiting[0].order_id])
