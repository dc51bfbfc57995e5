import pytest

from orderhub.domain.routing import Destination, NoRule, Rule, RuleTable

REGIONS = {
    "jiangzhehu": [("江苏省", ""), ("浙江省", ""), ("上海市", "")],
    "remote": [("新疆维吾尔自治区", ""), ("西藏自治区", "")],
    "yiwu_town": [("浙江省", "金华市")],
}


def rule(rule_id: str, regions=(), platforms=(), shops=(), warehouses=("hangzhou",)) -> Rule:
    return Rule(rule_id, frozenset(regions), frozenset(platforms), frozenset(shops), warehouses)


EAST = rule("jiangzhehu", regions=["jiangzhehu"], warehouses=("hangzhou", "yiwu"))
REMOTE = rule("remote", regions=["remote"], warehouses=("yiwu", "hangzhou"))
ELSEWHERE = rule("elsewhere")
TABLE = RuleTable([EAST, REMOTE, ELSEWHERE], REGIONS)


def to(
    province: str | None, city: str | None = None, platform: str = "taobao", shop: str = "tb"
) -> Destination:
    return Destination(province, city, platform, shop)


@pytest.mark.parametrize("province", ["江苏省", "浙江省", "上海市"])
def test_jiangsu_zhejiang_and_shanghai_fall_under_hangzhous_rule(province: str):
    assert TABLE.match(to(province)) == EAST


@pytest.mark.parametrize("province", ["新疆维吾尔自治区", "西藏自治区"])
def test_remote_order_falls_under_yiwus_rule(province: str):
    assert TABLE.match(to(province)) == REMOTE


def test_any_other_region_falls_under_the_rule_without_condition():
    assert TABLE.match(to("广东省", "广州市")) == ELSEWHERE


def test_the_first_rule_that_holds_decides():
    town = rule("yiwu_town", regions=["yiwu_town"])

    assert RuleTable([town, EAST], REGIONS).match(to("浙江省", "金华市")) == town
    assert RuleTable([EAST, town], REGIONS).match(to("浙江省", "金华市")) == EAST


def test_a_city_rule_holds_for_that_city_only():
    town = rule("yiwu_town", regions=["yiwu_town"])

    assert RuleTable([town, EAST], REGIONS).match(to("浙江省", "杭州市")) == EAST


def test_an_unknown_region_is_never_guessed():
    assert TABLE.match(to(None)) == NoRule.REGION_UNKNOWN


def test_an_unknown_region_does_not_matter_before_the_first_rule_that_needs_it():
    own_shop = rule("own_shop", shops=["own"])

    assert RuleTable([own_shop, EAST, ELSEWHERE], REGIONS).match(to(None, shop="own")) == own_shop


def test_all_parts_of_a_condition_must_hold():
    both = rule("both", regions=["jiangzhehu"], platforms=["jd"])

    assert RuleTable([both, ELSEWHERE], REGIONS).match(to("江苏省", platform="taobao")) == ELSEWHERE
    assert RuleTable([both, ELSEWHERE], REGIONS).match(to("江苏省", platform="jd")) == both


def test_no_rule_that_holds_says_so():
    assert RuleTable([EAST], REGIONS).match(to("广东省")) == NoRule.NONE_HOLDS
