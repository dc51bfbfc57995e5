"""Cursor paging, first pages and page caps, on a platform that is a few lines of Python."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from orderhub.clock import FixedClock
from orderhub.db.engine import Database
from orderhub.errors import ContractError
from orderhub.platforms.extract import pull_shop
from orderhub.platforms.fetching import PullCounts
from orderhub.platforms.protocol import DetailCall, Stream, Window
from orderhub.platforms.spec import Platform, load_platform
from tests.builders import rows
from tests.platforms.scripted import list_call
from tests.platforms.shop_in_a_box import SHOP_ID, merchant

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
CURSOR = "{method: list, root: '', rows: items, id: id, modified: updated, page_size: 2, is_complete: true, "
STATES = "select state, count(*) from ops.pull_windows group by 1 order by 1"
STAGED = "select count(distinct record_id) from staging.taobao_orders"


@dataclass
class Shop:
    """Orders with a modified time each; answers like a client, in pages of two."""

    orders: dict[str, datetime]
    asked: list[dict[str, Any]] = field(default_factory=list)
    lie: dict[str, Any] = field(default_factory=dict)
    concurrency: int = 2
    size: int = 2

    def platform_now(self) -> datetime:
        return NOW

    def call(self, call: Any, values: dict[str, Any], changed: Any = None) -> Any:
        if call.method == "detail":
            return {"id": values["id"], "updated": int(self.orders[values["id"]].timestamp())}
        self.asked.append(values)
        ids = sorted(i for i, at in self.orders.items() if values["start"] <= at < values["end"])
        first = int(values["cursor"] or 0) if self.is_cursor else (values["page"]) * self.size
        page = ids[first : first + self.size]
        rest = first + self.size < len(ids)
        return {
            "items": [{"id": i, "updated": int(self.orders[i].timestamp())} for i in page], "ids": page,
            "total": len(ids), "next": str(first + self.size) if rest else "", "more": rest, **self.lie,
        }  # fmt: skip

    is_cursor: bool = True


def platform(listing: str, paging: str, detail: DetailCall | None = None) -> Platform:
    """Return a platform that shares its tables with one that is shipped, and pages like `listing`."""
    shipped = load_platform("taobao")
    window = Window(live_minutes=30, catch_up_minutes=2880, lag_seconds=60)
    stream = Stream(paging=paging, window=window, list=list_call(listing), detail=detail)  # type: ignore[arg-type] # a parameter of the tests
    return Platform(shipped.spec.model_copy(update={"streams": {"orders": stream}}), shipped.field_map, "x")


def pull(database: Database, made: Platform, shop: Shop) -> PullCounts:
    config = merchant()
    return pull_shop(database, FixedClock(NOW), made, config.shop(SHOP_ID), shop, config)  # type: ignore[arg-type] # answers like a client


def orders(count: int, step: timedelta = timedelta(minutes=1)) -> dict[str, datetime]:
    return {f"{number:03}": NOW - timedelta(hours=20) + number * step for number in range(count)}


@pytest.mark.parametrize("has_more", ["", "has_more: more, "])
def test_window_is_covered_when_the_cursor_ends(database: Database, has_more: str):
    made = platform(CURSOR + has_more + "next_cursor: next}", "cursor")

    counts = pull(database, made, Shop(orders(5)))

    assert (rows(database, STATES), counts.windows_left, counts.staged) == ([("covered", 2)], 0, 5)


def test_complete_rows_keep_their_modified_time(database: Database):
    pull(database, platform(CURSOR + "next_cursor: next}", "cursor"), Shop(orders(1)))

    assert rows(database, "select modified_at from staging.taobao_orders") == [(NOW - timedelta(hours=20),)]


@pytest.mark.parametrize(
    "lie, said",
    [
        ({"next": "2", "more": True}, "a cursor comes back"),
        ({"next": "", "more": True}, "there is no cursor"),
    ],
)
def test_cursor_that_cannot_end_is_refused_and_its_window_stays_open(
    database: Database, lie: dict[str, Any], said: str
):
    made = platform(CURSOR + "has_more: more, next_cursor: next}", "cursor")
    shop = Shop(orders(5))
    pull(database, made, Shop({}))
    with database.engine.begin() as connection:
        connection.exec_driver_sql("update ops.pull_windows set state = 'open'")

    shop.lie = lie
    with pytest.raises(ContractError, match=said):
        pull(database, made, shop)

    assert rows(database, STATES) == [("open", 2)]


def test_list_of_bare_ids_is_fetched_one_by_one(database: Database):
    listing = (
        "{method: list, root: '', rows: ids, id: '', next_cursor: next, page_size: 2, is_complete: false}"
    )
    made = platform(listing, "cursor", DetailCall(method="detail", root=""))

    pull(database, made, Shop(orders(5)))

    assert rows(database, STAGED) == [(5,)]


def test_first_page_may_be_zero_and_pages_are_read_last_to_first(database: Database):
    shop = Shop(orders(5), is_cursor=False)
    made = platform(CURSOR + "total: total, first_page: 0}", "pages")

    counts = pull(database, made, shop)

    assert (counts.windows_left, rows(database, STAGED)) == (0, [(5,)])
    pages = [values["page"] for values in shop.asked]
    assert pages[-5:] == [0, 2, 1, 0, 0]


def test_window_with_more_pages_than_can_be_read_is_split_until_it_fits(database: Database):
    shop = Shop(orders(40), is_cursor=False)
    made = platform(CURSOR + "total: total, first_page: 0, page_cap: 3}", "pages")

    for _ in range(20):
        counts = pull(database, made, shop)

    assert (counts.windows_left, rows(database, STAGED)) == (0, [(40,)])
    assert max(values["page"] for values in shop.asked) == 2
    assert rows(
        database, "select count(*) from ops.pull_windows a join ops.pull_windows b on a.end_at = b.start_at"
    ) == rows(database, "select count(*) - 1 from ops.pull_windows")


def test_one_second_that_holds_more_than_pages_show_stays_open_and_is_mailed(database: Database):
    shop = Shop(orders(9, timedelta()), is_cursor=False)
    made = platform(CURSOR + "total: total, first_page: 0, page_cap: 3}", "pages")

    for _ in range(25):
        counts = pull(database, made, shop)

    assert counts.windows_left == 1
    assert rows(database, "select count(*) from ops.outbox") == [(1,)]
    assert rows(database, "select end_at - start_at from ops.pull_windows where state = 'open'") == [
        (timedelta(seconds=1),)
    ]
