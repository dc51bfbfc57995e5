"""An order changes its mind on its way: before the cut-off, after it, at a warehouse with a WMS and without."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from orderhub.alerts.watch import look_around
from orderhub.db.engine import Database
from orderhub.errors import StopError
from orderhub.fulfillment.close import close_due
from orderhub.fulfillment.cutoffs import request_extra
from orderhub.fulfillment.recalls import end_hand_recall
from orderhub.fulfillment.run import run_fulfillment
from orderhub.operate.verify import verify
from orderhub.quality.watch import watch_holds
from tests.builders import Line, Order, activate, put, rows, stock
from tests.wms.conftest import House

DOCUMENTS = (
    "select fulfillment_order_id, warehouse_id, state, cancel_reason from core.fulfillment_orders order by 1"
)
ALERTS = "select rule_id, subject from ops.alerts where closed_at is null and rule_id not in ('stale_stock') order by 1"
HOLDS = "select subject_id, state from core.holds where rule_id = 'recall_open'"
NEW_TOKEN = "update core.receivers set token = 'OAID-2' where order_id = 'tb/1'"


def change(house: House, statement: str, *, is_routed: bool = True) -> None:
    """The platform says something new; the hub's next pass sees it."""
    with house.database.engine.begin() as connection:
        connection.execute(text(statement))
    if is_routed:
        run_fulfillment(house.database, house.clock, house.active)


def open_files(house: House) -> None:
    """Two orders at warehouses that work with files, promised and not yet listed."""
    with house.database.engine.begin() as connection:
        house.config = activate(connection)
        stock(connection, hangzhou__MUG=20, yiwu__MUG=20)
        put(connection, Order("1", (Line(quantity=2),)), Order("2", (Line(quantity=2),)))
    run_fulfillment(house.database, house.clock, house.active)


def list_all(house: House) -> None:
    request_extra(house.database, house.clock, house.active, "hangzhou", "test")
    close_due(house.database, house.clock, house.active, {})


def clean(house: House) -> list[tuple[str, ...]]:
    return [r.violations for r in verify(house.database) if r.violations]


def test_a_new_address_before_the_cut_off_gets_a_new_document_and_its_stock_is_freed_once(house: House):
    open_files(house)

    change(
        house,
        "update core.receivers set address_masked = '文一路***', token = 'OAID-2' where order_id = 'tb/1'",
    )
    change(house, "select 1")

    assert rows(house.database, DOCUMENTS) == [
        ("tb/1@1", "hangzhou", "cancelled", "destination_changed"),
        ("tb/1@2", "hangzhou", "allocated", None),
        ("tb/2@1", "hangzhou", "allocated", None),
    ]
    assert rows(house.database, "select warehouse_id, reserved from core.stock order by 1") == [
        ("hangzhou", 4),
        ("yiwu", 0),
    ]
    assert clean(house) == []


def test_an_address_that_changes_between_the_last_pass_and_the_cut_off_stays_off_the_list(house: House):
    open_files(house)
    change(house, NEW_TOKEN, is_routed=False)

    list_all(house)

    assert rows(house.database, "select order_id from core.manifest_lines") == [("tb/2",)]
    assert rows(house.database, "select left_out from core.manifests") == [({"destination_changed": 1},)]


def test_a_new_address_after_the_cut_off_recalls_the_document_and_a_new_one_goes_there(house: House):
    house.open(orders=2)
    house.deliver()
    change(house, NEW_TOKEN)
    look_around(house.database, house.clock, house.active)
    asked = rows(house.database, ALERTS)
    held = rows(house.database, HOLDS)

    house.clock.move(timedelta(minutes=5))
    house.deliver()
    house.close()
    house.deliver()
    house.ship_all()
    house.confirm()
    look_around(house.database, house.clock, house.active)

    assert asked == [("recall_requested", "tb/1@1")]
    assert (held, rows(house.database, HOLDS)) == ([("tb/1@1", "active")], [("tb/1@1", "closed")])
    assert dict(house.wms.ledger.shipped()) == {
        ("tb-1-2", "MUG"): 2, ("tb-1-2", "CUP"): 1, ("tb-2-1", "MUG"): 2, ("tb-2-1", "CUP"): 1,
    }  # fmt: skip
    assert house.wms.ledger.find("tb-1-2").oaid == "OAID-2"
    assert (rows(house.database, ALERTS), clean(house)) == ([], [])


def test_a_picked_document_goes_to_the_old_address_and_a_person_is_told(house: House):
    house.open(orders=1)
    house.deliver()
    house.wms.ledger.find("tb-1-1").status = "PICK"

    change(house, NEW_TOKEN)
    house.deliver()
    look_around(house.database, house.clock, house.active)

    assert rows(house.database, ALERTS) == [("parcel_to_old_address", "tb/1@1")]
    assert rows(house.database, HOLDS) == [("tb/1@1", "active")]
    assert rows(house.database, "select count(*) from core.fulfillment_orders") == [(1,)]


def test_the_same_receiver_in_a_newer_version_recalls_nothing(house: House):
    house.open(orders=1)
    house.deliver()

    change(house, "update core.receivers set version_id = 'v2', merge_key = 'k2', receiver_state = 'token'")

    assert rows(house.database, "select recall from core.delivery_orders") == [(None,)]


