"""One parcel of a document has left when the rest of it must not any more."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from orderhub.alerts.watch import look_around
from orderhub.domain.parcels import Parcel
from orderhub.errors import StopError
from orderhub.fulfillment.recalls import end_hand_recall
from orderhub.fulfillment.run import run_fulfillment
from orderhub.fulfillment.shipments import Recorded, Report, record_reports
from orderhub.fulfillment.wms.confirm import take_push
from orderhub.operate.verify import verify
from orderhub.quality.watch import watch_holds
from sandbox.wms.service import secret
from sandbox.wms.signature import sign
from tests.builders import NOON, activate, rows, shops_file, stock
from tests.wms.conftest import HOUSES, House
from tests.wms.test_intercepts import change, list_all, open_files

STOP_CUP = "update core.order_lines set gate = 'stop' where order_id = 'tb/1' and line_id = '2'"
NEW_TOKEN = "update core.receivers set token = 'OAID-2' where order_id = 'tb/1'"
DOCUMENTS = "select fulfillment_order_id, state from core.fulfillment_orders order by 1"
AT_WMS = "select state, recall from core.delivery_orders order by delivery_order_code"
PROMISED = "select sku_id, on_hand, reserved from core.stock where warehouse_id = 'hangzhou' order by 1"
ALERTS = "select rule_id, subject from ops.alerts where closed_at is null and rule_id not in ('stale_stock', 'tracking_by_hand') order by 1"


def part_leaves(house: House, items: dict[str, int], *, is_cancellable: bool = False, **more: Any) -> None:
    """One document of two mugs and a cup; some of it leaves, and the hub knows."""
    house.open(orders=1, **more)
    house.deliver()
    house.clock.move(timedelta(minutes=5))
    house.wms.ledger.ship("tb-1-1", house.clock.now(), items)
    house.confirm()
    if is_cancellable:
        house.wms.ledger.find("tb-1-1").status = "ACCEPT"


def clean(house: House) -> list[tuple[str, ...]]:
    return [r.violations for r in verify(house.database) if r.violations]


def push(house: House, body: str) -> Recorded:
    """The WMS sends a confirmation of its own wording."""
    query, _ = house.wms.confirmation("tb-1-1", house.clock.now())
    unsigned = {name: value for name, value in query.items() if name != "sign"}
    signed = {**unsigned, "sign": sign(unsigned, body, secret(house.wms.seed))}
    return take_push(house.database, house.clock, house.account, signed, body.encode())


def test_a_refund_of_the_rest_is_called_back_and_told_when_the_warehouse_refuses(house: House):
    part_leaves(house, {"MUG": 2})

    change(house, STOP_CUP)
    house.deliver()
    look_around(house.database, house.clock, house.active)

    assert rows(house.database, AT_WMS) == [("accepted", "refused")]
    assert rows(house.database, ALERTS) == [("wms_recall_refused", "tb/1@1")]
    assert clean(house) == []


def test_the_rest_that_the_warehouse_gives_back_is_free_and_what_left_stays_shipped(house: House):
    part_leaves(house, {"MUG": 2}, is_cancellable=True)

    change(house, STOP_CUP)
    house.deliver()
    house.close()
    look_around(house.database, house.clock, house.active)

    assert rows(house.database, DOCUMENTS) == [("tb/1@1", "shipped")]
    assert rows(house.database, AT_WMS) == [("shipped", "agreed")]
    assert rows(house.database, PROMISED) == [("CUP", 20, 0), ("MUG", 18, 0)]
    assert (rows(house.database, ALERTS), clean(house)) == ([], [])


def test_the_rest_goes_to_the_new_address_under_a_document_of_its_own(house: House):
    part_leaves(house, {"MUG": 2}, is_cancellable=True)

    change(house, NEW_TOKEN)
    house.deliver()
    house.close()
    house.deliver()

    assert rows(house.database, DOCUMENTS) == [("tb/1@1", "shipped"), ("tb/1@2", "manifested")]
    assert house.wms.ledger.find("tb-1-2").planned == {"CUP": 1}
    assert clean(house) == []


def test_a_line_of_which_some_pieces_left_waits_for_a_person(house: House):
    part_leaves(house, {"MUG": 1}, is_cancellable=True)

    change(house, "update core.order_lines set gate = 'stop' where order_id = 'tb/1'")
    house.deliver()

    assert rows(house.database, "select subject, reason, evidence from core.shipment_doubts") == [
        ("tb-1-1", "short_shipped", {"MUG": 1})
    ]
    assert rows(house.database, DOCUMENTS) == [("tb/1@1", "manifested")]
    assert rows(house.database, PROMISED) == [("CUP", 20, 0), ("MUG", 20, 2)]
    assert clean(house) == []


def test_people_call_back_the_rest_where_there_is_no_wms(house: House):
    open_files(house)
    with house.database.engine.begin() as connection:
        connection.execute(text("update core.order_lines set quantity = 1 where order_id = 'tb/1'"))
        connection.execute(
            text(
                "insert into core.order_lines (order_id, line_id, line_no, sku_id, kind, quantity, refund_state, gate)"
                " values ('tb/1', '2', 2, 'MUG', 'goods', 1, 'none', 'ship')"
            )
        )
    run_fulfillment(house.database, house.clock, house.active)
    list_all(house)
    [(document,)] = rows(
        house.database,
        "select fulfillment_order_id from core.fulfillment_orders where order_id = 'tb/1' and state = 'manifested'",
    )
    report = Report("1", str(document), (Parcel("SF1", "SF", NOON, {"MUG": 1}),))
    with house.database.engine.begin() as connection:
        record_reports(connection, house.clock, "hangzhou", [report], "file")

    change(house, f"{STOP_CUP}; update core.orders set version_id = 'v2', checked_version = 'v2'")
    look_around(house.database, house.clock, house.active)
    asked = rows(house.database, ALERTS)
    end_hand_recall(house.database, house.clock, str(document), "agreed", "clerk", "还没发")

    assert asked == [("recall_by_hand", document)]
    assert rows(
        house.database,
        "select line_id, state from core.reservations where order_id = 'tb/1' and state <> 'voided' order by 1",
    ) == [("1", "posted")]
    assert clean(house) == []


@pytest.mark.parametrize(("state", "recall"), [("by_hand", None), ("settled", None), ("noted", "requested")])
def test_a_platform_that_people_told_of_a_part_stops_not_the_rest(
    house: House, state: str, recall: str | None
):
    part_leaves(house, {"MUG": 2})

    change(
        house,
        f"update core.tracking_writes set state = '{state}';"
        "update core.orders set gate = 'stop', status = 'shipped' where order_id = 'tb/1'",
    )

    assert rows(house.database, "select recall from core.delivery_orders") == [(recall,)]


@pytest.mark.parametrize(
    ("says", "recall", "deadlines"),
    [
        pytest.param("gate = 'wait'", None, 1, marks=pytest.mark.slow),
        ("gate = 'stop'", None, 1),
        ("gate = 'stop', refund_state = 'refunded'", "requested", 0),
    ],
)
def test_a_platform_that_was_told_of_some_pieces_of_a_line_stops_not_its_others(
    house: House, says: str, recall: str | None, deadlines: int
):
    part_leaves(house, {"MUG": 1, "CUP": 1})

    change(
        house,
        "update core.tracking_writes set state = 'told';"
        f"update core.order_lines set {says} where order_id = 'tb/1' and line_id = '1'",
    )

    assert rows(house.database, "select recall from core.delivery_orders") == [(recall,)]
    house.clock.move(timedelta(hours=37))
    assert watch_holds(house.database, house.clock, house.active).deadlines == deadlines


def test_a_number_of_a_shop_that_left_the_configuration_is_told_to_people(house: House):
    part_leaves(house, {"MUG": 2})
    group = shops_file().replace("id: tb", "id: other")
    reconfigure(house, HOUSES.format(batch_size=50), **{"shops.yaml": group})
    with house.database.engine.begin() as connection:
        connection.execute(
            text(
                "insert into ops.pull_windows (platform, shop_id, stream, kind, start_at, end_at, state, created_at) "
                "values ('taobao', 'tb', 'orders', 'live', :now, :now + interval '1 hour', 'covered', :now)"
            ),
            {"now": NOON},
        )
    house.deliver()

    look_around(house.database, house.clock, house.active)

    assert rows(
        house.database,
        "select subject from ops.alerts where rule_id = 'tracking_by_hand' and closed_at is null",
    ) == [("tb",)]


def test_packages_without_items_are_all_kept_once_nothing_more_will_leave(house: House):
    house.open(orders=1)
    house.deliver()
    house.clock.move(timedelta(minutes=5))
    package = "<package><logisticsCode>ZTO</logisticsCode><expressCode>Z{}</expressCode></package>"
    body = (
        "<request><deliveryOrder><deliveryOrderCode>tb-1-1</deliveryOrderCode><status>DELIVERED</status>"
        "<confirmType>{}</confirmType></deliveryOrder><packages>{}</packages></request>"
    )
    packages = package.format(1) + package.format(2)

    first = push(house, body.format(1, package.format(1)))
    last = push(house, body.format(0, packages))

    assert ((first.parcels, first.doubts), (last.parcels, last.posted)) == ((0, 1), (2, 2))
    assert rows(house.database, "select shipment_id from core.tracking_writes order by 1") == [
        ("tb/1@1#Z1",),
        ("tb/1@1#Z2",),
    ]
    assert clean(house) == []


GONE = "select subject, text_en from ops.alerts where rule_id = 'warehouse_gone' and closed_at is null"
HEIR = 'warehouses:\n  - {id: yiwu, name: 义乌仓, cutoffs: ["10:00"]}\n'
HEIRS_RULES = "rules:\n  - {id: all, warehouses: [yiwu], reason: {zh: 全部, en: all}}\n"


def reconfigure(house: House, houses: str, **more: str) -> None:
    with house.database.engine.begin() as connection:
        house.config = activate(connection, warehouses=houses, more=more)


def test_what_is_open_at_a_warehouse_that_left_the_configuration_is_told_and_goes_on_once_it_is_back(
    house: House,
):
    house.open(orders=2)
    house.deliver()
    change(house, STOP_CUP)
    safety = "warehouse_id,sku_id,quantity\n"
    reconfigure(house, HEIR, **{"routing.yaml": HEIRS_RULES, "safety_stock.csv": safety})
    house.deliver()
    look_around(house.database, house.clock, house.active)
    [(subject, said)] = rows(house.database, GONE)

    reconfigure(house, HOUSES.format(batch_size=50))
    house.clock.move(timedelta(minutes=31))
    house.deliver()
    look_around(house.database, house.clock, house.active)

    assert (subject, "2 发货单" in str(said)) == ("hangzhou", True)
    assert rows(house.database, AT_WMS) == [("cancelled", "agreed"), ("accepted", None)]
    assert rows(house.database, GONE) == []


def test_people_give_back_what_a_warehouse_holds_that_left_the_configuration_for_good(house: House):
    house.open(orders=1)
    house.deliver()
    with pytest.raises(StopError, match="no recall of it is open"):
        end_hand_recall(house.database, house.clock, "tb/1@1", "agreed", "clerk", "它有 WMS")
    safety = "warehouse_id,sku_id,quantity\n"
    reconfigure(house, HEIR, **{"routing.yaml": HEIRS_RULES, "safety_stock.csv": safety})
    with house.database.engine.begin() as connection:
        stock(connection, yiwu__MUG=5, yiwu__CUP=5)

    end_hand_recall(house.database, house.clock, "tb/1@1", "agreed", "clerk", "仓库关了")
    run_fulfillment(house.database, house.clock, house.active)
    look_around(house.database, house.clock, house.active)

    assert rows(
        house.database,
        "select fulfillment_order_id, warehouse_id, state from core.fulfillment_orders order by 1",
    ) == [
        ("tb/1@1", "hangzhou", "cancelled"),
        ("tb/1@2", "yiwu", "allocated"),
    ]
    assert (rows(house.database, GONE), clean(house)) == ([], [])
