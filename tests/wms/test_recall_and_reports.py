"""Calling back what a WMS holds; reports that come twice, early, for nobody, or with too much."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from orderhub.alerts.watch import look_around
from orderhub.errors import ContractError, CredentialError, StopError
from orderhub.fulfillment.manifest_desk import void_manifest
from orderhub.fulfillment.run import run_fulfillment
from orderhub.fulfillment.sync import sync_stock
from orderhub.fulfillment.wms.confirm import take_push
from orderhub.fulfillment.wms.mending import resend, settle_doubts
from orderhub.operate.explain import explain
from orderhub.operate.verify import verify
from sandbox.wms.service import secret
from sandbox.wms.signature import sign
from tests.builders import NOON, rows
from tests.wms.conftest import House

MUGS = "select on_hand, reserved from core.stock where sku_id = 'MUG'"
DOUBTS = "select subject, reason from core.shipment_doubts order by 1, 2"
STATES = "select delivery_order_code, state from core.delivery_orders order by 1"
CANCEL = "order.cancel"


def stop(house: House, order_id: str = "tb/1", line: str = "") -> None:
    """The platform says: do not ship; the hub's next pass sees it."""
    table, where = ("core.order_lines", f" and line_id = '{line}'") if line else ("core.orders", "")
    with house.database.engine.begin() as connection:
        connection.execute(text(f"update {table} set gate = 'stop' where order_id = '{order_id}'{where}"))
    run_fulfillment(house.database, house.clock, house.active)


def deliver(house: House, times: int = 4) -> None:
    for _ in range(times):
        house.deliver()
        house.clock.move(timedelta(minutes=31))


def push(house: House, code: str = "tb-1-1") -> Any:
    query, body = house.wms.confirmation(code, house.clock.now())
    return take_push(house.database, house.clock, house.account, query, body)


def clean(house: House) -> list[tuple[str, ...]]:
    return [r.violations for r in verify(house.database) if r.violations]


@pytest.mark.parametrize(
    "trouble",
    [
        [],
        [{"kind": "drop", "method": CANCEL}],
        [{"kind": "silent", "method": CANCEL, "times": 2}],
        [{"kind": "status", "method": CANCEL}],
        [{"kind": "drop", "method": "deliveryorder.batchcreate"}],
    ],
)
def test_a_refund_after_the_cut_off_calls_the_document_back_and_frees_its_stock_once(
    house: House, trouble: list[dict[str, Any]]
):
    house.open(orders=2)
    house.plan(*trouble)
    stop(house)

    deliver(house)
    house.ship_all()
    house.confirm()

    assert {code for code, _ in house.wms.ledger.shipped()} == {"tb-2-1"}
    assert rows(house.database, MUGS) == [(18, 0)]
    assert rows(
        house.database, "select state, recall from core.delivery_orders order by fulfillment_order_id"
    ) == [
        ("cancelled", "agreed"),
        ("shipped", None),
    ]
    assert clean(house) == []


def test_the_rest_of_an_order_is_routed_and_handed_over_anew_under_its_own_code(house: House):
    house.open(orders=1)
    house.deliver()
    stop(house, line="1")
    deliver(house, times=1)

    house.close()
    deliver(house, times=1)
    house.ship_all()
    house.confirm()

    assert dict(house.wms.ledger.shipped()) == {("tb-1-2", "CUP"): 1}
    assert rows(
        house.database,
        "select fulfillment_order_id, state, cancel_reason from core.fulfillment_orders order by 1",
    ) == [
        ("tb/1@1", "cancelled", "line_stopped"),
        ("tb/1@2", "shipped", None),
    ]
    assert clean(house) == []


def test_a_picked_document_is_not_called_back_and_a_person_is_told(house: House):
    house.open(orders=1)
    house.deliver()
    house.wms.ledger.find("tb-1-1").status = "PICK"
    stop(house)
    deliver(house, times=1)

    look_around(house.database, house.clock, house.active)

    assert rows(
        house.database, "select rule_id, severity, subject from ops.alerts where rule_id like 'wms%'"
    ) == [("wms_recall_refused", "critical", "tb/1@1")]
    assert rows(house.database, MUGS) == [(20, 2)]
    assert clean(house) == []


