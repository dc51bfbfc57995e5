"""Mapping: what the recorded records become in core, and what becomes of values that nobody expected."""

import copy
from datetime import UTC, datetime, timedelta
from typing import Any

from orderhub.platforms.field_map import MONEY, TIMES, FieldRule
from orderhub.platforms.payload import at_path
from tests.contract.case import Case
from tests.contract.connector import Connector
from tests.contract.lab import Lab
from tests.contract.records import id_of, modified_at, place_of, put, put_like

#: No platform has this word, number or letter as a state.
UNKNOWN_STATE = "987654"
UNREADABLE = {"yuan": "12.345", "fen": "12.5"}
#: Fields without which an order cannot be checked, routed and shipped; | means one of them.
NEEDED = {
    "order": (
        "platform_order_id",
        "platform_status",
        "currency",
        "total",
        "paid",
        "placed_at",
        "modified_at",
    ),
    "line": ("line_id", "platform_sku_id|merchant_code", "title", "quantity", "unit_price", "paid"),
    "receiver": ("province", "city", "name_masked|token"),
}
LATER = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)


def what_shipping_needs_is_mapped(lab: Lab) -> None:
    fields = lab.connector.platform.field_map
    mapped = {
        "order": {rule.field for rule in fields.order},
        "line": {rule.field for rule in fields.line},
        "receiver": {rule.field for rule in fields.receiver},
    }
    missing = {
        f"{record} {field}"
        for record, needed in NEEDED.items()
        for field in needed
        if field != "paid" or record != "line" or lab.connector.platform.spec.is_sum_promised
        if not mapped[record] & set(field.split("|"))
    }
    assert set() == missing


def recorded_order_becomes_what_the_contract_says(lab: Lab) -> None:
    expected = dict(lab.connector.contract.order)
    lines = expected.pop("lines")
    lab.stage("orders", lab.truth.samples["orders"])
    lab.transform()

    assert {"status", "gate", "payment_state", "paid_fen"} <= expected.keys()
    assert expected == _columns(lab, "core.orders", expected)
    found = [_columns(lab, "core.order_lines", line, number) for number, line in enumerate(lines)]
    assert (lines, len(lines)) == (found, len(_lines(lab)))
    receiver = lab.connector.contract.receiver
    assert receiver == _columns(lab, "core.receivers", receiver)


def recorded_refund_becomes_what_the_contract_says(lab: Lab) -> None:
    expected = lab.connector.contract.refund
    lab.stage("refunds", lab.truth.samples["refunds"])
    lab.transform()

    assert {"kind", "state"} <= expected.keys()
    assert expected == _columns(lab, "core.refunds", expected)


def has_refunds(connector: Connector, _stream: str) -> bool:
    return "refunds" in connector.platform.spec.streams


def every_recorded_value_can_be_read(lab: Lab) -> None:
    for stream in lab.truth.samples:
        lab.stage(stream, lab.truth.samples[stream])
    lab.transform()

    tables = ["core.orders", *(["core.refunds"] if "refunds" in lab.truth.samples else [])]
    unreadable = {
        table: lab.rows(f"select unreadable_fields from {table} where shop_id = :shop") for table in tables
    }
    assert {table: [([],)] * len(found) for table, found in unreadable.items()} == unreadable
    assert all(unreadable.values())
    assert [[]] * len(_lines(lab)) == [line["unreadable_fields"] for line in _lines(lab)]


def state_that_nobody_knows_waits_and_is_told(lab: Lab) -> None:
    record = copy.deepcopy(lab.truth.samples["orders"])
    put_like(record, lab.connector.facts("orders").status, UNKNOWN_STATE)
    lab.stage("orders", record)
    lab.transform()

    assert [("unknown", "wait")] == lab.rows("select status, gate from core.orders where shop_id = :shop")
    told = lab.rows(
        "select count(*) from core.anomalies a join core.orders o using (order_id) "
        "where o.shop_id = :shop and a.rule_id = 'unknown_status'"
    )
    assert [(1,)] == told


def order_without_its_state_does_not_ship(lab: Lab) -> None:
    record = copy.deepcopy(lab.truth.samples["orders"])
    for path in lab.connector.facts("orders").status.split("|"):
        if at_path(record, path) is not None:
            put(record, path, None)
    lab.stage("orders", record)
    lab.transform()

    assert [("wait",)] == lab.rows("select gate from core.orders where shop_id = :shop")


