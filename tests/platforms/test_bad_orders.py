"""Group H of the fault matrix over HTTP: what a platform says wrongly of one order is an anomaly of that order.

Each order of the sandbox's mini-program gets one fault on the wire; the pull, the pass and the others go on.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from orderhub import paths
from orderhub.db.engine import Database
from sandbox.world.model import Order, OrderState
from tests.builders import rows
from tests.platforms.shop_in_a_box import ShopInABox

Change = Callable[[dict[str, Any]], None]
IN_2099 = int(datetime(2099, 1, 1, tzinfo=UTC).timestamp())
FOUND = "select rule_id from core.anomalies where state = 'open' and order_id = 'mp_own/{}' order by 1"
HELD = "select distinct blocked_by from core.line_readiness where order_id = 'mp_own/{}'"


class _Rewritten:
    """A gateway whose orders are changed on their way to the hub."""

    def __init__(self, gateway: Any, changes: Mapping[str, Change]) -> None:
        self._gateway, self._changes = gateway, changes

    def __getattr__(self, name: str) -> Any:
        return getattr(self._gateway, name)

    def answer(self, incoming: Any, now: Any) -> Any:
        reply = self._gateway.answer(incoming, now)
        said = json.loads(reply.content)
        for order in _orders_in(said):
            self._changes.get(order["order_no"], lambda _: None)(order)
        return replace(reply, content=json.dumps(said).encode())


def _orders_in(said: Any) -> list[dict[str, Any]]:
    if isinstance(said, list):
        return [order for each in said for order in _orders_in(each)]
    if not isinstance(said, dict):
        return []
    own = [said] if {"order_no", "lines"} <= said.keys() else []
    return [*own, *(order for value in said.values() for order in _orders_in(value))]


def put(**values: Any) -> Change:
    """Change fields of the order; `line__x` is x of its first line, `amounts__x` x of its amounts."""

    def change(order: dict[str, Any]) -> None:
        for name, value in values.items():
            part, _, inner = name.partition("__")
            target = order["lines"][0] if part == "line" else order[part] if inner else order
            target[inner or part] = value

    return change


def without(path: str) -> Change:
    """Leave a field out; `lines.x` is x of the first line."""

    def change(order: dict[str, Any]) -> None:
        *outer, name = path.split(".")
        target = order[outer[0]] if outer else order
        (target[0] if isinstance(target, list) else target).pop(name)

    return change


def twice(order: dict[str, Any]) -> None:
    order["amounts"]["paid"] *= 100


#: Fault on the wire → the rules that must say so.
FAULTS: dict[str, tuple[Change, list[str]]] = {
    "nothing": (put(), []),
    "negative quantity": (put(line__qty=-1), ["bad_quantity"]),
    "no pieces": (put(line__qty=0), ["bad_quantity"]),
    "half a piece": (put(line__qty=1.5), ["missing_quantity", "unreadable_line_value"]),
    "a thousand million pieces": (put(line__qty=10**9), ["bad_quantity", "large_quantity"]),
    "price is no number": (put(line__unit_price="NaN"), ["unreadable_line_value"]),
    "price is negative": (put(line__unit_price=-1), ["negative_price"]),
    "price is zero": (put(line__unit_price=0), ["zero_price"]),
    "price of a thousandth": (put(line__unit_price="1.005"), ["unreadable_line_value"]),
    "price without end": (put(line__unit_price="Infinity"), ["unreadable_line_value"]),
    "paid a hundred times": (twice, ["amount_mismatch"]),
    "paid less than nothing": (put(amounts__paid="-0"), ["amount_mismatch", "zero_amount"]),
    "paid more than any amount": (put(amounts__paid=10**20), ["missing_amount", "unreadable_value"]),
    "no SKU": (put(line__sku_code=None, line__sku_id=None), ["sku_not_mapped"]),
    "a receiver whose name is blank": (put(receiver__name=" "), ["missing_receiver_name"]),
    "no receiver": (put(receiver=None), ["missing_region"]),
    "no time of payment": (put(paid_at=None), ["missing_paid_time"]),
    "dollars": (put(currency="USD"), ["wrong_currency"]),
    "no currency": (put(currency=None), ["missing_currency"]),
    "placed in 2099": (put(created_at=IN_2099), ["impossible_time"]),
    "changed in 2099": (put(updated_at=IN_2099), ["impossible_time"]),
    "a status of tomorrow": (put(status="teleported"), ["unknown_status"]),
    "placed in the year 9999": (put(created_at=253402214400), ["unreadable_value"]),
    "paid before it was placed": (put(paid_at=1_600_000_000), ["impossible_time"]),
    "a line whose status is our own word": (put(line__status="part_shipped"), ["unknown_line_status"]),
    "a line with a status of tomorrow": (put(line__status="teleported"), ["unknown_line_status"]),
    "a refund of tomorrow": (put(line__refund_status="maybe"), ["refund_pending", "unknown_refund_state"]),
    "a province that there is not": (put(receiver__province="火星省"), ["unknown_region"]),
    "nothing at all and half a letter": (
        put(buyer_note="谢谢\u0000老板\ud83d", line__title="杯\u0000\ud800"),
        [],
    ),
    "a note of a megabyte": (put(buyer_note="长" * 350_000), []),
    "letters of every kind": (put(buyer_note="\u202e谢谢👨‍👩‍👧𠮷\ufeff\u0007" + "\u0301" * 100), []),
}

#: Field that the platform leaves out → the rules that must say so; what is not here may be missing.
NEEDED: dict[str, list[str]] = {
    "status": ["unknown_status"],
    "paid_at": ["missing_paid_time"],
    "currency": ["missing_currency"],
    "amounts": ["missing_amount"],
    "amounts.paid": ["missing_amount"],
    "buyer": ["missing_customer"],
    "buyer.openid": ["missing_customer"],
    "receiver": ["missing_region"],
    "receiver.name": ["missing_receiver_name"],
    "receiver.phone": ["invalid_phone"],
    "receiver.district": ["missing_district", "vague_address"],
    "receiver.address": ["vague_address"],
    "lines": ["missing_lines"],
    "lines.sku_code": ["sku_not_mapped"],
    "lines.title": ["missing_title"],
    "lines.qty": ["missing_quantity"],
}


@pytest.fixture
def box(database: Database) -> ShopInABox:
    box = ShopInABox(database, orders=300, platform="miniprogram")
    box.gateway.behavior.churn_per_call = box.gateway.behavior.churn_place = 0
    box.pass_time(timedelta(minutes=20))
    return box


def plain_orders(box: ShopInABox) -> list[Order]:
    """Orders to ship of one line, with nothing doubtful about them."""
    return [
        order
        for order in box.orders()
        if order.state is OrderState.TO_SHIP and len(order.lines) == 1 and not order.after_sales
        and not order.intents and not order.buyer_message and not order.lines[0].parts
    ]  # fmt: skip


def spoil(box: ShopInABox, changes: Mapping[str, Change]) -> None:
    box.gateway = _Rewritten(box.gateway, changes)  # type: ignore[assignment] # the part of it that is used


def test_each_fault_of_an_order_is_its_anomaly_and_the_others_ship(box: ShopInABox):
    chosen = dict(zip(FAULTS, (order.order_id for order in plain_orders(box)), strict=False))
    spoil(box, {chosen[fault]: change for fault, (change, _) in FAULTS.items()})

    box.pull()
    box.transform()

    found = {fault: [rule for (rule,) in rows(box.database, FOUND.format(chosen[fault]))] for fault in FAULTS}
    assert {fault: rules for fault, (_, rules) in FAULTS.items()} == found
    assert rows(box.database, HELD.format(chosen["nothing"])) == [(None,)]


def test_each_field_that_is_left_out_is_an_anomaly_of_its_order_and_never_guessed(box: ShopInABox):
    chosen = dict(zip(["", *NEEDED], (order.order_id for order in plain_orders(box)), strict=False))
    spoil(box, {chosen[path]: without(path) for path in NEEDED})

    box.pull()
    box.transform()

    found = {path: [rule for (rule,) in rows(box.database, FOUND.format(chosen[path]))] for path in NEEDED}
    assert found == NEEDED
    assert rows(box.database, HELD.format(chosen[""])) == [(None,)]


def test_an_order_of_2099_does_not_stop_later_pulls(box: ShopInABox):
    [late, *_] = plain_orders(box)
    spoil(box, {late.order_id: put(updated_at=IN_2099)})
    box.pull()
    placed = box.world.place(5, box.platform_clock.now() + timedelta(minutes=1))
    box.pass_time(timedelta(minutes=20))

    counts = box.pull()

    staged = {record for (record,) in rows(box.database, "select record_id from staging.miniprogram_orders")}
    assert (0, set()) == (counts.windows_left, {order.order_id for order in placed} - staged)


def test_a_mapping_that_breaks_a_platform_stops_its_source_and_is_few_mails(box: ShopInABox):
    shipped = (paths.platforms_directory() / "miniprogram" / "fields.csv").read_text(encoding="utf-8")
    box.own_files = {"platforms/miniprogram/fields.csv": shipped.replace("amounts.paid", "order_no")}

    box.pull()
    box.transform()

    ready = "select count(*) from core.line_readiness where blocked_by is null"
    alerts = "select distinct rule_id from ops.alerts where topic <> 'held' order by 1"
    assert rows(box.database, ready) == [(0,)]
    assert rows(box.database, "select rule_id from ops.source_stops order by 1") == [
        ("source_schema_drift",), ("source_values_missing",),
    ]  # fmt: skip
    assert rows(box.database, alerts) == [
        ("rule_incident",), ("source_schema_drift",), ("source_values_missing",),
    ]  # fmt: skip
    [(text, count)] = rows(
        box.database,
        "select payload ->> 'text', (select count(*) from core.holds where rule_id = 'unreadable_value') "
        "from ops.outbox where payload ->> 'subject' like '%订单挂起%'",
    )
    assert f"{count} | 有字段的内容无法识别" in str(text)
    assert str(text).count("decide_hold") <= 20 < int(str(count))