def test_a_document_is_called_back_once(house: House):
    house.open(orders=1)
    house.deliver()
    stop(house)

    again = run_fulfillment(house.database, house.clock, house.active)

    assert again.recalled_documents == 0
    assert rows(house.database, "select count(*) from ops.outbox where outbox_id = 'wms:cancel:tb-1-1'") == [
        (1,)
    ]


def test_a_pushed_confirmation_is_recorded_once_however_often_it_comes(house: House):
    house.open(orders=1)
    house.deliver()
    house.clock.move(timedelta(minutes=1))
    house.ship_all()

    first, second = push(house), push(house)
    house.confirm()

    assert ((first.parcels, first.posted), (second.parcels, second.posted)) == ((1, 2), (0, 0))
    assert rows(house.database, MUGS) == [(18, 0)]
    assert clean(house) == []


def test_a_confirmation_that_overtakes_the_answer_settles_the_document(house: House):
    house.open(orders=1)
    house.plan({"kind": "drop", "method": "deliveryorder.batchcreate"})
    house.deliver()
    house.clock.move(timedelta(minutes=1))
    house.ship_all()
    push(house)

    deliver(house, times=1)

    assert house.wms.calls["deliveryorder.batchcreate"] == 1
    assert rows(
        house.database, "select state, sent_at is not null from ops.outbox where outbox_id like 'wms:create%'"
    ) == [("sent", True)]
    assert clean(house) == []


def test_a_forged_push_is_refused(house: House):
    house.open(orders=1)
    house.deliver()
    house.ship_all()
    query, body = house.wms.confirmation("tb-1-1", house.clock.now())

    with pytest.raises(CredentialError):
        take_push(house.database, house.clock, house.account, query, body.replace(b"MUG", b"HAT"))

    assert rows(house.database, "select * from core.shipments") == []


@pytest.mark.parametrize("minutes", [-11, 11, 60 * 24])
def test_a_push_of_another_time_is_refused(house: House, minutes: int):
    """Whoever recorded one could let it come again when what it says is true no longer."""
    house.open(orders=1)
    house.deliver()
    house.ship_all()
    query, body = house.wms.confirmation("tb-1-1", house.clock.now())
    house.clock.move(timedelta(minutes=minutes))

    with pytest.raises(CredentialError, match="minutes"):
        take_push(house.database, house.clock, house.account, query, body)

    assert rows(house.database, "select * from core.shipments") == []


@pytest.mark.parametrize("stamp", ["", "yesterday", "0001-01-01 00:00:00", "2026-11-23T12:00:00"])
def test_a_push_without_a_time_that_can_be_read_is_refused(house: House, stamp: str):
    house.open(orders=1)
    house.deliver()
    house.ship_all()
    query, body = house.wms.confirmation("tb-1-1", house.clock.now())
    signed = {**query, "timestamp": stamp}
    signed["sign"] = sign(signed, body.decode(), secret(7))

    with pytest.raises(CredentialError):
        take_push(house.database, house.clock, house.account, signed, body)


def test_every_changed_byte_of_a_push_is_noticed(house: House):
    house.open(orders=1)
    house.deliver()
    house.ship_all()
    query, body = house.wms.confirmation("tb-1-1", house.clock.now())

    for place in range(0, len(body), 7):
        changed = body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]
        with pytest.raises(CredentialError):
            take_push(house.database, house.clock, house.account, query, changed)
    for name in query:
        with pytest.raises(CredentialError):
            take_push(house.database, house.clock, house.account, {**query, name: f"{query[name]}0"}, body)
        less = {key: value for key, value in query.items() if key != name}
        with pytest.raises(CredentialError):
            take_push(house.database, house.clock, house.account, less, body)


def test_a_huge_push_is_refused_before_anybody_reads_it(house: House):
    house.open(orders=1)

    with pytest.raises(ContractError, match="bytes"):
        take_push(house.database, house.clock, house.account, {"sign": "x"}, b"<a>" * (1 << 20))


