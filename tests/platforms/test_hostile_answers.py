"""Answers that no documentation knows: one bad record is parked, one bad window waits, the rest is read."""

import json
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from orderhub.db.engine import Database
from orderhub.errors import ContractError
from orderhub.platforms.backfill import access_to, read_requests, request_backfill
from orderhub.settings import Settings
from tests.builders import rows
from tests.platforms.shop_in_a_box import DETAIL, LIST, SHOP_ID, ShopInABox, rewrite

SETTINGS = Settings(
    home=Path("unused"), database_url=SecretStr("unused"), hash_key=SecretStr("key"),
    token_key=SecretStr("unused"),
)  # fmt: skip

OPEN = "select count(*) from ops.pull_windows where state = 'open'"
PARKED = "select count(*) from ops.parked_records where resolved_at is null"
MAILS = "select count(*) from ops.outbox where outbox_id like 'mail:alert:uncovered_window:%'"
UNUSABLE = "select closed_at is null from ops.alerts where rule_id = 'unusable_id'"
REJECTED = "select sum(rejected) from ops.completeness"
STAGED = "select distinct record_id from staging.taobao_orders"
NESTED = b'{"a":' * 10_000 + b"1" + b"}" * 10_000


@pytest.fixture
def box(database: Database) -> ShopInABox:
    return ShopInABox(database, orders=600)


def read_again(box: ShopInABox) -> None:
    """Let a person ask for the last three days of the orders again, and read it."""
    access = access_to(box.database, box.clock, SETTINGS, box.config, "taobao", SHOP_ID)
    now = box.clock.now()
    asked = request_backfill(access, ["orders"], now - timedelta(hours=72), now - timedelta(minutes=5), "li")
    with closing(box.client()) as client:
        read_requests(access, client, asked)


def trade_with(extra: str) -> Callable[[bytes], bytes]:
    return lambda content: content.replace(b'"trade": {', b'"trade": {' + extra.encode() + b",", 1).replace(
        b'"trade":{', b'"trade":{' + extra.encode() + b",", 1
    )


HOSTILE: dict[str, Callable[[bytes], bytes]] = {
    "nested ten thousand deep": lambda _: NESTED,
    "a repeated key": trade_with('"status":"A","status":"B"'),
    "a list instead of a record": lambda _: b'{"trade_fullinfo_get_response":{"trade":[1]}}',
    "another record": lambda _: b'{"trade_fullinfo_get_response":{"trade":{"tid_str":"1"}}}',
    "an unknown error that quotes NUL": lambda _: b'{"error_response":{"code":999,"msg":"x\\u0000\\ud800"}}',
    "a field called NUL": lambda _: b'{"\\u0000\\udfff":1}',
    "NaN": trade_with('"num":NaN'),
}


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
def test_one_hostile_detail_is_parked_and_the_windows_are_covered(
    box: ShopInABox, hostile: Callable[[bytes], bytes]
):
    rewrite(
        box,
        lambda form, content: (
            hostile(content) if form["method"] == DETAIL and form["tid"].endswith("1") else content
        ),
    )

    counts = box.pull()

    assert counts.parked > 0
    assert (rows(box.database, OPEN), rows(box.database, PARKED)) == ([(0,)], [(counts.parked,)])


DEPTHS = range(300, 1000, 7)


def test_depth_at_which_parsing_works_and_writing_does_not_is_parked_too(box: ShopInABox):
    depths = iter(list(DEPTHS) * 100)

    def nest(form: dict[str, str], content: bytes) -> bytes:
        if form["method"] != DETAIL:
            return content
        depth = next(depths)
        return trade_with('"x":' + '{"a":' * depth + "1" + "}" * depth)(content)

    rewrite(box, nest)

    assert box.pull().windows_left == 0


@pytest.mark.parametrize("bad_id", ["x" * 5000, "1\\u00002", "", "\\ud800"])
def test_record_with_an_id_that_cannot_be_stored_is_told_and_all_others_are_staged(
    box: ShopInABox, bad_id: str
):
    spoiled: list[str] = []
    truthful = box.gateway

    def spoil(form: dict[str, str], content: bytes) -> bytes:
        window = form.get("start_modified", "")
        found = json.loads(content).get("trades_sold_increment_get_response", {}).get("trades")
        if form["method"] != LIST or not found or (spoiled and window != spoiled[0]):
            return content
        tid = found["trade"][0]["tid_str"]
        spoiled.extend([tid] if spoiled else [window, tid])
        return content.replace(f'"{tid}"'.encode(), f'"{bad_id}"'.encode())

    rewrite(box, spoil)

    counts = [box.pull() for _ in range(3)]

    assert [count.windows_left for count in counts] == [1, 1, 0]
    assert rows(box.database, UNUSABLE) == [(True,)]
    assert (rows(box.database, MAILS), rows(box.database, OPEN)) == ([(0,)], [(0,)])
    assert rows(box.database, REJECTED) == [(1,)]
    before = set(rows(box.database, STAGED))
    box.gateway = truthful

    read_again(box)

    assert rows(box.database, UNUSABLE) == [(False,)]
    assert set(rows(box.database, STAGED)) - before == {(tid,) for tid in spoiled[1:]}


def test_count_beyond_any_window_is_not_read_page_by_page(box: ShopInABox):
    rewrite(
        box,
        lambda form, content: (
            content.replace(b'"total_results":', b'"total_results":9999999999')
            if form["method"] == LIST
            else content
        ),
    )

    with pytest.raises(ContractError, match="more than any window has"):
        box.pull()


def test_ban_of_a_million_years_is_asked_again_after_a_day(box: ShopInABox):
    ban = b'{"error_response":{"code":7,"msg":"This ban will last for 99999999999999 more seconds"}}'
    rewrite(box, lambda form, content: ban if form["method"] == DETAIL else content)

    assert box.pull().waits_until == "2026-11-24T04:05:00+00:00"


def test_window_with_a_page_that_always_fails_does_not_block_those_behind_it(box: ShopInABox):
    """The platform's back end chokes on one page of one window, for good."""
    choking: list[str] = []

    def choke(form: dict[str, str], content: bytes) -> bytes:
        window = form.get("start_modified", "")
        is_page = form["method"] == LIST and form.get("use_has_next") == "true"
        if not is_page or (choking and window != choking[0]):
            return content
        choking.append(window)
        return b'{"error_response":{"code":15,"sub_code":"isp.unknown-error","msg":"x"}}'

    rewrite(box, choke)

    counts = box.pull()

    assert counts.windows_covered > 0
    assert (counts.windows_left, rows(box.database, OPEN)) == (1, [(1,)])
