"""JD from its gateway to core: five lists, two layers of failure, notes that move nothing, lines without ids."""

import copy
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from orderhub.db.engine import Database
from orderhub.db.leases import hold_scope
from orderhub.errors import CredentialError
from orderhub.platforms.payload import version_hash, written
from orderhub.platforms.signing import SCHEMES, Unsigned
from orderhub.platforms.staging import Record, stage_page
from sandbox.jd.methods import APPLICATIONS, DETAIL, REMARKS, SEARCH, SERVICES
from sandbox.world.changes import CHANGES
from tests.builders import rows
from tests.platforms.against_truth import differences
from tests.platforms.shop_in_a_box import ShopInABox

SHAPES = Path(__file__).parent
OPEN = "select count(*) from ops.pull_windows where state = 'open'"
WAITING = "select count(*) from ops.parked_records where resolved_at is null"
REFUNDS = "select platform_refund_id, state, refund_fen from core.refunds order by refund_id"
STEP = timedelta(minutes=20)
#: Nothing can be paid, cancelled or shipped in parts on JD: such orders are in no list. Nor are there groups.
HAPPENINGS = sorted(CHANGES.keys() - {"part_ship", "fail_group"})


@pytest.fixture
def box(database: Database) -> ShopInABox:
    return ShopInABox(database, orders=400, platform="jd", lives="all")


@pytest.fixture
def empty(database: Database) -> ShopInABox:
    return ShopInABox(database, orders=0, platform="jd")


def wrong(box: ShopInABox) -> list[str]:
    """Return how core differs from the truth, once every change is due and was pulled."""
    box.gateway.behavior.churn_per_call = box.gateway.behavior.churn_place = 0
    box.pass_time(STEP)
    box.pull()
    box.transform()
    return differences(box.database, "jd", box.orders())


def shape(name: str) -> Any:
    return json.loads((SHAPES / f"{name}.json").read_text(encoding="utf-8"))


def stage(box: ShopInABox, stream: str, record_id: str, value: dict[str, Any]) -> None:
    """Put one record into staging as a pull does."""
    record = Record(record_id, None, written(value), version_hash(value), 0)
    with hold_scope(box.database, "test") as lease, box.database.transaction(lease) as connection:
        stage_page(
            connection, box.clock, platform="jd", shop_id=box.shop_id, stream=stream, window_id=None,
            source="page 1", records=[record],
        )  # fmt: skip


def test_core_tells_the_truth_about_every_life_and_after_sale(box: ShopInABox):
    counts = box.pull()

    assert (0, 0) == (counts.windows_left, counts.parked)
    assert [] == wrong(box)
    assert ([(0,)], [(0,)]) == (rows(box.database, OPEN), rows(box.database, WAITING))


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_orders_that_change_between_two_pages_are_not_lost(database: Database, seed: int):
    box = ShopInABox(database, orders=400, seed=seed, platform="jd", lives="all")
    box.gateway.behavior.churn_per_call = 4
    box.gateway.behavior.churn_place = 2
    for _ in range(3):
        box.pull()
        box.transform()
        box.pass_time(STEP)

    assert [] == wrong(box)


def test_everything_that_happens_to_orders_arrives(box: ShopInABox):
    box.pull()
    box.pass_time(STEP)
    now, in_either_order = box.platform_clock.now(), [*HAPPENINGS, *reversed(HAPPENINGS)]
    happened = {what for what in in_either_order if box.world.touch(6, now, what=what)}

    assert set(HAPPENINGS) == happened
    assert [] == wrong(box)


@pytest.mark.slow
@pytest.mark.parametrize("what", HAPPENINGS)
def test_everything_that_happens_to_an_order_arrives(database: Database, what: str):
    box = ShopInABox(database, orders=120, platform="jd", lives="all")
    box.pull()
    box.pass_time(STEP)
    box.world.touch(6, box.platform_clock.now(), what=what)

    assert [] == wrong(box)


def test_a_changed_note_arrives_though_modified_stands_still(box: ShopInABox):
    box.pull()
    box.transform()
    box.pass_time(STEP)
    first = box.world.touch(1, box.platform_clock.now(), what="memo")[0]
    for memo in ("改地址:寄公司", "算了,还是原地址"):
        first.seller_memo = memo
        first.record(box.platform_clock.now(), "memo_changed", memo)
        box.world._enter(first)
        box.pass_time(STEP)
        box.pull()
        box.transform()

    memo = f"select seller_memo from core.orders where platform_order_id = '{first.order_id}'"
    assert [("算了,还是原地址",)] == rows(box.database, memo)
    assert box.gateway.calls[DETAIL] > 0