def test_a_push_of_another_warehouse_says_nothing_of_this_ones_document(house: House):
    """One WMS may hold two buildings under one account."""
    house.open(orders=1)
    house.deliver()
    house.ship_all()
    query, body = house.wms.confirmation("tb-1-1", house.clock.now())
    elsewhere = replace(house.account, warehouse_id="yiwu")

    take_push(house.database, house.clock, elsewhere, query, body)

    assert rows(house.database, "select warehouse_id, reason from core.shipment_doubts") == [
        ("yiwu", "unknown_order")
    ]
    assert rows(house.database, "select * from core.shipments") == []
    assert rows(house.database, "select asked_at from core.delivery_orders") == [(None,)]


def test_a_report_for_nobody_is_parked_told_and_settled_by_a_person(house: House):
    house.open(orders=1)
    house.deliver()
    house.ship_all()
    with house.database.engine.begin() as connection:
        connection.execute(text("delete from core.delivery_orders"))
    push(house)
    found = rows(house.database, DOUBTS)
    look_around(house.database, house.clock, house.active)
    told = rows(
        house.database, "select subject, closed_at is null from ops.alerts where rule_id = 'shipment_doubt'"
    )

    settle_doubts(house.database, house.clock, "tb-1-1", "clerk", "别家的单")
    look_around(house.database, house.clock, house.active)

    assert (found, told) == ([("tb-1-1", "unknown_order")], [("tb-1-1", True)])
    assert rows(
        house.database, "select closed_at is null from ops.alerts where rule_id = 'shipment_doubt'"
    ) == [(False,)]


def test_more_pieces_than_ordered_are_a_doubt_and_drive_no_stock_below_zero(house: House):
    house.open(orders=1)
    house.deliver()
    document = house.wms.ledger.find("tb-1-1")
    document.lines = {"1": ("MUG", 7), "2": ("CUP", 1)}
    house.clock.move(timedelta(minutes=1))
    house.ship_all()

    house.confirm()

    assert rows(house.database, DOUBTS) == [("tb-1-1", "excess_pieces")]
    assert rows(house.database, MUGS) == [(18, 0)]
    assert clean(house) == []


def test_a_second_document_of_one_code_is_told_and_not_posted(house: House):
    house.open(orders=1, batch_size=1)
    house.deliver()
    house.wms.ledger.dedupes = False
    first = house.wms.ledger.find("tb-1-1")
    house.wms.ledger.documents["tb-1-1"].insert(
        0, type(first)("tb-1-1", "WMS1", "HZ01", "ZTO", first.lines, first.created_at)
    )
    house.clock.move(timedelta(minutes=1))
    house.ship_all()

    push(house)

    assert rows(house.database, DOUBTS) == [("tb-1-1", "second_document")]
    assert rows(house.database, "select * from core.shipments") == []


def test_a_refused_document_is_handed_over_again_under_its_own_code_once_the_cause_is_mended(house: House):
    house.open(orders=1)
    house.wms.ledger.put("HZ01", "MUG", 1)
    house.deliver()
    look_around(house.database, house.clock, house.active)
    told = rows(house.database, "select rule_id, subject from ops.alerts where rule_id like 'wms%'")
    house.wms.ledger.put("HZ01", "MUG", 9)

    resend(house.database, house.clock, "tb/1@1", "clerk")
    deliver(house, times=1)

    assert told == [("wms_refused_order", "tb/1@1")]
    assert (
        list(house.wms.ledger.documents),
        rows(house.database, "select state from core.delivery_orders"),
    ) == (["tb-1-1"], [("accepted",)])


