from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from orderhub.clock import FixedClock
from orderhub.db.engine import Database
from orderhub.db.leases import hold_scope
from orderhub.db.windows import Cut, open_windows, plan_windows
from orderhub.platforms.staging import Record, stage_page

NOW = datetime(2026, 11, 20, tzinfo=UTC)
CLOCK = FixedClock(NOW)
SHOP = {"platform": "taobao", "shop_id": "tb", "stream": "orders"}


def setting_after_staging(database: Database, window_id: int | None) -> str:
    """Return how the transaction that stages one page will commit."""
    record = Record("1", None, b'{"tid":1}', "a" * 64, 0)
    with hold_scope(database, "test") as lease, database.transaction(lease) as connection:
        connection.execute(text("set local synchronous_commit = on"))
        stage_page(connection, CLOCK, **SHOP, window_id=window_id, source="page 1", records=[record])
        return str(connection.execute(text("show synchronous_commit")).scalar_one())


def test_a_page_whose_window_is_committed_after_it_need_not_wait_for_the_disk(database: Database):
    cut = Cut(since=NOW - timedelta(hours=1), live=timedelta(minutes=30), catch_up=timedelta(hours=6))
    plan_windows(database, CLOCK, **SHOP, until=NOW, cut=cut)
    window = open_windows(database, CLOCK, shop_id="tb", stream="orders", present=CLOCK.now())[0]

    assert setting_after_staging(database, window.window_id) == "off"


def test_a_file_waits_for_the_disk_since_nothing_is_committed_after_it(database: Database):
    assert setting_after_staging(database, None) == "on"
