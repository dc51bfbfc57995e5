"""A range of the past is read again: resumable, in the platform's windows, beside live pulls, never shipped."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from orderhub.clock import BEIJING
from orderhub.config.parse import parse_config
from orderhub.db.engine import Database
from orderhub.db.windows import Progress, Request, progress_of
from orderhub.errors import ConfigError
from orderhub.fulfillment.run import run_fulfillment
from orderhub.platforms import fetching
from orderhub.platforms.backfill import Access, access_to, read_requests, request_backfill
from orderhub.settings import Settings
from tests.builders import rows
from tests.platforms.shop_in_a_box import (
    DETAIL,
    LIST,
    SHOP_ID,
    STARTED_AT,
    ShopInABox,
    merchant_files,
    rewrite,
)

SINCE, UNTIL = STARTED_AT - timedelta(hours=13), STARTED_AT - timedelta(hours=1)
STAGED = "select count(*) from staging.taobao_orders"
PLANNED = "select kind, start_at, end_at, state from ops.pull_windows where kind <> 'requested' order by 2"
REFUSALS = "select subject from ops.alerts where rule_id = 'refused_range' and closed_at is null"
REQUESTED = "select count(*) from ops.pull_windows where kind = 'requested' and state = 'open'"


@pytest.fixture
def box(database: Database) -> ShopInABox:
    return ShopInABox(database, orders=800)


def access(box: ShopInABox) -> Access:
    settings = Settings(
        home=Path("unused"), database_url=SecretStr("unused"), hash_key=SecretStr("key"),
        token_key=SecretStr("unused"),
    )  # fmt: skip
    return access_to(box.database, box.clock, settings, box.config, "taobao", SHOP_ID)


def ask(box: ShopInABox, since: datetime = SINCE, until: datetime = UNTIL) -> list[Request]:
    return request_backfill(access(box), ["orders"], since, until, "li")


def read(box: ShopInABox, asked: list[Request], **named: object) -> Progress:
    client = box.client()
    try:
        return read_requests(access(box), client, asked, **named)  # type: ignore[arg-type] # passed on
    finally:
        client.close()


def test_range_is_cut_into_the_windows_of_the_platform(box: ShopInABox):
    asked = ask(box)

    assert progress_of(box.database, asked) == Progress(windows=2, left=2)


def test_every_stream_is_read_unless_one_is_named(box: ShopInABox):
    asked = request_backfill(access(box), [], SINCE, UNTIL, "li")

    assert [request.stream for request in asked] == ["orders", "refunds"]


def test_progress_is_told_after_every_window(box: ShopInABox):
    told: list[Progress] = []

    progress = read(box, ask(box), tell=told.append)

    assert [at.left for at in told] == [1, 0]
    assert progress == Progress(windows=2, left=0)
    assert rows(box.database, STAGED)[0][0] > 20


def test_range_that_is_covered_is_read_again_and_only_what_is_missing_is_staged(
    box: ShopInABox, owner: Database
):
    box.pull()
    staged = rows(box.database, STAGED)
    gone = rows(
        box.database, f"select min(record_id) from staging.taobao_orders where modified_at < '{UNTIL}'"
    )
    with owner.engine.begin() as connection:
        connection.exec_driver_sql(f"delete from staging.taobao_orders where record_id = '{gone[0][0]}'")
    box.gateway.calls.clear()

    read(box, request_backfill(access(box), ["orders"], SINCE - timedelta(days=1), UNTIL, "li"))

    assert (rows(box.database, STAGED), box.gateway.calls[DETAIL]) == (staged, 1)


def test_planning_sees_nothing_of_it(box: ShopInABox):
    box.pull()
    planned = rows(box.database, PLANNED)

    read(box, ask(box))
    box.pull()

    assert rows(box.database, PLANNED) == planned


def test_history_before_the_first_pull_does_not_move_the_beginning(box: ShopInABox):
    box.pull()
    beginning = rows(box.database, "select min(start_at) from ops.pull_windows where kind <> 'requested'")

    read(box, ask(box, SINCE - timedelta(days=30), SINCE - timedelta(days=29)))
    box.pass_time(timedelta(minutes=15))
    box.pull()

    assert (
        rows(box.database, "select min(start_at) from ops.pull_windows where kind <> 'requested'")
        == beginning
    )


def test_kill_loses_nothing_and_asking_again_goes_on(box: ShopInABox, monkeypatch: pytest.MonkeyPatch):
    stage_page, pages = fetching.stage_page, []

    def killed_at_the_second(*given, **named):
        if len(pages) == 1:
            raise KeyboardInterrupt
        pages.append(stage_page(*given, **named))
        return pages[-1]

    monkeypatch.setattr(fetching, "stage_page", killed_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        read(box, ask(box))
    monkeypatch.setattr(fetching, "stage_page", stage_page)

    assert rows(box.database, STAGED)[0][0] == pages[0].staged_count
    assert read(box, ask(box)) == Progress(windows=2, left=0)


def test_what_is_left_is_read_by_the_next_pull(box: ShopInABox):
    ask(box)

    counts = box.pull()

    assert (counts.windows_left, rows(box.database, REQUESTED)) == (0, [(0,)])


def test_live_pull_during_a_backfill_covers_its_windows(box: ShopInABox):
    box.pull()
    asked = ask(box)

    def live_pull(_: Progress) -> None:
        box.world.place(2, box.platform_clock.now() + timedelta(minutes=1), SHOP_ID)
        box.pass_time(timedelta(minutes=15))
        assert box.pull().windows_left == 0

    progress = read(box, asked, tell=live_pull, budget=timedelta(hours=1))

    assert progress.left == 0
    assert rows(box.database, "select count(*) from ops.pull_windows where state = 'open'") == [(0,)]


def test_long_ban_is_kept_and_said(box: ShopInABox):
    box.gateway.faults.replace([{"kind": "throttle", "method": DETAIL, "nth": 3, "seconds": 600}])

    progress = read(box, ask(box))

    assert (progress.left, progress.waits_until) == (2, box.clock.now() + timedelta(seconds=600))


def refuse_what_begins_before(box: ShopInABox, oldest: datetime) -> None:
    """Let the platform give no list that begins before `oldest`, as it does with what is months old."""
    first = f"{oldest.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}"

    def refuse(form: dict[str, str], content: bytes) -> bytes:
        is_old = form["method"] == LIST and form["start_modified"] < first
        return (
            b'{"error_response": {"code": 41, "msg": "Invalid arguments:start_modified"}}'
            if is_old
            else content
        )

    rewrite(box, refuse)


def test_range_that_the_platform_does_not_give_stops_no_pull_and_is_asked_for_once(box: ShopInABox):
    """A year too old, asked for once, made every later pull of the shop fail."""
    box.pull()
    asked = ask(box)
    refuse_what_begins_before(box, SINCE + timedelta(hours=1))
    box.pass_time(timedelta(minutes=15))

    counts = box.pull()

    at = progress_of(box.database, asked)
    assert (counts.windows_left, at.windows, at.left, at.refused) == (0, 2, 0, 1)
    box.gateway.calls.clear()
    box.pull()
    assert box.gateway.calls[LIST] == 1
    assert rows(box.database, REFUSALS) == [("tb_outlet/orders/backfill",)]


def test_backfill_that_is_refused_in_part_reads_the_rest_and_says_so(box: ShopInABox):
    refuse_what_begins_before(box, SINCE + timedelta(hours=1))

    progress = read(box, ask(box))

    assert (progress.windows, progress.left, progress.refused) == (2, 0, 1)
    assert "Invalid arguments:start_modified" in str(progress.last_error)
    assert rows(box.database, STAGED)[0][0] > 5
    ask(box)
    assert rows(box.database, REFUSALS) == []


@pytest.mark.parametrize(
    "since, until, said",
    [
        (UNTIL, SINCE, "is not before until"),
        (
            SINCE,
            STARTED_AT + timedelta(days=1),
            "is not over yet; the latest now is 2026-11-23 12:04, Beijing time",
        ),
    ],
)
def test_range_that_cannot_be_read_is_refused(box: ShopInABox, since: datetime, until: datetime, said: str):
    with pytest.raises(ConfigError, match=said):
        ask(box, since, until)


def test_unknown_stream_is_refused_with_those_that_exist(box: ShopInABox):
    with pytest.raises(ConfigError, match="no stream 'order'; it has orders, refunds"):
        request_backfill(access(box), ["order"], SINCE, UNTIL, "li")


def test_platform_of_files_is_refused(box: ShopInABox):
    files = merchant_files()
    files["shops.yaml"] += (
        files["shops.yaml"]
        .removeprefix("shops:\n")
        .replace("taobao", "spreadsheet")
        .replace(SHOP_ID, "group")
    )
    box.config = parse_config(files)

    with pytest.raises(ConfigError, match="takes files: drop the old files again"):
        access_to(box.database, box.clock, access(box).settings, box.config, "spreadsheet", "group")


@pytest.mark.parametrize("went_live, is_shipped", [("2026-12-01", False), ("2026-01-01", True)])
def test_orders_from_before_the_shop_went_live_are_never_shipped(
    box: ShopInABox, monkeypatch: pytest.MonkeyPatch, went_live: str, *, is_shipped: bool
):
    """The second case is the control: without go_live_at the same orders would be shipped."""
    files = {name: text.replace("2026-01-01T", f"{went_live}T") for name, text in merchant_files().items()}
    monkeypatch.setattr("tests.platforms.shop_in_a_box.merchant_files", lambda _: files)
    read(box, ask(box))
    box.transform()
    stock_everything(box.database)

    run_fulfillment(box.database, box.clock, box.config)

    assert (rows(box.database, "select count(*) from core.reservations")[0][0] > 0) is is_shipped


def stock_everything(database: Database) -> None:
    with database.engine.begin() as connection:
        connection.exec_driver_sql(
            "insert into core.stock select w, sku_id, 1000, 0, now() from (select distinct sku_id from "
            "core.order_lines where sku_id is not null) s, unnest(array['hangzhou', 'yiwu']) w on conflict do nothing"
        )
