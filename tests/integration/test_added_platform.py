"""A platform that was just added has no tables yet: it waits, told once, and everything else goes on."""

import os
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from orderhub import paths
from orderhub.alerts.watch import look_around
from orderhub.clock import FixedClock
from orderhub.config.models import MerchantConfig
from orderhub.config.store import apply_directory
from orderhub.db.engine import Database
from orderhub.db.migrations import check_version, migrate
from orderhub.errors import ConfigError, ShopError
from orderhub.operate.explain import explain
from orderhub.platforms.backfill import access_to
from orderhub.platforms.pull import pull
from orderhub.platforms.spec import load_platform
from orderhub.settings import Settings
from orderhub.transform.mapping_diff import diff_mapping
from orderhub.transform.run import run_transform
from tests.builders import FILES, rows, shops_file
from tests.integration.test_drop_folder import HEADER, ROW
from tests.transform.payloads import NOW, stage, trade

WAITS = (
    r"^platform corner_shop: the database lacks staging\.corner_shop_orders; run `\./hub migrate`, "
    "and it goes on by itself$"
)
ALERTS = (
    "select subject, text_en, closed_at is null from ops.alerts where rule_id = 'platform_without_tables'"
)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture(autouse=True)
def _added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder `corner_shop` stands beside those of the shipped platforms; its orders come as files."""
    folder = tmp_path / "platforms"
    shutil.copytree(paths.platforms_directory(), folder)
    shutil.copytree(folder / "spreadsheet", folder / "corner_shop")
    spec = folder / "corner_shop" / "platform.yaml"
    spec.write_text(
        spec.read_text(encoding="utf-8").replace("name: spreadsheet", "name: corner_shop"), encoding="utf-8"
    )
    monkeypatch.setattr(paths, "platforms_directory", lambda: folder)


@pytest.fixture
def settings(tmp_path: Path, clock: FixedClock) -> Settings:
    """The home of a hub in whose drop folder a file of the shop `corner` lies."""
    settings = Settings(
        home=tmp_path / "home", database_url=SecretStr("unused"), hash_key=SecretStr("test key")
    )
    file = settings.drop / "corner" / "march.csv"
    file.parent.mkdir(parents=True)
    file.write_text(f"{HEADER}\n{ROW}\n", encoding="utf-8")
    written = (clock.now() - timedelta(minutes=1)).timestamp()
    os.utime(file, (written, written))
    return settings


@pytest.fixture
def config(database: Database, clock: FixedClock, tmp_path: Path) -> MerchantConfig:
    folder = tmp_path / "config"
    folder.mkdir()
    files = {**FILES, "shops.yaml": shops_file(others=[("corner", "corner_shop")])}
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return apply_directory(database, clock, folder, tmp_path, "test")


def take(database: Database, clock: FixedClock, settings: Settings, config: MerchantConfig) -> dict[str, Any]:
    return pull(database, clock, settings, config, "corner_shop", "corner")


def test_orders_of_the_other_platforms_go_on(database: Database, clock: FixedClock, config: MerchantConfig):
    stage(database, [trade("1")], "tb")

    check_version(database)
    counts = run_transform(database, clock, config)

    assert (counts.orders_changed, counts.skipped_platforms) == (1, {})


def test_it_is_not_pulled_and_its_sentence_says_what_to_run(
    database: Database, clock: FixedClock, settings: Settings, config: MerchantConfig
):
    with pytest.raises(ShopError, match=WAITS):
        take(database, clock, settings, config)

    assert [file.name for file in (settings.drop / "corner").iterdir()] == ["march.csv"]


def test_it_is_told_once_and_goes_on_by_itself_after_migrate(
    owner: Database, database: Database, clock: FixedClock, settings: Settings, config: MerchantConfig
):
    told = [look_around(database, clock, config).platforms for _ in range(2)]
    open_alerts = rows(database, ALERTS)

    migrate(owner, clock)
    taken = take(database, clock, settings, config)
    look_around(database, clock, config)

    [(subject, text, is_open)] = open_alerts
    assert (told, subject, is_open) == ([1, 0], "corner_shop", True)
    assert "run `./hub migrate`" in text
    assert taken["orders_staged"] == 1
    assert rows(database, ALERTS) == [(subject, text, False)]


def test_an_order_that_nobody_knows_is_still_named_as_such(database: Database, config: MerchantConfig):
    with pytest.raises(ConfigError, match="no order 'tb/9'"):
        explain(database, "tb/9")


def test_what_reads_its_payloads_says_the_same_sentence(
    database: Database, clock: FixedClock, settings: Settings, config: MerchantConfig
):
    with pytest.raises(ShopError, match=WAITS):
        diff_mapping(database, config, "corner_shop", load_platform("corner_shop").field_map.source)
    with pytest.raises(ShopError, match=WAITS):
        access_to(database, clock, settings, config, "corner_shop", "corner")
