from pathlib import Path

import pytest

from orderhub.config.models import MerchantConfig
from orderhub.config.store import apply_directory
from orderhub.db.engine import Database
from tests.builders import FILES, shops_file
from tests.transform.payloads import StoppedClock

MAPPINGS = "mapping_id,shop_id,platform_sku,sku_id\nm1,*,ts-001-blk-m,SKU-TS001\n"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """The merchant's files: one shop `tb` on Taobao, one mapping."""
    folder = tmp_path / "config"
    folder.mkdir()
    for name, text in {**FILES, "shops.yaml": shops_file(), "sku_mappings.csv": MAPPINGS}.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def config(database: Database, directory: Path) -> MerchantConfig:
    """The applied configuration of `directory`."""
    return apply_directory(database, StoppedClock(), directory, directory.parent, "test")
