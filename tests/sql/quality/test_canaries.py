"""A suite judges only once its known-bad rows are caught and its known-good rows pass."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from orderhub.config.checks import Memo
from orderhub.config.models import MerchantConfig
from orderhub.db.engine import Database
from orderhub.errors import ConfigError
from orderhub.paths import expectations_directory
from orderhub.quality.active import active_suites, suites_in_force
from orderhub.quality.canaries import refuse_dead_canaries, refuse_patterns
from orderhub.quality.suites import Suites, load_suites, parse_suites
from tests.sql.quality.arrangement import Hub, open_hub

OPEN_ALERTS = "select rule_id from ops.alerts where closed_at is null"


@pytest.fixture
def hub(database: Database) -> Hub:
    return open_hub(database)


def shipped(name: str = "orders.json") -> Any:
    return json.loads((expectations_directory() / name).read_text(encoding="utf-8"))


def changed(rule_id: str, kwargs: Mapping[str, Any]) -> str:
    """The shipped suite of orders with other arguments of one check."""
    suite = shipped()
    [check] = [each for each in suite["expectations"] if each["meta"]["id"] == rule_id]
    check["kwargs"] |= kwargs
    return json.dumps(suite)


def with_suite(config: MerchantConfig, text: str) -> MerchantConfig:
    return config.model_copy(update={"suites": {"orders.json": text}})


def try_out(hub: Hub, suites: Suites) -> None:
    with hub.write() as connection:
        refuse_dead_canaries(connection, suites)


def used(hub: Hub, config: MerchantConfig) -> str:
    with hub.write() as connection:
        return active_suites(connection, hub.clock, config).version


def test_the_shipped_suites_catch_what_they_must(hub: Hub) -> None:
    try_out(hub, load_suites(hub.config))


def test_every_shipped_check_of_a_row_has_both_canaries() -> None:
    checks = [
        each
        for file in expectations_directory().glob("*.json")
        for each in shipped(file.name)["expectations"]
        if "query_file" not in each["meta"]
    ]

    assert [c["meta"]["id"] for c in checks if set(c["meta"].get("canary", {})) != {"bad", "good"}] == []


@pytest.mark.parametrize(
    ("rule_id", "kwargs", "said"),
    [
        ("amount_mismatch", {"min_value": -1000}, "expectation amount_mismatch: its known-bad row"),
        ("amount_mismatch", {"max_value": 0}, "expectation amount_mismatch: its known-good row"),
        ("vague_address", {"value_set": ["ok", "too_short"]}, "vague_address: its known-bad row"),
        ("vague_address", {"value_set": ["fine"]}, "vague_address: its known-good row"),
        ("wrong_currency", {"column_B": "currency"}, "wrong_currency: its known-bad row"),
    ],
)
def test_a_suite_that_passes_the_bad_or_fails_the_good_is_refused(
    hub: Hub, rule_id: str, kwargs: dict[str, Any], said: str
) -> None:
    suites = parse_suites({"orders.json": changed(rule_id, kwargs)}, load_queries())

    with pytest.raises(ConfigError, match=said):
        try_out(hub, suites)


def load_queries() -> dict[str, str]:
    folder = expectations_directory() / "queries"
    return {file.name: file.read_text(encoding="utf-8") for file in folder.glob("*.sql")}


def test_a_pattern_that_only_python_understands_is_refused(hub: Hub) -> None:
    memo = Memo(hold=("(?P<word>改地址)",), invoice=("发票",), no_ship=("刷单",))

    with pytest.raises(ConfigError, match=r"checks.yaml: memo.hold: "), hub.write() as connection:
        refuse_patterns(connection, memo)


def test_a_broken_suite_leaves_the_last_good_one_and_is_told_once(hub: Hub) -> None:
    good = used(hub, hub.config)
    broken = with_suite(hub.config, changed("amount_mismatch", {"min_value": -1000}))

    kept = [used(hub, broken), used(hub, broken)]

    assert kept == [good, good]
    assert hub.rows(OPEN_ALERTS) == [("broken_suite",)]
    assert suites_in_force(hub.database, broken).version == good


def test_the_alert_ends_when_the_suite_is_mended(hub: Hub) -> None:
    used(hub, hub.config)
    used(hub, with_suite(hub.config, "{"))
    mended = with_suite(hub.config, json.dumps(shipped(), indent=1))

    version = used(hub, mended)

    assert version == load_suites(mended).version
    assert hub.rows(OPEN_ALERTS) == []


def test_the_alert_ends_when_the_last_good_suite_is_put_back(hub: Hub) -> None:
    used(hub, hub.config)
    used(hub, with_suite(hub.config, "{"))

    used(hub, hub.config)

    assert hub.rows(OPEN_ALERTS) == []


def test_a_broken_suite_without_a_good_one_before_it_stops(hub: Hub) -> None:
    with pytest.raises(ConfigError, match="not JSON"):
        used(hub, with_suite(hub.config, "{"))


def test_canaries_run_once_per_set_of_files(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    first = used(hub, hub.config)
    monkeypatch.setattr("orderhub.quality.active.refuse_dead_canaries", None)

    assert used(hub, hub.config) == first
    assert hub.rows("select count(*) from ops.suite_versions") == [(1,)]
