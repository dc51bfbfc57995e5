"""What a start does with the merchant's files: apply good ones, keep the last good version, refuse the first bad."""

import io
import shutil
from pathlib import Path

import pytest

from orderhub import paths
from orderhub.clock import SystemClock
from orderhub.config.store import load_active
from orderhub.db.engine import Database
from orderhub.errors import ConfigError
from orderhub.operate.setup import activate
from orderhub.operate.voice import Voice
from orderhub.settings import Settings
from tests.builders import rows

ALERTS = (
    "select closed_at is not null from ops.alerts where rule_id = 'refused_configuration' order by alert_id"
)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    directory = tmp_path / "config"
    shutil.copytree(paths.shipped_config_directory(), directory)
    return Settings(
        home=tmp_path / "home", config=directory, database_url="postgresql://unused", hash_key="key"
    )


def break_routing(settings: Settings) -> None:
    file = settings.config / "routing.yaml"
    file.write_text(
        file.read_text(encoding="utf-8").replace("warehouses: [hangzhou", "warehouse: [hangzhou", 1),
        encoding="utf-8",
    )


def test_a_broken_file_at_the_first_start_is_refused_with_line_key_and_nearest(
    database: Database, settings: Settings
):
    break_routing(settings)

    with pytest.raises(
        ConfigError,
        match=r"routing\.yaml:\d+: rules\.0\.warehouse is not a known key; did you mean 'warehouses'",
    ):
        activate(database, SystemClock(), settings, Voice("en", io.StringIO()))


def test_a_broken_file_later_keeps_the_last_good_version_and_is_one_alert(
    database: Database, settings: Settings
):
    screen = io.StringIO()
    activate(database, SystemClock(), settings, Voice("en", screen))
    good = load_active(database).version
    break_routing(settings)

    activate(database, SystemClock(), settings, Voice("en", screen))
    activate(database, SystemClock(), settings, Voice("en", screen))

    [(mail,)] = rows(database, "select payload ->> 'text' from ops.outbox where target = 'mail'")
    assert good == load_active(database).version
    assert "没有 rules.0.warehouse 这个键;是不是 'warehouses'?" in mail
    assert f"version {good[:12]} stays active" in screen.getvalue()


def test_a_refusal_is_open_until_the_files_are_accepted(database: Database, settings: Settings):
    routing = settings.config / "routing.yaml"
    good = routing.read_text(encoding="utf-8")
    voice = Voice("en", io.StringIO())
    activate(database, SystemClock(), settings, voice)
    break_routing(settings)
    activate(database, SystemClock(), settings, voice)
    routing.write_text("rules: 7\n", encoding="utf-8")
    activate(database, SystemClock(), settings, voice)
    refused = rows(database, ALERTS)

    routing.write_text(good, encoding="utf-8")
    activate(database, SystemClock(), settings, voice)

    assert [True, False] == [is_closed for (is_closed,) in refused]
    assert [(True,), (True,)] == rows(database, ALERTS)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        (
            "platforms/taobao/fields.csv",
            "record,field,path,converter\norder,platform_order_id,tid,text\norder,modified_at,modified,tyme@Asia/Shanghai\n",
            "platforms/taobao/fields.csv:3: converter",
        ),
        ("expectations/orders.json", '{"name": "orders"}', "expectations/orders.json"),
    ],
)
def test_a_broken_field_map_or_suite_is_refused_before_it_is_active(
    database: Database, settings: Settings, name: str, content: str, said: str
):
    file = settings.config / name
    file.parent.mkdir(parents=True)
    file.write_text(content, encoding="utf-8")

    with pytest.raises(ConfigError, match=said):
        activate(database, SystemClock(), settings, Voice("en", io.StringIO()))
