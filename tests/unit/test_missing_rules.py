"""A merchant's own suite file that lacks checks of a newer version says so, until it has them or wants none."""

import json
from typing import Any

import pytest

from orderhub.config.models import MerchantConfig
from orderhub.config.parse import parse_config
from orderhub.errors import ConfigError
from orderhub.paths import expectations_directory
from orderhub.quality.missing_rules import missing_rules, suite_warnings
from orderhub.quality.other_holds import care_warnings
from orderhub.quality.suites import load_suites
from tests.builders import FILES, shops_file

SHIPPED: dict[str, Any] = json.loads(
    (expectations_directory() / "order_lines.json").read_text(encoding="utf-8")
)
LINES_ID, OTHER_ID = (SHIPPED["expectations"][number]["meta"]["id"] for number in (0, 1))


def merchant(**meta: object) -> MerchantConfig:
    """A merchant whose order_lines.json is the shipped one without its first two checks."""
    own = {**SHIPPED, "expectations": SHIPPED["expectations"][2:], "meta": {**SHIPPED["meta"], **meta}}
    return parse_config(
        {**FILES, "shops.yaml": shops_file(), "expectations/order_lines.json": json.dumps(own)}
    )


def test_checks_that_the_merchants_file_lacks_are_named_with_the_file() -> None:
    assert missing_rules(merchant()) == {"order_lines.json": sorted((LINES_ID, OTHER_ID))}


def test_the_warning_says_what_to_do() -> None:
    (said,) = suite_warnings(merchant(switched_off=[OTHER_ID]))

    assert (LINES_ID in said, OTHER_ID in said, "meta.switched_off" in said) == (True, False, True)


def test_checks_that_are_switched_off_are_not_missed() -> None:
    assert missing_rules(merchant(switched_off=[LINES_ID, OTHER_ID])) == {}


def test_a_merchant_without_own_checks_misses_none() -> None:
    assert suite_warnings(parse_config({**FILES, "shops.yaml": shops_file()})) == []


@pytest.mark.parametrize("given", ["sku_not_mapped", [1], {"a": "b"}])
def test_what_is_switched_off_is_a_list_of_ids(given: object) -> None:
    with pytest.raises(ConfigError, match=r"order_lines\.json: meta\.switched_off must list ids"):
        load_suites(merchant(switched_off=given))


def test_a_rule_of_holds_yaml_that_holds_nothing_is_warned_of_with_the_nearest() -> None:
    rules = "rules: [{rule: sku_not_maped, owner: 运营}, {rule: no_carrier, owner: 仓库}, {rule: vague_address, owner: 客服}]"
    config = parse_config({**FILES, "shops.yaml": shops_file(), "holds.yaml": rules})

    [said] = care_warnings(config)

    assert "holds.yaml: rule 'sku_not_maped' 没有这条规则" in said
    assert "did you mean 'sku_not_mapped'?" in said