def refund_state_that_nobody_knows_is_not_taken_for_another(lab: Lab) -> None:
    record = copy.deepcopy(lab.truth.samples["refunds"])
    put_like(record, lab.connector.facts("refunds").status, UNKNOWN_STATE)
    lab.stage("refunds", record)
    lab.transform()

    assert [("unknown",)] == lab.rows("select state from core.refunds where shop_id = :shop")


def money_that_cannot_be_read_is_null_and_told(lab: Lab) -> None:
    for stream, root, rules, table in _mapped(lab.truth):
        record = copy.deepcopy(lab.truth.samples[stream])
        spoiled = {}
        for rule in rules:
            place = place_of(root, rule, record)
            if rule.field in MONEY and place:
                put(record, place, UNREADABLE[rule.converter])
                spoiled[rule.field] = None
        _assert_unreadable(lab, stream, record, table, {f"{field}_fen": field for field in spoiled})


def time_that_cannot_be_read_is_null_and_told(lab: Lab) -> None:
    for stream, root, rules, table in _mapped(lab.truth):
        record = copy.deepcopy(lab.truth.samples[stream])
        spoiled = {}
        for rule in rules:
            place = place_of(root, rule, record)
            if rule.field in TIMES and rule.field != "modified_at" and place:
                put(record, place, "2026-02-30 99:99:99")
                spoiled[rule.field] = rule.field
        _assert_unreadable(lab, stream, record, table, spoiled)


def _assert_unreadable(lab: Lab, stream: str, record: Any, table: str, spoiled: dict[str, str]) -> None:
    lab.stage(stream, record)
    lab.transform()
    found = _columns(lab, table, dict.fromkeys([*spoiled, "unreadable_fields"]))
    assert set(spoiled.values()) == set(found.pop("unreadable_fields"))
    assert dict.fromkeys(spoiled) == found


def _mapped(connector: Connector) -> list[tuple[str, str, tuple[FieldRule, ...], str]]:
    spec, fields = connector.platform.spec, connector.platform.field_map
    found = [("orders", spec.records.order, fields.order, "core.orders")]
    if "refunds" in spec.streams:
        found.append(("refunds", spec.records.refund, fields.refund, "core.refunds"))
    return found


def empty_receiver_does_not_replace_a_known_one(lab: Lab) -> None:
    connector = lab.truth
    record = modified_at(connector, "orders", copy.deepcopy(connector.samples["orders"]), LATER)
    emptied = modified_at(connector, "orders", copy.deepcopy(record), LATER + timedelta(minutes=1))
    for place in _receiver_places(connector, record):
        put(emptied, place, "")
    columns = dict.fromkeys(("name_masked", "phone_masked", "address_masked", "province", "city", "token"))
    lab.stage("orders", record)
    lab.transform()
    before = _columns(lab, "core.receivers", columns)
    lab.stage("orders", emptied)
    lab.transform()

    assert (
        LATER + timedelta(minutes=1)
        == lab.rows("select modified_at from core.orders where shop_id = :shop")[0][0]
    )
    assert before == _columns(lab, "core.receivers", columns)
    assert set(before.values()) != {None}


def _receiver_places(connector: Connector, record: Any) -> list[str]:
    spec = connector.platform.spec
    plain = connector.stream("orders").plain
    if plain is not None and plain.receiver is not None:
        own = plain.receiver
        keys = (own.name, own.phone, own.address, own.province, own.city, own.district, own.town)
        return [f"{own.at}.{key}" for key in keys if key and at_path(record, f"{own.at}.{key}") is not None]
    rules = connector.platform.field_map.receiver
    return [place for rule in rules if (place := place_of(spec.records.receiver, rule, record))]


def older_version_that_comes_late_changes_nothing(lab: Lab) -> None:
    connector = lab.truth
    newer = modified_at(connector, "orders", copy.deepcopy(connector.samples["orders"]), LATER)
    older = modified_at(connector, "orders", copy.deepcopy(newer), LATER - timedelta(minutes=1))
    for record in (newer, older):
        lab.stage("orders", record)
        lab.transform()

    assert [(LATER,)] == lab.rows("select modified_at from core.orders where shop_id = :shop")