def test_a_locked_order_waits_until_it_is_released(box: ShopInABox):
    box.pull()
    order = box.world.touch(1, box.platform_clock.now(), what="lock")[0]
    assert [] == wrong(box)
    blocked = (
        "select distinct blocked_by from core.line_readiness join core.orders using (order_id) "
        f"where platform_order_id = '{order.order_id}'"
    )
    assert [("order_waits",)] == rows(box.database, blocked)

    box.world.touch(0, box.platform_clock.now(), what="release", order_ids=[order.order_id])

    assert [] == wrong(box)
    assert [(None,)] == rows(box.database, blocked)


def test_cash_on_delivery_is_accepted_and_never_paid(box: ShopInABox):
    box.pull()
    box.transform()

    found = rows(
        box.database,
        "select payment_state, paid_at, unreadable_fields from core.orders where payment_state = 'cod_accepted'",
    )

    assert {("cod_accepted", None)} == {(state, paid_at) for state, paid_at, _ in found}
    assert [] == [fields for _, _, fields in found if fields]


def test_an_application_for_the_money_stops_every_line_it_may_mean(box: ShopInABox):
    box.pull()
    order = next(o for o in box.orders() if CHANGES["refund"].is_drawn(o) and len(o.goods) > 1)
    box.world.touch(0, box.platform_clock.now(), what="refund", order_ids=[order.order_id])
    assert [] == wrong(box)

    blocked = rows(
        box.database,
        "select distinct blocked_by from core.line_readiness join core.orders using (order_id) "
        f"where platform_order_id = '{order.order_id}'",
    )

    assert [("line_waits",)] == blocked


def test_an_application_and_a_service_of_one_number_are_two_after_sales(empty: ShopInABox):
    service = shape("refund")
    application = {
        "id": service["serviceId"], "orderId": "300000000001", "status": 0, "applyRefundSum": 100,
        "applyTime": "2026-11-23 10:00:00",
    }  # fmt: skip
    number = str(service["serviceId"])
    stage(empty, "refunds", number, service)
    stage(empty, "refunds", f"application-{number}", application)
    empty.transform()

    assert [(number, "open"), (number, "open")] == [row[:2] for row in rows(empty.database, REFUNDS)]


def test_a_recorded_order_is_mapped_field_by_field(empty: ShopInABox):
    stage(empty, "orders", "296001230001", shape("order"))
    empty.transform()

    order = rows(
        empty.database,
        "select status, payment_state, customer_id, total_fen, discount_fen, freight_fen, paid_fen, "
        "unreadable_fields from core.orders",
    )
    assert [("to_ship", "paid", "oJDdemoBuyerOpenId0001", 34700, 4000, 600, 30300, [])] == order
    lines = rows(
        empty.database,
        "select line_id, merchant_code, kind, quantity, unit_price_fen, paid_fen from core.order_lines "
        "order by line_no",
    )
    assert [
        ("demoSkuUuid0001", "TS-001-BLK-M", "goods", 2, 12900, None),
        ("demoSkuUuid0002", "BG-003", "goods", 1, 8900, None),
        ("demoSkuUuid0003", "GIFT-SOCK", "gift", 1, 0, None),
    ] == lines
    receiver = rows(
        empty.database,
        "select province, city, district, phone_masked, name_masked, token from core.receivers",
    )
    assert [("广东省", "广州市", "海珠区", "138*******1", None, "jdDemoOaid0001")] == receiver


def test_a_recorded_service_is_mapped_field_by_field(empty: ShopInABox):
    stage(empty, "refunds", "2500000001", shape("refund"))
    empty.transform()

    found = rows(
        empty.database,
        "select order_id, platform_sku_id, kind, state, quantity, refund_fen, unreadable_fields from core.refunds",
    )
    assert [("jd_flagship/296001230001", "10054000000002", "return", "open", 1, 8900, [])] == found


