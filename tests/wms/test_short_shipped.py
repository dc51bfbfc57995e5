"""A warehouse sends less than it was told and says that it is done: a person says what becomes of the rest."""

from datetime import timedelta
from typing import Any

import pytest

from orderhub.alerts.watch import look_around
from orderhub.errors import StopError
from orderhub.fulfillment.resend import Resend, order_resend
from orderhub.fulfillment.wms.mending import Settled, settle_doubts
from orderhub.fulfillment.wms.short import Rest
from tests.builders import rows
from tests.wms.conftest import House
from tests.wms.test_intercepts import change
from tests.wms.test_part_left import DOCUMENTS, PROMISED, clean, part_leaves, push
from tests.wms.test_replacements import run, ship

OPEN = "select reason from core.shipment_doubts where resolved_at is null"
REFUND = (
    "insert into core.refunds (refund_id, platform, shop_id, platform_refund_id, order_id, platform_line_id, kind, state, "
    "is_terminal, quantity, version_id, merge_key, mapping_version, _load_id, _pass_id, _seen_at) "
    "select 'tb/R1', 'taobao', 'tb', 'R1', order_id, '1', 'refund', '{}', false, {}, 'v', 'k', 'm', 1, 1, _seen_at "
    "from core.orders where order_id = 'tb/1'"
)
SENT_AT_THE_PLATFORM = (
    "update core.order_lines set gate = 'wait' where order_id = 'tb/1' and line_id = '1';"
    "update core.orders set gate = 'stop', status = 'shipped' where order_id = 'tb/1'"
)
STATES = "select line_id, state, resolution from core.reservations where order_id = 'tb/1' order by 1, 2"


OVER = "<request><deliveryOrder><deliveryOrderCode>tb-1-1</deliveryOrderCode><status>DELIVERED</status></deliveryOrder>{}</request>"


def end_short(house: House, items: dict[str, int], **more: Any) -> None:
    """Of two mugs and a cup, `items` leave; the WMS calls that all."""
    part_leaves(house, items, **more)
    house.wms.ledger.find("tb-1-1").status = "DELIVERED"
    push(house, OVER.format(""))


def settle(house: House, rest: Rest | None) -> Settled:
    return settle_doubts(house.database, house.clock, "tb-1-1", "clerk", "仓库找不到", rest)


def test_a_rest_that_is_promised_is_not_settled_without_a_word_about_it(house: House):
    end_short(house, {"MUG": 1})

    with pytest.raises(StopError, match="--rest"):
        settle(house, None)

    assert rows(house.database, OPEN) == [("short_shipped",)]
    assert rows(house.database, PROMISED) == [("CUP", 20, 1), ("MUG", 20, 2)]


def test_the_rest_is_shipped_a_line_anew_and_missing_pieces_as_a_resend(house: House):
    end_short(house, {"MUG": 1})

    settled = settle(house, Rest.SHIP)
    house.close()
    ship(house)
    look_around(house.database, house.clock, house.active)

    assert settled == Settled(doubts=1, lines=1, resent=("tb/BF1_S1",), unsent=(), gifts=())
    assert rows(house.database, DOCUMENTS) == [
        ("tb/1@1", "shipped"),
        ("tb/1@2", "shipped"),
        ("tb/BF1_S1@1", "shipped"),
    ]
    assert rows(house.database, STATES) == [
        ("1", "posted", "short_shipped"),
        ("2", "posted", "shipped"),
        ("2", "voided", "short_shipped"),
    ]
    assert dict(house.wms.ledger.shipped()) == {
        ("tb-1-1", "MUG"): 1,
        ("tb-1-2", "CUP"): 1,
        ("tb-BF1_S1-1", "MUG"): 1,
    }
    assert rows(house.database, PROMISED) == [("CUP", 19, 0), ("MUG", 18, 0)]
    assert rows(house.database, "select rule_id from ops.alerts where closed_at is null") == [
        ("tracking_by_hand",)
    ]
    assert clean(house) == []


def test_the_rest_is_cancelled_and_nothing_of_it_is_promised_again(house: House):
    end_short(house, {"MUG": 1})

    settled = settle(house, Rest.CANCEL)
    house.close()

    assert settled == Settled(doubts=1, lines=1, resent=(), unsent=(), gifts=())
    assert rows(house.database, DOCUMENTS) == [("tb/1@1", "shipped")]
    assert rows(house.database, "select line_id, bucket from core.order_buckets order by 1") == [
        ("1", "shipped"),
        ("2", "closed"),
    ]
    assert rows(house.database, PROMISED) == [("CUP", 20, 0), ("MUG", 19, 0)]
    assert (rows(house.database, OPEN), clean(house)) == ([], [])


GIFT = (
    "update core.order_lines set kind = 'gift', gift_rule_id = 'g' where order_id = 'tb/1' and line_id = '2'"
)