def refund_that_comes_before_its_order_finds_it(lab: Lab) -> None:
    connector = lab.truth
    order, refund = connector.samples["orders"], copy.deepcopy(connector.samples["refunds"])
    spec, rules = connector.platform.spec, connector.platform.field_map.refund
    rule = next(rule for rule in rules if rule.field == "platform_order_id")
    put_like(refund, place_of(spec.records.refund, rule, refund), id_of(connector, "orders", order))
    lab.stage("refunds", refund)
    lab.transform()
    lab.stage("orders", order)
    lab.transform()

    joined = (
        "select count(*) from core.refunds join core.orders using (order_id) where orders.shop_id = :shop"
    )
    assert [(1,)] == lab.rows(joined)


def refund_that_is_reopened_is_open_whatever_comes_first(lab: Lab) -> None:
    connector = lab.truth
    withdrawn = [
        s for s in connector.platform.spec.refund_states if s.state == "withdrawn" and not s.terminal
    ]
    opened = [s for s in connector.platform.spec.refund_states if s.state == "open"]
    assert withdrawn, "platform.yaml: refund_states has no withdrawn one that may be reopened"
    path = connector.facts("refunds").status
    versions = []
    for minutes, state in ((0, withdrawn[0]), (5, opened[0])):
        record = copy.deepcopy(connector.samples["refunds"])
        put_like(record, path, state.status)
        versions.append(modified_at(connector, "refunds", record, LATER + timedelta(minutes=minutes)))
    found = []
    for arrival in (versions, versions[::-1]):
        other = lab.sibling()
        for record in arrival:
            other.stage("refunds", record)
            other.transform()
        found.append(other.rows("select state from core.refunds where shop_id = :shop"))

    assert [[("open",)], [("open",)]] == found


def may_reopen_refunds(connector: Connector, _stream: str) -> bool:
    return "refunds" in connector.platform.spec.streams and not connector.contract.withdrawn_is_final


def one_line_may_come_without_its_list(lab: Lab) -> None:
    path = lab.truth.platform.spec.records.lines.split("+")[0]
    listed = copy.deepcopy(lab.truth.samples["orders"])
    lines = at_path(listed, path)
    put(listed, path, lines[:1])
    bare = copy.deepcopy(listed)
    put(bare, path, lines[0])
    found = []
    for record in (listed, bare):
        other = lab.sibling()
        other.stage("orders", record)
        other.transform()
        found.append([line["line_id"] for line in _lines(other)])

    assert found[0]
    assert found[0] == found[1]


def _columns(lab: Lab, table: str, wanted: dict[str, Any], number: int = 0) -> dict[str, Any]:
    """Return the wanted columns of the shop's `number`-th row, times as ISO text where text is wanted."""
    source = (
        table if table in ("core.orders", "core.refunds") else f"{table} join core.orders using (order_id)"
    )
    order_by = "line_no" if table == "core.order_lines" else "1"
    columns = ", ".join(f"{table.removeprefix('core.')}.{name}" for name in wanted) or "null"
    shop = f"{table if table == 'core.refunds' else 'core.orders'}.shop_id".removeprefix("core.")
    found = lab.rows(f"select {columns} from {source} where {shop} = :shop order by {order_by}")
    values = found[number] if number < len(found) else [None] * len(wanted)
    return {
        name: value.isoformat() if isinstance(value, datetime) and isinstance(wanted[name], str) else value
        for name, value in zip(wanted, values, strict=False)
    }


def _lines(lab: Lab) -> list[dict[str, Any]]:
    found = lab.rows(
        "select line_id, order_lines.unreadable_fields from core.order_lines join core.orders using (order_id) "
        "where shop_id = :shop order by line_no"
    )
    return [{"line_id": line_id, "unreadable_fields": fields} for line_id, fields in found]


CASES = {
    case.check.__name__: case
    for case in (
        Case(what_shipping_needs_is_mapped),
        Case(recorded_order_becomes_what_the_contract_says),
        Case(recorded_refund_becomes_what_the_contract_says, has_refunds),
        Case(every_recorded_value_can_be_read),
        Case(state_that_nobody_knows_waits_and_is_told),
        Case(order_without_its_state_does_not_ship),
        Case(refund_state_that_nobody_knows_is_not_taken_for_another, has_refunds),
        Case(money_that_cannot_be_read_is_null_and_told),
        Case(time_that_cannot_be_read_is_null_and_told),
        Case(empty_receiver_does_not_replace_a_known_one),
        Case(older_version_that_comes_late_changes_nothing),
        Case(refund_that_comes_before_its_order_finds_it, has_refunds),
        Case(refund_that_is_reopened_is_open_whatever_comes_first, may_reopen_refunds),
        Case(one_line_may_come_without_its_list),
    )
}
