"""Records: kept whole, told apart by exact ids, and one that cannot be kept stops nothing else."""

import contextlib
from datetime import timedelta
from typing import Any

from orderhub.errors import OrderhubError
from tests.contract.case import Case
from tests.contract.connector import Connector
from tests.contract.lab import NOW, PAGE, Lab
from tests.contract.records import id_of
from tests.contract.wire import Asked


def recorded_record_is_staged_under_its_id(lab: Lab) -> None:
    sample = lab.connector.samples[lab.stream]
    record_id = lab.platform.put(lab.stream, sample, NOW - timedelta(hours=2))
    lab.pull()

    assert {record_id: [lab.as_staged(sample)]} == lab.payloads()


def field_that_nobody_knows_is_kept(lab: Lab) -> None:
    record = lab.record(1) | {"brand_new_field": {"深": [1, None, "x"]}}
    record_id = lab.platform.put(lab.stream, record, NOW - timedelta(hours=2))
    lab.pull()

    assert {"深": [1, None, "x"]} == lab.payloads()[record_id][0]["brand_new_field"]


def characters_that_the_database_refuses_are_replaced_and_noted(lab: Lab) -> None:
    lab.fill(2)
    record = lab.record(9) | {"note_of_somebody": "a\x00b\ud800c"}
    record_id = lab.platform.put(lab.stream, record, NOW - timedelta(hours=2))
    counts = lab.pull()

    assert "a\ufffdb\ufffdc" == lab.payloads()[record_id][0]["note_of_somebody"]
    assert (set(), 0) == (lab.missing() - {record_id}, counts.windows_left)
    table = f"staging.{lab.connector.name}_{lab.connector.table(lab.stream)}"
    noted = lab.rows(f"select record_id from {table} where shop_id = :shop and note is not null")
    assert [(record_id,)] == noted


def row_without_an_id_keeps_its_window_open_and_no_other(lab: Lab) -> None:
    _assert_only_its_window_waits(lab, None)


def id_that_is_too_long_keeps_its_window_open_and_no_other(lab: Lab) -> None:
    _assert_only_its_window_waits(lab, "x" * 101)


def id_with_a_control_character_keeps_its_window_open_and_no_other(lab: Lab) -> None:
    _assert_only_its_window_waits(lab, "12\x07")


def row_that_never_gets_an_id_is_counted_as_rejected_and_its_window_ends(lab: Lab) -> None:
    (spoiled,) = lab.fill(1, first=NOW - timedelta(minutes=20))
    own = spoiled.removeprefix(lab.connector.stream(lab.stream).id_prefix)

    def spoil(asked: Asked, content: Any) -> Any:
        rows = [_with_id(row, own, None) for row in lab.rows_in(asked, content) or []]
        return lab.with_rows(asked, content, rows) if rows else content

    lab.platform.rewrites.append(spoil)
    for _ in range(3):
        lab.pull()

    assert {"covered"} == lab.windows().keys()
    counted = "select sum(rejected_count), count(problem) from ops.pull_windows "
    counted += "left join ops.verify_windows on subject = 'window ' || window_id "
    assert [(1, 0)] == lab.rows(f"{counted} where shop_id = :shop and stream = '{lab.stream}'")


def row_that_is_no_record_keeps_its_window_open_and_no_other(lab: Lab) -> None:
    lab.fill(1, first=NOW - timedelta(hours=20))
    newest = NOW - timedelta(minutes=20)
    lab.fill(1, first=newest)

    def spoil(asked: Asked, content: Any) -> Any:
        is_newest = asked.kind == "list" and asked.values["start"] <= newest < asked.values["end"]
        return lab.changed_rows(asked, content, lambda rows: [*rows, ["x"]]) if is_newest else content

    lab.platform.rewrites.append(spoil)
    with contextlib.suppress(OrderhubError):
        lab.pull()

    assert 1 == lab.windows().get("open")
    lab.platform.rewrites.clear()
    lab.pull()
    assert set() == lab.missing()


