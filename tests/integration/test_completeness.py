"""Completeness is a number: what was claimed, staged, rejected and became canonical, per window and per file."""

from datetime import timedelta

import pytest

from orderhub.db.engine import Database
from tests.builders import rows
from tests.platforms.shop_in_a_box import DETAIL, LIST, ShopInABox

SUMS = (
    "select sum(claimed_before), sum(distinct_read), sum(listed), sum(staged), sum(rejected), sum(canonical) "
    "from ops.completeness where stream = '{}'"
)


@pytest.fixture
def box(database: Database) -> ShopInABox:
    return ShopInABox(database, orders=600)


@pytest.mark.parametrize("stream", ["orders", "refunds"])
def test_every_claimed_record_is_staged_and_canonical(box: ShopInABox, stream: str):
    box.pull()
    box.transform()

    sums = rows(box.database, SUMS.format(stream))[0]

    records = rows(box.database, f"select count(*) from core.{stream}")[0][0]
    assert sums == (records, records, records, records, 0, records)


def test_version_that_was_replaced_is_canonical_no_more(box: ShopInABox):
    box.pull()
    box.world.touch(3, box.platform_clock.now(), box.shop_id)
    box.pass_time(timedelta(minutes=15))
    box.pull()
    box.transform()

    _, _, _, staged, _, canonical = rows(box.database, SUMS.format("orders"))[0]

    orders = rows(box.database, "select count(*) from core.orders")[0][0]
    assert (staged, canonical) == (orders + 3, orders)


def test_parked_records_are_rejected_until_they_are_had(box: ShopInABox):
    box.gateway.faults.replace([{"kind": "error", "method": DETAIL, "id_mod": [41, 3], "times": 0}])
    parked = box.pull().parked
    rejected = rows(box.database, SUMS.format("orders"))[0][4]

    box.gateway.faults.replace([])
    box.pull()

    assert (rejected, rows(box.database, SUMS.format("orders"))[0][4]) == (parked, 0)
    assert parked > 0


def test_refused_rows_of_a_file_are_rejected(box: ShopInABox, owner: Database):
    with owner.engine.begin() as connection:
        connection.exec_driver_sql(
            "insert into ops.file_drops values ('group', 'hash', 'a.csv', 'partly_accepted', 10, 8, 2, '{}', now())"
        )

    assert rows(
        box.database,
        "select source, state, claimed_before, listed, staged, rejected, canonical from ops.completeness where shop_id = 'group'",
    ) == [("a.csv", "partly_accepted", 10, 10, 8, 2, 0)]


def test_gaps_say_since_when_and_why(box: ShopInABox):
    box.gateway.faults.replace([{"kind": "lying_total", "method": LIST, "times": 0, "delta": 500}])
    box.pull()

    gaps = rows(
        box.database,
        "select kind, open_since, attempts, why like 'before %, after %, distinct ids %' from ops.window_gaps "
        "where stream = 'orders' and kind <> 'unplanned' group by 1, 2, 3, 4 order by 1",
    )

    assert gaps == [("gap", box.clock.now(), 1, True), ("live", box.clock.now(), 1, True)]


def test_what_no_pull_has_planned_yet_is_a_gap_too(box: ShopInABox):
    box.pull()

    assert rows(
        box.database, "select start_at, end_at, why from ops.window_gaps where stream = 'orders'"
    ) == [(box.platform_clock.now() - timedelta(seconds=60), None, "the next pull plans it")]
