"""What a platform lists and staging lacks is found at night, read again, counted and told."""

from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from orderhub.db.engine import Database
from orderhub.platforms.backfill import Access, access_to
from orderhub.platforms.reconcile import Reconciled, reconcile_stream
from orderhub.settings import Settings
from tests.builders import rows
from tests.platforms.shop_in_a_box import DETAIL, LIST, SHOP_ID, ShopInABox, rewrite, shop_of

MAILS = "select count(*) from ops.outbox where outbox_id like 'mail:alert:missed_records:%'"
RATE = "select listed, missed, healed, missed_rate > 0 from ops.missed_orders where stream = 'orders'"
IDS = "select distinct record_id from staging.taobao_orders order by 1"


@pytest.fixture
def box(database: Database) -> ShopInABox:
    opened = ShopInABox(database, orders=800)
    opened.pull()
    return opened


def reconcile(
    box: ShopInABox, stream: str = "orders", platform: str = "taobao", shop_id: str = SHOP_ID
) -> Reconciled:
    settings = Settings(
        home=Path("unused"), database_url=SecretStr("unused"), hash_key=SecretStr("key"),
        token_key=SecretStr("unused"),
    )  # fmt: skip
    access: Access = access_to(box.database, box.clock, settings, box.config, platform, shop_id)
    client = box.client()
    try:
        return reconcile_stream(access, client, stream)
    finally:
        client.close()


def forget(owner: Database, table: str, ids: list[str]) -> None:
    with owner.engine.begin() as connection:
        for record_id in ids:
            connection.exec_driver_sql(f"delete from staging.{table} where record_id = '{record_id}'")


def test_nothing_missing_is_counted_as_nothing_and_asks_for_no_detail(box: ShopInABox):
    """Negative control: what is complete is not called incomplete."""
    staged = rows(box.database, IDS)
    box.gateway.calls.clear()

    found = reconcile(box)

    assert found == Reconciled(listed=len(staged))
    assert (box.gateway.calls[DETAIL], rows(box.database, MAILS)) == (0, [(0,)])
    assert rows(box.database, RATE) == [(len(staged), 0, 0, False)]


def test_rows_that_vanished_are_found_and_read_again(box: ShopInABox, owner: Database):
    staged = rows(box.database, IDS)
    gone = [str(record_id) for (record_id,) in staged[::10]]
    forget(owner, "taobao_orders", gone)
    box.gateway.calls.clear()

    found = reconcile(box)

    assert (found.listed, found.missing, found.healed) == (len(staged), len(gone), len(gone))
    assert (rows(box.database, IDS), box.gateway.calls[DETAIL]) == (staged, len(gone))
    assert rows(box.database, RATE) == [(len(staged), len(gone), len(gone), True)]
    assert rows(box.database, MAILS) == [(1,)]


def test_pulls_alone_would_never_read_them_again(box: ShopInABox, owner: Database):
    """Why there is a comparison at all: the windows are covered."""
    gone = [str(record_id) for (record_id,) in rows(box.database, IDS)[::10]]
    forget(owner, "taobao_orders", gone)

    box.pass_time(timedelta(minutes=15))
    box.pull()

    assert set(gone) & {record_id for (record_id,) in rows(box.database, IDS)} == set()


def test_window_that_was_called_covered_without_being_read_is_found(database: Database, owner: Database):
    box = ShopInABox(database, orders=800)
    box.gateway.faults.replace([{"kind": "lying_total", "method": LIST, "times": 0, "delta": 500}])
    box.pull()
    with owner.engine.begin() as connection:
        connection.exec_driver_sql("update ops.pull_windows set state = 'covered'")
        connection.exec_driver_sql("delete from staging.taobao_orders where modified_at < now()")
    box.gateway.faults.replace([])

    found = reconcile(box)

    due = box.truth(box.platform_clock.now() - timedelta(seconds=61))
    assert (found.missing, found.healed) == (len(due), len(due))


def test_older_version_than_listed_counts_as_missed(box: ShopInABox, owner: Database):
    one = str(rows(box.database, IDS)[3][0])
    with owner.engine.begin() as connection:
        connection.exec_driver_sql(
            f"update staging.taobao_orders set modified_at = modified_at - interval '1 hour' where record_id = '{one}'"
        )

    found = reconcile(box)

    assert (found.missing, found.missing_ids) == (1, [one])


def test_parked_record_is_known_and_not_missed(database: Database):
    box = ShopInABox(database, orders=800)
    box.gateway.faults.replace([{"kind": "error", "method": DETAIL, "id_mod": [41, 3], "times": 0}])
    parked = box.pull().parked

    found = reconcile(box)

    assert (parked > 0, found.missing) == (True, 0)


def test_row_without_a_usable_id_is_left_to_the_pull_and_the_others_are_compared(box: ShopInABox):
    staged = rows(box.database, IDS)
    spoiled = str(staged[0][0]).encode()
    rewrite(box, lambda _, content: content.replace(b'"' + spoiled + b'"', b'""'))

    found = reconcile(box)

    assert (found.listed, found.missing) == (len(staged) - 1, 0)


def test_range_that_is_not_covered_is_not_compared(box: ShopInABox, owner: Database):
    staged = len(rows(box.database, IDS))
    forget(owner, "taobao_orders", [str(record_id) for (record_id,) in rows(box.database, IDS)])
    with owner.engine.begin() as connection:
        connection.exec_driver_sql("update ops.pull_windows set state = 'open' where kind = 'gap'")

    found = reconcile(box)

    assert found.listed < staged


def test_refunds_are_compared_too(box: ShopInABox, owner: Database):
    refunds = "select distinct record_id from staging.taobao_refunds order by 1"
    one = str(rows(box.database, refunds)[0][0])
    forget(owner, "taobao_refunds", [one])

    found = reconcile(box, "refunds")

    assert (found.missing, found.healed, found.missing_ids) == (1, 1, [one])


def test_planning_sees_nothing_of_it(box: ShopInABox, owner: Database):
    planned = "select count(*), min(start_at), max(end_at) from ops.pull_windows where kind <> 'requested'"
    before = rows(box.database, planned)
    forget(owner, "taobao_orders", [str(rows(box.database, IDS)[0][0])])

    reconcile(box)

    assert rows(box.database, planned) == before


@pytest.mark.parametrize("stream", ["notes", "judged_applications"])
def test_list_that_has_times_of_its_own_misses_nothing_that_was_read_since(database: Database, stream: str):
    """A note does not move its order's `modified`: the order that was read later holds it."""
    box = ShopInABox(database, orders=300, platform="jd")
    box.pull()

    found = reconcile(box, stream, "jd", shop_of("jd"))

    assert found.listed > 0
    assert found == Reconciled(listed=found.listed)


def test_record_of_another_list_that_was_read_before_it_changed_is_missed(
    database: Database, owner: Database
):
    """Negative control."""
    box = ShopInABox(database, orders=300, platform="jd")
    box.pull()
    with owner.engine.begin() as connection:
        connection.exec_driver_sql("update staging.jd_orders set fetched_at = fetched_at - interval '9 days'")

    found = reconcile(box, "notes", "jd", shop_of("jd"))

    assert found.missing == found.listed > 0