def _assert_only_its_window_waits(lab: Lab, bad: str | None) -> None:
    lab.fill(1, first=NOW - timedelta(hours=20))
    (spoiled,) = lab.fill(1, first=NOW - timedelta(minutes=20))
    own = spoiled.removeprefix(lab.connector.stream(lab.stream).id_prefix)

    def spoil(asked: Asked, content: Any) -> Any:
        rows = [_with_id(row, own, bad) for row in lab.rows_in(asked, content) or []]
        return lab.with_rows(asked, content, rows) if rows else content

    lab.platform.rewrites.append(spoil)
    with contextlib.suppress(OrderhubError):
        lab.pull()

    assert 1 == lab.windows().get("open")
    assert {spoiled} >= lab.missing()
    lab.platform.rewrites.clear()
    lab.pull()
    assert set() == lab.missing()


def _with_id(value: Any, own: str, other: str | None) -> Any:
    """Return a row with another id wherever its own stands; None takes it away."""
    match value:
        case dict():
            return {key: _with_id(inner, own, other) for key, inner in value.items()}
        case list():
            return [_with_id(inner, own, other) for inner in value]
        case str() | int() if str(value) == own:
            return other
        case _:
            return value


def ids_may_be_numbers_in_the_list(lab: Lab) -> None:
    ids = lab.fill(PAGE + 1)
    lab.platform.rewrites.append(
        lambda asked, content: lab.changed_rows(
            asked, content, lambda rows: [_as_numbers(row, ids) for row in rows]
        )
    )
    lab.pull()

    assert ids == lab.payloads().keys()


def has_numbers_for_ids(connector: Connector, stream: str) -> bool:
    found = id_of(connector, stream, connector.samples[stream])
    return found.isdigit() and not found.startswith("0")


def _as_numbers(value: Any, ids: set[str]) -> Any:
    match value:
        case dict():
            return {key: _as_numbers(inner, ids) for key, inner in value.items()}
        case str() if value in ids:
            return int(value)
        case _:
            return value


def numbers_of_the_answer_may_be_texts(lab: Lab) -> None:
    ids = lab.fill(PAGE + 1, step=timedelta(seconds=1))
    lab.platform.rewrites.append(
        lambda asked, content: content if asked.kind == "detail" else _as_texts(content)
    )
    counts = lab.pull()

    assert (ids, 0) == (set(lab.payloads()), counts.windows_left)


def _as_texts(value: Any) -> Any:
    match value:
        case dict():
            return {key: _as_texts(inner) for key, inner in value.items()}
        case list():
            return [_as_texts(inner) for inner in value]
        case bool():
            return str(value).lower()
        case int():
            return str(value)
        case _:
            return value


def changed_record_is_one_more_version(lab: Lab) -> None:
    record_id, *_ = sorted(lab.fill(2))
    lab.pull()
    kept = lab.platform.shelves[lab.stream][record_id]
    lab.platform.put(lab.stream, kept.record | {"changed": 1}, kept.modified)
    lab.platform.touch(lab.stream, record_id, lab.platform_clock.now())
    lab.pass_time(timedelta(minutes=15))
    lab.pull()

    assert (2, set()) == (len(lab.payloads()[record_id]), lab.missing())


CASES = {
    case.check.__name__: case
    for case in (
        Case(recorded_record_is_staged_under_its_id, per_stream=True),
        Case(field_that_nobody_knows_is_kept, per_stream=True),
        Case(characters_that_the_database_refuses_are_replaced_and_noted, per_stream=True),
        Case(row_without_an_id_keeps_its_window_open_and_no_other, per_stream=True),
        Case(row_that_never_gets_an_id_is_counted_as_rejected_and_its_window_ends),
        Case(id_that_is_too_long_keeps_its_window_open_and_no_other),
        Case(id_with_a_control_character_keeps_its_window_open_and_no_other),
        Case(row_that_is_no_record_keeps_its_window_open_and_no_other, per_stream=True),
        Case(ids_may_be_numbers_in_the_list, has_numbers_for_ids, per_stream=True),
        Case(numbers_of_the_answer_may_be_texts, per_stream=True),
        Case(changed_record_is_one_more_version, per_stream=True),
    )
}