def test_an_address_under_review_waits_and_leaves_for_the_address_that_was_agreed(house: House):
    open_files(house)
    change(
        house, "update core.orders set gate = 'wait', gate_reason = '买家申请改地址' where order_id = 'tb/1'"
    )
    while_reviewed = rows(house.database, "select reserved from core.stock where warehouse_id = 'hangzhou'")

    house.clock.move(timedelta(hours=37))
    told = watch_holds(house.database, house.clock, house.active)
    change(
        house,
        "update core.orders set gate = 'ship' where order_id = 'tb/1';"
        "update core.receivers set province = '西藏自治区', city = '拉萨市' where order_id = 'tb/1'",
    )

    assert (while_reviewed, told.deadlines) == ([(2,)], 2)
    assert rows(house.database, DOCUMENTS)[:2] == [
        ("tb/1@1", "hangzhou", "cancelled", "order_waits"),
        ("tb/1@2", "yiwu", "allocated", None),
    ]


def test_what_was_shipped_by_hand_at_the_platform_frees_its_stock_before_the_cut_off_and_is_recalled_after(
    house: House,
):
    house.open(orders=2)
    house.deliver()
    with house.database.engine.begin() as connection:
        put(connection, Order("3", (Line(),)))
    run_fulfillment(house.database, house.clock, house.active)

    change(
        house, "update core.orders set gate = 'stop', status = 'shipped' where order_id in ('tb/1', 'tb/3')"
    )
    house.deliver()
    house.ship_all()
    house.confirm()

    assert {code for code, _ in house.wms.ledger.shipped()} == {"tb-2-1"}
    assert rows(house.database, "select sum(reserved) from core.stock") == [(0,)]
    assert rows(house.database, "select count(*) from core.fulfillment_orders where state = 'cancelled'") == [
        (2,)
    ]
    assert clean(house) == []


def test_a_warehouse_without_a_wms_is_called_by_people_and_what_it_gives_back_is_routed_anew(house: House):
    open_files(house)
    list_all(house)
    change(house, NEW_TOKEN)
    look_around(house.database, house.clock, house.active)
    asked = rows(house.database, ALERTS)

    end_hand_recall(house.database, house.clock, "tb/1@1", "agreed", "clerk", "还没拣")
    change(house, "select 1")
    look_around(house.database, house.clock, house.active)

    assert asked == [("recall_by_hand", "tb/1@1")]
    assert rows(house.database, DOCUMENTS)[:2] == [
        ("tb/1@1", "hangzhou", "cancelled", "destination_changed"),
        ("tb/1@2", "hangzhou", "allocated", None),
    ]
    assert rows(
        house.database, "select actor, action, subject_id from ops.audit where action = 'recall'"
    ) == [("clerk", "recall", "tb/1@1")]
    assert (rows(house.database, ALERTS), clean(house)) == ([], [])


def test_a_warehouse_without_a_wms_may_give_back_what_nobody_asked_for_and_one_with_a_wms_may_not(
    house: House,
):
    open_files(house)
    list_all(house)

    end_hand_recall(house.database, house.clock, "tb/1@1", "agreed", "clerk", "找不到这一单")
    change(house, "select 1")

    assert rows(house.database, DOCUMENTS)[:2] == [
        ("tb/1@1", "hangzhou", "cancelled", "given_back"),
        ("tb/1@2", "hangzhou", "allocated", None),
    ]
    assert clean(house) == []
    with pytest.raises(StopError, match="no recall of it is open"):
        end_hand_recall(house.database, house.clock, "tb/1@2", "agreed", "clerk", "还没进清单")
    with pytest.raises(StopError, match="no recall of it is open"):
        end_hand_recall(house.database, house.clock, "tb/2@1", "refused", "clerk", "没人问")


def test_a_warehouse_that_has_picked_it_keeps_the_document_and_nobody_is_asked_again(house: House):
    open_files(house)
    list_all(house)
    change(
        house,
        "update core.orders set gate = 'stop', version_id = 'v2', checked_version = 'v2' where order_id = 'tb/1'",
    )

    held = rows(house.database, HOLDS)
    end_hand_recall(house.database, house.clock, "tb/1@1", "refused", "clerk", "已发出")
    change(house, "select 1")

    assert (held, rows(house.database, HOLDS)) == ([("tb/1@1", "active")], [("tb/1@1", "closed")])
    assert rows(house.database, "select state, reason from core.hand_recalls") == [
        ("refused", "order_stopped")
    ]
    assert rows(house.database, DOCUMENTS)[0] == ("tb/1@1", "hangzhou", "manifested", None)
    with pytest.raises(StopError, match="no recall of it is open"):
        end_hand_recall(house.database, house.clock, "tb/1@1", "agreed", "clerk", "又说没发")


@pytest.mark.parametrize(
    ("before", "after", "addresses"),
    [
        ({"token": "OAID-1"}, {"token": "OAID-2"}, 2),
        ({"token": "~AAAA~1~"}, {"token": "~BBBB~1~"}, 1),
        ({"token": "~AAAA~1~", "address_masked": "文*号"}, {"token": "~BBBB~1~", "address_masked": "学*号"}, 2),
    ],
)  # fmt: skip
def test_ciphertext_that_differs_is_no_other_address_and_what_is_masked_is(
    database: Database, before: dict[str, str], after: dict[str, str], addresses: int
):
    with database.engine.begin() as connection:
        put(connection, Order("1", receiver=before), Order("2", receiver=after))

    keys = {key for (key,) in rows(database, "select receiver_key from core.receivers")}

    assert len(keys) == addresses
