from pathlib import Path

import pytest

from orderhub.clock import FixedClock
from orderhub.config.models import MerchantConfig
from orderhub.config.store import (
    apply_directory,
    check_directory,
    directory_version,
    export_active,
    load_active,
)
from orderhub.db.engine import Database
from orderhub.errors import AlreadyDone, ConfigError
from tests.builders import FILES, NOON, rows, shops_file

CLOCK = FixedClock(NOON)
ACTIVE = "select config_version from ops.config_versions where is_active"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return written(tmp_path / "config")


def written(directory: Path, **changes: str) -> Path:
    directory.mkdir(exist_ok=True)
    for name, text in {**FILES, "shops.yaml": shops_file(), **changes}.items():
        (directory / name).write_text(text, encoding="utf-8")
    return directory


def apply(database: Database, directory: Path, home: str = "home", *, force: bool = False) -> MerchantConfig:
    return apply_directory(database, CLOCK, directory, directory.parent / home, "li", force=force)


def add_mapping(directory: Path) -> None:
    file = directory / "sku_mappings.csv"
    file.write_text(file.read_text(encoding="utf-8") + "m1,tb,ts-1,SKU-1\n", encoding="utf-8")


def test_applied_files_are_active_and_readable_by_sql(database: Database, directory: Path):
    add_mapping(directory)

    config = apply(database, directory)

    assert load_active(database) == config == check_directory(directory)
    assert rows(database, "select * from core.sku_mappings") == [("m1", "tb", "TS-1", "SKU-1")]
    assert rows(database, "select shop_id, platform from core.shops order by 1") == [
        ("group", "spreadsheet"),
        ("tb", "taobao"),
    ]
    assert rows(database, "select actor, action, subject_id from ops.audit") == [
        ("li", "apply", config.version)
    ]


def test_no_configuration_says_what_to_run(database: Database, tmp_path: Path):
    with pytest.raises(ConfigError, match=r"no configuration is active; run `\./hub config apply`"):
        load_active(database)
    with pytest.raises(ConfigError, match="there is nothing to export"):
        export_active(database, tmp_path, tmp_path)


def test_same_files_again_change_nothing(database: Database, directory: Path):
    version = apply(database, directory).version

    with pytest.raises(AlreadyDone):
        apply(database, directory)

    assert rows(database, ACTIVE) == [(version,)]
    assert rows(database, "select count(*) from ops.audit") == [(1,)]


def test_edited_files_replace_the_version_they_came_from(database: Database, directory: Path):
    first = apply(database, directory).version
    add_mapping(directory)

    second = apply(database, directory).version

    assert rows(database, ACTIVE) == [(second,)]
    assert rows(
        database, f"select derived_from from ops.config_versions where config_version = '{second}'"
    ) == [(first,)]


def test_files_that_do_not_know_the_active_version_are_refused(database: Database, directory: Path):
    version = apply(database, directory).version
    add_mapping(directory)

    with pytest.raises(
        ConfigError, match=f"the active configuration {version[:12]} was not derived from these files"
    ):
        apply(database, directory, home="another-home")

    assert rows(database, ACTIVE) == [(version,)]


def test_force_overrules(database: Database, directory: Path):
    apply(database, directory)
    add_mapping(directory)

    version = apply(database, directory, home="another-home", force=True).version

    assert rows(database, ACTIVE) == [(version,)]


def test_return_to_an_old_version_makes_it_active_again(database: Database, directory: Path):
    first = apply(database, directory).version
    add_mapping(directory)
    apply(database, directory)
    written(directory)

    apply(database, directory)

    assert rows(database, ACTIVE) == [(first,)]
    assert rows(database, "select * from core.sku_mappings") == []


def test_broken_files_leave_the_last_good_version(database: Database, directory: Path):
    good = apply(database, directory)
    (directory / "routing.yaml").write_text("rules: []\n", encoding="utf-8")

    with pytest.raises(ConfigError, match=r"^routing\.yaml:1: rules: "):
        apply(database, directory)

    assert load_active(database) == good


def test_shop_on_an_unknown_platform_is_refused(database: Database, directory: Path):
    written(directory, **{"shops.yaml": shops_file(others=(("x", "taobo"),))})

    with pytest.raises(
        ConfigError, match=r"shops\.yaml: shop x: platform 'taobo' does not exist; did you mean 'taobao'\?"
    ):
        apply(database, directory)


def test_export_gives_back_the_same_files(database: Database, directory: Path, tmp_path: Path):
    own = directory / "platforms" / "taobao"
    own.mkdir(parents=True)
    (own / "fields.csv").write_text("record,field,path,converter\n", encoding="utf-8")
    version = apply(database, directory).version

    exported = tmp_path / "exported"
    assert export_active(database, exported, tmp_path / "other-home") == version

    assert directory_version(exported) == version
    add_mapping(exported)
    assert apply(database, exported, home="other-home").version == directory_version(exported)