def test_a_gift_that_stays_behind_is_named_and_leaves_once_by_a_resend(house: House):
    end_short(house, {"MUG": 1})
    change(house, GIFT)
    change(house, SENT_AT_THE_PLATFORM)

    settled = settle(house, Rest.SHIP)
    run(house)
    order_resend(house.database, house.clock, Resend("tb/1", "赠品没发", "clerk", {"2": 1}))
    house.close()
    ship(house)

    assert settled == Settled(doubts=1, lines=1, resent=("tb/BF1_S1",), unsent=(), gifts=("tb/1#2",))
    assert dict(house.wms.ledger.shipped()) == {
        ("tb-1-1", "MUG"): 1,
        ("tb-BF1_1-1", "CUP"): 1,
        ("tb-BF1_S1-1", "MUG"): 1,
    }
    assert clean(house) == []


@pytest.mark.slow
def test_a_document_that_its_wms_gave_up_whole_is_routed_anew(house: House):
    house.open(orders=1)
    house.deliver()
    house.wms.ledger.cancel("tb-1-1")
    house.confirm()

    settle(house, Rest.SHIP)
    house.clock.move(timedelta(minutes=5))
    house.close()
    ship(house)

    assert rows(house.database, DOCUMENTS) == [("tb/1@1", "cancelled"), ("tb/1@2", "shipped")]
    assert rows(house.database, PROMISED) == [("CUP", 19, 0), ("MUG", 18, 0)]
    assert clean(house) == []


@pytest.mark.slow
def test_missing_pieces_that_were_refunded_are_not_sent_again(house: House):
    end_short(house, {"MUG": 1})
    change(house, REFUND.format("refunded", 2))

    settled = settle(house, Rest.SHIP)

    assert settled == Settled(doubts=1, lines=1, resent=(), unsent=("tb/1#1",), gifts=())
    assert rows(house.database, "select * from core.replacements") == []


@pytest.mark.slow
def test_missing_pieces_whose_refund_is_open_wait_for_it(house: House):
    end_short(house, {"MUG": 1})
    change(house, REFUND.format("open", 1))

    with pytest.raises(StopError, match="tb/1#1"):
        settle(house, Rest.SHIP)

    assert rows(house.database, OPEN) == [("short_shipped",)]


def test_the_rest_of_an_order_that_its_platform_calls_shipped_is_waited_for_and_told(house: House):
    rules = "closing_days: 2\nrules:\n  - {id: all, warehouses: [hangzhou], reason: {zh: 全部, en: all}, none_can_fill: backorder, promise_days: 1}\n"
    calendar = "kind,id,from,to,what,comment\narea,浙江省,2026-11-25,2026-11-26,suspended,暴雪\n"
    end_short(house, {"MUG": 2}, more={"routing.yaml": rules, "calendar.csv": calendar})
    settle(house, Rest.SHIP)
    change(
        house,
        "update core.stock set on_hand = 0 where sku_id = 'CUP'; update core.tracking_writes set state = 'told';"
        "update core.orders set gate = 'stop', status = 'shipped' where order_id = 'tb/1'",
    )

    house.clock.move(timedelta(days=1))
    look_around(house.database, house.clock, house.active)

    assert rows(
        house.database,
        "select rule_id, subject from ops.alerts where rule_id in ('stock_out', 'backorder_due', 'closing_ahead') order by 1",
    ) == [
        ("backorder_due", "2026-11-24"),
        ("closing_ahead", "area/浙江省 2026-11-25"),
        ("stock_out", "hangzhou/CUP"),
    ]


@pytest.mark.parametrize(
    ("says", "documents"),
    [
        pytest.param(SENT_AT_THE_PLATFORM, "manifested", marks=pytest.mark.slow),
        pytest.param(
            "update core.orders set gate = 'stop', status = 'closed' where order_id = 'tb/1'",
            "cancelled",
            marks=pytest.mark.slow,
        ),
        (REFUND.format("refunded", 2), "cancelled"),
    ],
)
def test_missing_pieces_go_as_their_line_goes_whatever_the_platform_calls_what_left(
    house: House, says: str, documents: str
):
    end_short(house, {"MUG": 1})
    settle(house, Rest.SHIP)
    house.clock.move(timedelta(minutes=5))
    house.close()
    house.deliver()

    change(house, says)
    house.deliver()

    assert rows(house.database, "select state from core.fulfillment_orders where order_id = 'tb/BF1_S1'") == [
        (documents,)
    ]
    assert clean(house) == []


def test_a_late_parcel_of_what_was_settled_is_a_doubt_and_takes_no_stock(house: House):
    end_short(house, {"MUG": 1})
    settle(house, Rest.CANCEL)
    items = "<item><itemCode>MUG</itemCode><quantity>1</quantity></item>"
    package = "<package><logisticsCode>ZTO</logisticsCode><expressCode>LATE1</expressCode><items>{}</items></package>"

    said = push(
        house,
        OVER.format(f"<packages>{package.format(items)}</packages>"),
    )

    assert (said.parcels, rows(house.database, OPEN)) == (0, [("excess_pieces",)])
    assert rows(house.database, PROMISED) == [("CUP", 20, 0), ("MUG", 19, 0)]
    assert clean(house) == []
