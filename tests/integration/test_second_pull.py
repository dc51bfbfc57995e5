"""The same windows pulled twice, the second time shuffled, doubled and with an unmapped field changed."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from orderhub.config.store import apply_directory
from orderhub.db.engine import Database
from orderhub.transform.run import run_transform
from tests.builders import FILES, SHOP, rows
from tests.platforms.shop_in_a_box import SHOP_ID, ShopInABox

#: Columns that name the version, the pass or the load of a row; every other one must stay as it is.
NAMES_OF_THE_VERSION = (
    "version_id", "merge_key", "checked_version", "_pass_id", "_checked_pass_id", "_load_id", "_seen_at",
)  # fmt: skip
COUNT = "select count(*) from staging.taobao_orders"


@pytest.fixture
def box(database: Database, tmp_path: Path) -> ShopInABox:
    opened = ShopInABox(database)
    shop = SHOP.format(
        id=SHOP_ID, platform="taobao", mode="live", export_policy="token_only", on_stale="wait"
    )
    for name, content in {
        **FILES,
        "shops.yaml": f"shops:\n{shop}    connection: x\n    since_days: 2\n",
    }.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    opened.config = apply_directory(database, opened.clock, tmp_path, tmp_path / "home", "test")
    return opened


def core(database: Database) -> dict[str, list[Any]]:
    """Return every table of core, without the names of versions, as one digest per row."""
    listed = rows(database, "select tablename from pg_tables where schemaname = 'core' order by 1")
    removed = " - ".join(f"'{column}'" for column in NAMES_OF_THE_VERSION)
    return {
        table: rows(database, f"select to_jsonb(t) - {removed} as r from core.{table} t order by r")
        for (table,) in listed
    }


def test_second_pull_of_shuffled_doubled_changed_pages_leaves_core_as_it_is(box: ShopInABox, owner: Database):
    box.pull()
    run_transform(box.database, box.clock, box.config)
    before, staged = core(box.database), rows(box.database, COUNT)[0][0]
    with owner.engine.begin() as connection:
        connection.execute(text("update ops.pull_windows set state = 'open'"))
        # No staged version is certain any more: all details are read again.
        connection.execute(text("update staging.taobao_orders set fetched_at = modified_at"))
    box.gateway.behavior.noise = True
    box.gateway.behavior.duplicate_rate = 0.3

    counts = box.pull()
    run_transform(box.database, box.clock, box.config)

    assert (counts.windows_left, len(before["orders"])) == (0, staged)
    assert rows(box.database, COUNT)[0][0] > staged * 1.5
    assert core(box.database) == before


def test_change_of_a_mapped_field_is_seen(box: ShopInABox, owner: Database):
    """Negative control: the comparison above would notice a real change."""
    box.pull()
    run_transform(box.database, box.clock, box.config)
    before = core(box.database)
    box.world.touch(3, box.platform_clock.now(), SHOP_ID)
    box.pass_time(timedelta(minutes=15))

    box.pull()
    run_transform(box.database, box.clock, box.config)

    assert core(box.database) != before