@pytest.mark.parametrize(
    ("items", "ids"),
    [
        pytest.param([{}, {}], ["1", "2"], id="no extension at all"),
        pytest.param(
            [{"itemExt": "not JSON"}, {"itemExt": ""}], ["1", "2"], id="an extension that is no JSON"
        ),
        pytest.param([{"itemExt": {"skuUuid": "u"}}] * 2, ["u", "u~2"], id="twins"),
    ],
)
def test_lines_without_an_id_are_named_by_their_position(empty: ShopInABox, items: list[Any], ids: list[str]):
    order = copy.deepcopy(shape("order"))
    item = {key: value for key, value in order["itemInfoList"][0].items() if key != "itemExt"}
    order["itemInfoList"] = [item | more for more in items]
    stage(empty, "orders", "296001230001", order)
    empty.transform()

    assert ids == [
        line_id
        for (line_id,) in rows(empty.database, "select line_id from core.order_lines order by line_no")
    ]


def test_an_order_in_jds_own_warehouse_is_never_shipped_by_us(empty: ShopInABox):
    stage(empty, "orders", "296001230001", shape("order") | {"storeOrder": "京仓订单"})
    empty.transform()

    found = rows(empty.database, "select gate, gate_reason from core.orders")
    assert [("stop", "jd-warehouse 由京东仓库发货")] == found


def test_the_clients_signature_is_the_published_one():
    text = (
        '{"end_date":null,"optional_fields":null,"order_state":"WAIT_SELLER_STOCK_OUT","page":"1",'
        '"page_size":"200","start_date":null}'
    )
    parameters = {
        "360buy_param_json": text, "access_token": "yourtoken", "app_key": "yourappkey", "v": "2.0",
        "method": "jingdong.pop.order.search", "timestamp": "2021-05-07 09:20:39.683+0800",
    }  # fmt: skip

    found = SCHEMES["md5_between_secrets"](Unsigned(parameters), "yourappSecret")

    assert "D70825340F4084360B9362B60DFD7930" == found


@pytest.mark.parametrize("method", [SEARCH, SERVICES, APPLICATIONS, REMARKS])
def test_a_failure_in_the_inner_layer_is_no_empty_page(box: ShopInABox, method: str):
    box.gateway.faults.replace(
        [{"kind": "error", "method": method, "nth": 2, "code": 0, "sub_code": "10100001", "msg": "查询失败"}]
    )

    assert 0 == box.pull().windows_left
    assert [] == wrong(box)


def test_an_expired_token_is_renewed_and_the_page_asked_again(box: ShopInABox):
    box.gateway.faults.replace([{"kind": "expire_token", "method": SEARCH, "nth": 3}])

    counts = box.pull()

    assert 0 == counts.windows_left
    assert 1 == box.gateway.calls["oauth.token"]
    assert [] == wrong(box)


@pytest.mark.slow
def test_a_shop_that_took_its_authorisation_back_stops_alone_and_heals(box: ShopInABox):
    box.pull()
    box.gateway.tokens.revoke(box.shop_id)
    box.pass_time(STEP)
    with pytest.raises(CredentialError, match="405"):
        box.pull()

    box.gateway.expire(box.shop_id, None)

    assert [] == wrong(box)


def test_a_throttle_names_no_seconds_so_the_next_pull_tries_again(box: ShopInABox):
    box.gateway.faults.replace([{"kind": "throttle", "method": SEARCH, "nth": 3, "seconds": 30}])

    first = box.pull()
    box.pass_time(timedelta(seconds=61))

    assert first.waits_until is not None
    assert [] == wrong(box)


@pytest.mark.slow
def test_a_burst_of_faults_costs_nothing_but_time(box: ShopInABox):
    box.gateway.faults.replace(
        [
            {"kind": "status", "method": SEARCH, "nth": 2, "times": 2},
            {"kind": "error", "method": SEARCH, "nth": 4},
            {"kind": "cut", "method": SEARCH, "nth": 5},
            {"kind": "html", "method": SERVICES, "nth": 2},
            {"kind": "body", "method": APPLICATIONS, "nth": 2},
        ]
    )
    box.pull()

    assert [] == wrong(box)


def test_a_shop_without_its_number_says_what_is_missing(box: ShopInABox):
    connection = box.connection()
    connection.extra.pop("seller_id")
    box.connection = lambda: connection

    with pytest.raises(CredentialError, match=r"extra\.seller_id"):
        box.pull()