def test_a_document_that_its_wms_took_and_lost_is_told_and_handed_over_again(house: House):
    """What a batch does not list counts as taken, and may fail afterwards."""
    house.open(orders=2)
    house.deliver()
    house.confirm()
    lost = house.wms.ledger.documents.pop("tb-1-1")
    house.confirm()
    at_once = rows(house.database, STATES)
    house.clock.move(timedelta(minutes=31))
    house.confirm()
    look_around(house.database, house.clock, house.active)
    told = rows(house.database, "select subject from ops.alerts where rule_id = 'wms_refused_order'")
    later = rows(house.database, STATES)

    resend(house.database, house.clock, "tb/1@1", "clerk")
    deliver(house, times=1)
    house.ship_all()
    house.confirm()

    assert lost
    assert (at_once, later, told) == (
        [("tb-1-1", "accepted"), ("tb-2-1", "accepted")],
        [("tb-1-1", "refused"), ("tb-2-1", "accepted")],
        [("tb/1@1",)],
    )
    assert {state for _, state in rows(house.database, STATES)} == {"shipped"}
    assert clean(house) == []


def test_a_document_that_its_wms_finds_again_is_no_longer_lost(house: House):
    house.open(orders=1)
    house.deliver()
    lost = house.wms.ledger.documents.pop("tb-1-1")
    house.clock.move(timedelta(minutes=31))
    house.confirm()
    house.wms.ledger.documents["tb-1-1"] = lost
    house.ship_all()

    house.confirm()

    assert rows(house.database, STATES) == [("tb-1-1", "shipped")]


def test_what_a_wms_cancels_by_itself_is_told_and_what_was_called_back_is_not(house: House):
    house.open(orders=2)
    house.deliver()
    house.wms.ledger.cancel("tb-1-1")
    house.wms.ledger.cancel("tb-2-1")
    stop(house, "tb/2")

    house.confirm()
    house.deliver()
    house.confirm()

    assert rows(house.database, DOUBTS) == [("tb-1-1", "short_shipped")]
    assert rows(house.database, "select order_id, state from core.fulfillment_orders order by 1") == [
        ("tb/1", "manifested"),
        ("tb/2", "cancelled"),
    ]
    assert clean(house) == []


def test_a_parcel_that_left_by_a_clock_that_is_ahead_leaves_the_stock_once(house: House):
    house.open(orders=1)
    house.deliver()
    house.wms.ledger.ship("tb-1-1", house.clock.now() + timedelta(days=400))
    house.confirm()
    house.clock.move(timedelta(minutes=1))

    sync_stock(house.database, house.clock, house.settings, house.active)

    assert rows(house.database, MUGS) == [(18, 0)]
    assert rows(house.database, "select shipped_at from core.shipments") == [(NOON,)]


def test_a_refused_document_of_a_void_list_is_over(house: House):
    house.open(orders=1)
    house.wms.ledger.put("HZ01", "MUG", 1)
    house.deliver()
    [(manifest_id,)] = rows(house.database, "select manifest_id from core.manifests")
    void_manifest(house.database, house.clock, house.settings, str(manifest_id), "clerk", "缺货")
    look_around(house.database, house.clock, house.active)

    assert rows(house.database, "select state from core.delivery_orders") == [("cancelled",)]
    assert (
        rows(house.database, "select * from ops.alerts where rule_id like 'wms%' and closed_at is null") == []
    )
    with pytest.raises(StopError, match="not refused"):
        resend(house.database, house.clock, "tb/1@1", "clerk")


def test_the_story_of_an_order_tells_its_document_and_its_parcel(house: House):
    house.open(orders=1)
    house.deliver()
    house.clock.move(timedelta(minutes=1))
    house.ship_all()
    house.confirm()

    told = [
        (step.what, step.text)
        for step in explain(house.database, "tb/1").steps
        if step.what in {"wms", "shipped"}
    ]

    assert told == [
        ("wms", "交给 WMS,单号 tb-1-1(WMS 已全部发出)"),
        ("shipped", "hangzhou 已发出,ZTO 78500000000001"),
    ]


def test_stock_that_nobody_read_for_two_hours_is_told(house: House):
    house.open(orders=1)
    look_around(house.database, house.clock, house.active)
    for _ in range(9):
        house.clock.move(timedelta(minutes=15))
        look_around(house.database, house.clock, house.active)

    assert rows(house.database, "select severity, subject from ops.alerts where rule_id = 'stale_stock'") == [
        ("critical", "hangzhou")
    ]
