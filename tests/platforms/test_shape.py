"""A required field that a whole page lacks stops the shop before anything of the page is stored."""

from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from orderhub.clock import FixedClock
from orderhub.db.engine import Database
from orderhub.errors import RemovedFieldError
from orderhub.platforms.parked import LONGEST_WAIT, RETRIED_AT_ONCE, Source, park, waiting_ids
from orderhub.platforms.shape import refuse_removed_fields
from orderhub.platforms.spec import load_platform
from tests.builders import merchant, rows
from tests.platforms.test_paging import CURSOR, NOW, STAGED, Shop, orders, platform, pull

ORDER: dict[str, Any] = {
    "tid": 1, "tid_str": "1", "modified": "2026-11-23 12:00:00", "orders": {"order": [{"oid": 1, "num": 2}]},
}  # fmt: skip
REFUND: dict[str, Any] = {
    "refund_id": "9",
    "tid": "1",
    "status": "SUCCESS",
    "modified": "2026-11-23 12:00:00",
}


def without(record: dict[str, Any], *keys: str) -> dict[str, Any]:
    left = deepcopy(record)
    for key in keys:
        left.pop(key)
    return left


def without_quantity() -> dict[str, Any]:
    left = deepcopy(ORDER)
    left["orders"]["order"][0].pop("num")
    return left


@pytest.mark.parametrize(
    "stream, page, said",
    [
        (
            "orders",
            [without(ORDER, "tid", "tid_str")] * 3,
            "none of 3 records has tid_str|tid, which is required",
        ),
        ("orders", [without(ORDER, "modified")] * 4, "none of 4 records has modified"),
        ("orders", [without_quantity()] * 3, "lines: none of 3 records has num"),
        ("refunds", [without(REFUND, "status")] * 3, "taobao refunds: none of 3 records has status"),
    ],
)
def test_field_that_no_record_of_a_page_has_is_refused(stream: str, page: list[Any], said: str):
    with pytest.raises(RemovedFieldError) as refused:
        refuse_removed_fields(load_platform("taobao"), "tb", stream, page)

    assert f"shop tb, taobao {stream}" in str(refused.value)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    "page",
    [
        [],
        [without(ORDER, "modified")] * 2,
        [without(ORDER, "modified")] * 9 + [ORDER],
        [without(ORDER, "orders")] * 5,
        ["no object", None, 7],
    ],
    ids=["nothing", "too few to tell", "one has it", "no lines at all", "no objects"],
)
def test_what_may_be_chance_is_left_to_the_checks(page: list[Any]):
    refuse_removed_fields(load_platform("taobao"), "tb", "orders", page)


def test_list_rows_without_their_modified_time_stop_the_shop_and_store_nothing(database: Database):
    class Changed(Shop):
        def call(self, call: Any, values: dict[str, Any], changed: Any = None) -> Any:
            answer = super().call(call, values, changed)
            answer["items"] = [without(row, "updated") for row in answer["items"]]
            return answer

    made = platform(
        CURSOR.replace("page_size: 2", "page_size: 3") + "next_cursor: next, modified: updated}", "cursor"
    )
    shop = Changed(orders(9, timedelta()))
    shop.size = 3

    with pytest.raises(RemovedFieldError, match="shop tb_outlet, list: none of 3 records has updated"):
        pull(database, made, shop)

    assert rows(database, STAGED) == [(0,)]
    assert rows(database, "select count(*) from ops.pull_windows where state = 'open'") == [(1,)]


ODD = "坏\x00字\ud800尾"


def test_text_that_the_database_refuses_is_cleaned_and_kept_aside_whole(database: Database):
    class Odd(Shop):
        def call(self, call: Any, values: dict[str, Any], changed: Any = None) -> Any:
            answer = super().call(call, values, changed)
            answer["items"] = [{**row, "memo": ODD, "new_field": {"a": [1]}} for row in answer["items"]]
            return answer

    pull(database, platform(CURSOR + "next_cursor: next}", "cursor"), Odd(orders(1)))

    assert rows(
        database, "select payload ->> 'memo', payload -> 'new_field', note from staging.taobao_orders"
    ) == [("坏\ufffd字\ufffd尾", {"a": [1]}, "refused characters replaced")]
    kept = rows(
        database,
        "select o.original from ops.originals o join staging.taobao_orders s using (load_id, record_id, payload_sha256)",
    )
    assert [bytes(original).decode("utf-8", "surrogatepass") for (original,) in kept] == [
        f'{{"id":"000","memo":"坏\\u0000字\ud800尾","new_field":{{"a":[1]}},"updated":{int((NOW - timedelta(hours=20)).timestamp())}}}'
    ]


def test_clean_text_is_kept_once(database: Database):
    pull(database, platform(CURSOR + "next_cursor: next}", "cursor"), Shop(orders(5)))

    assert rows(database, "select count(*) from ops.originals") == [(0,)]


SOURCE = Source("taobao", "tb", "orders", merchant())


def due_after(database: Database, failures: int) -> timedelta:
    """Return how long a record that failed so often waits to be tried again."""
    clock = FixedClock(datetime(2026, 11, 23, tzinfo=UTC))
    with database.engine.begin() as connection:
        for _ in range(failures):
            park(connection, clock, SOURCE, {"1": "no answer"}, "window 1 page 1")
        start = clock.now()
        while not waiting_ids(connection, clock, SOURCE):
            clock.move(timedelta(minutes=5))
        return clock.now() - start


@pytest.mark.parametrize(
    "failures, wait",
    [(1, timedelta()), (2, timedelta(minutes=15)), (3, timedelta(minutes=45)), (90, LONGEST_WAIT)],
)
def test_parked_record_is_tried_less_and_less_often(database: Database, failures: int, wait: timedelta):
    assert due_after(database, failures) == wait


def test_one_pull_tries_a_bounded_number_of_parked_records(database: Database):
    clock = FixedClock(NOW)
    with database.engine.begin() as connection:
        park(connection, clock, SOURCE, {str(n): "x" for n in range(RETRIED_AT_ONCE + 5)}, "window 1 page 1")

        assert len(waiting_ids(connection, clock, SOURCE)) == RETRIED_AT_ONCE
