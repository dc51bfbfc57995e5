from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderhub.domain.conditions import (
    Between,
    Fact,
    Goods,
    HasAny,
    LiesIn,
    OneOf,
    OrderFacts,
    SalePeriod,
    Test,
)
from orderhub.domain.routing import Match, NoMatch, Rule, RuleTable

EAST_OF_CHINA = frozenset({("江苏省", ""), ("浙江省", ""), ("上海市", "")})
REMOTE_AREAS = frozenset({("新疆维吾尔自治区", ""), ("西藏自治区", "")})
PAID = datetime(2026, 11, 11, 4, tzinfo=UTC)
GOODS = {
    "MUG": Goods(400, frozenset({"易碎"})),
    "TEA": Goods(200),
    "SOFA": Goods(30_000, frozenset({"大件"})),
}
SALES = [SalePeriod("double11", PAID - timedelta(hours=1), PAID + timedelta(hours=1), mark="D11")]


def rule(rule_id: str, *tests: Test, warehouses=("hangzhou",)) -> Rule:
    return Rule(rule_id, tests, warehouses)


def order(province: str | None = "广东省", city: str | None = None, **facts) -> OrderFacts:
    known = {"platform": "taobao", "shop_id": "tb", "needs": {"MUG": 1}, **facts}
    return OrderFacts(province, city, **known)


EAST = rule("jiangzhehu", LiesIn(EAST_OF_CHINA), warehouses=("hangzhou", "yiwu"))
REMOTE = rule("remote", LiesIn(REMOTE_AREAS), warehouses=("yiwu", "hangzhou"))
ELSEWHERE = rule("elsewhere")
TABLE = RuleTable([EAST, REMOTE, ELSEWHERE])


def decided(table: RuleTable, facts: OrderFacts) -> Rule | NoMatch:
    match = table.match(facts)
    return match.rule if isinstance(match, Match) else match


def holds(test: Test, **facts) -> bool | NoMatch:
    """Whether the only rule of a table holds; why not, when something is not known."""
    match = RuleTable([rule("only", test)], GOODS, SALES).match(order(**facts))
    return isinstance(match, Match) if isinstance(match, Match) or match.unknown is None else match


@pytest.mark.parametrize("province", ["江苏省", "浙江省", "上海市"])
def test_jiangsu_zhejiang_and_shanghai_fall_under_hangzhous_rule(province: str):
    assert decided(TABLE, order(province)) == EAST


@pytest.mark.parametrize("province", ["新疆维吾尔自治区", "西藏自治区"])
def test_remote_order_falls_under_yiwus_rule(province: str):
    assert decided(TABLE, order(province)) == REMOTE


def test_any_other_region_falls_under_the_rule_without_condition():
    assert decided(TABLE, order("广东省", "广州市")) == ELSEWHERE


def test_the_first_rule_that_holds_decides():
    town = rule("town", LiesIn(frozenset({("浙江省", "金华市")})))

    assert decided(RuleTable([town, EAST]), order("浙江省", "金华市")) == town
    assert decided(RuleTable([EAST, town]), order("浙江省", "金华市")) == EAST


@pytest.mark.parametrize(
    ("city", "expected"), [("金华市", True), ("杭州市", False), (None, False)]
)  # fmt: skip
@pytest.mark.parametrize(
    "test", [LiesIn(frozenset({("浙江省", "金华市")})), LiesIn(cities=frozenset({"金华市"}))]
)
def test_a_city_rule_holds_for_that_city_only(test: Test, city: str | None, expected: object):
    assert holds(test, province="浙江省", city=city) == expected


def test_an_unknown_region_is_never_guessed():
    assert decided(TABLE, order(None)) == NoMatch("jiangzhehu", Fact.PLACE)


def test_an_unknown_region_does_not_matter_before_the_first_rule_that_needs_it():
    own_shop = rule("own_shop", OneOf(Fact.SHOP, frozenset({"own"})))

    assert decided(RuleTable([own_shop, EAST, ELSEWHERE]), order(None, shop_id="own")) == own_shop


def test_an_unknown_region_does_not_matter_to_a_rule_that_another_part_rules_out():
    own_east = rule("own_east", LiesIn(EAST_OF_CHINA), OneOf(Fact.SHOP, frozenset({"own"})))

    assert decided(RuleTable([own_east, ELSEWHERE]), order(None)) == ELSEWHERE


def test_all_parts_of_a_condition_must_hold():
    both = rule("both", LiesIn(EAST_OF_CHINA), OneOf(Fact.PLATFORM, frozenset({"jd"})))

    assert decided(RuleTable([both, ELSEWHERE]), order("江苏省", platform="taobao")) == ELSEWHERE
    assert decided(RuleTable([both, ELSEWHERE]), order("江苏省", platform="jd")) == both


def test_no_rule_that_holds_says_so():
    assert decided(RuleTable([EAST]), order("广东省")) == NoMatch()


@pytest.mark.parametrize(
    ("test", "facts", "expected"),
    [
        (HasAny(Fact.SKU, frozenset({"SOFA"})), {"needs": {"MUG": 1, "SOFA": 1}}, True),
        (HasAny(Fact.SKU, frozenset({"SOFA"})), {"needs": {"MUG": 1}}, False),
        (HasAny(Fact.TAG, frozenset({"易碎"})), {"needs": {"TEA": 9, "MUG": 1}}, True),
        (HasAny(Fact.TAG, frozenset({"易碎"})), {"needs": {"TEA": 9, "NEW": 1}}, False),
        (HasAny(Fact.PROMOTION, frozenset({"double11"})), {"paid_at": PAID, "promotion_mark": "D11-A"}, True),
        (HasAny(Fact.PROMOTION, frozenset({"double11"})), {"paid_at": PAID, "promotion_mark": None}, False),
        (HasAny(Fact.PROMOTION, frozenset({"double11"})), {"paid_at": PAID + timedelta(hours=1), "promotion_mark": "D11"}, False),
        (HasAny(Fact.PROMOTION, frozenset({"double11"})), {}, NoMatch("only", Fact.PROMOTION)),
        (OneOf(Fact.TIER, frozenset({"gold"})), {"tier": "gold"}, True),
        (OneOf(Fact.TIER, frozenset({"gold"})), {"tier": ""}, False),
        (OneOf(Fact.TIER, frozenset({"gold"})), {"tier": None}, NoMatch("only", Fact.TIER)),
        (Between(Fact.AMOUNT, 9900, 20_000), {"paid_fen": 9900}, True),
        (Between(Fact.AMOUNT, 9900, 20_000), {"paid_fen": 9899}, False),
        (Between(Fact.AMOUNT, 9900, 20_000), {"paid_fen": 20_000}, False),
        (Between(Fact.AMOUNT, 9900), {"paid_fen": None}, NoMatch("only", Fact.AMOUNT)),
        (Between(Fact.WEIGHT, least=1000), {"needs": {"MUG": 2, "TEA": 1}}, True),
        (Between(Fact.WEIGHT, least=1001), {"needs": {"MUG": 2, "TEA": 1}}, False),
        (Between(Fact.WEIGHT, least=1), {"needs": {"MUG": 2, "NEW": 1}}, NoMatch("only", Fact.WEIGHT)),
        (Between(Fact.PIECES, 3, 5), {"needs": {"MUG": 2, "TEA": 2}}, True),
        (Between(Fact.PIECES, 3, 5), {"needs": {"MUG": 2, "TEA": 3}}, False),
        (Between(Fact.PAID_AT, PAID, None), {"paid_at": PAID}, True),
        (Between(Fact.PAID_AT, None, PAID), {"paid_at": PAID}, False),
        (Between(Fact.PAID_AT, PAID, None), {"paid_at": None}, NoMatch("only", Fact.PAID_AT)),
    ],
)  # fmt: skip
def test_every_condition_holds_does_not_hold_or_is_not_known(test: Test, facts: dict, expected: object):
    assert expected == holds(test, **facts)


def test_a_decision_names_the_facts_that_its_rule_asked_and_no_others():
    dear = rule("dear", Between(Fact.AMOUNT, least=9900), HasAny(Fact.SKU, frozenset({"SOFA"})))

    match = RuleTable([dear, EAST], GOODS).match(
        order("浙江省", needs={"SOFA": 1, "MUG": 2}, paid_fen=12_345)
    )

    assert isinstance(match, Match)
    assert {Fact.AMOUNT: 12_345, Fact.SKU: frozenset({"SOFA"})} == dict(match.facts)


numbers = st.integers(0, 12)
bounds = st.tuples(st.none() | numbers, st.none() | numbers)


@given(st.lists(bounds, min_size=1, max_size=5), st.lists(st.none() | numbers, max_size=30))
def test_answers_that_are_remembered_are_those_of_a_fresh_table(ranges, amounts):
    rules = [rule(f"r{n}", Between(Fact.AMOUNT, *given)) for n, given in enumerate(ranges)]
    remembering = RuleTable(rules)

    remembered = [decided(remembering, order(paid_fen=amount)) for amount in amounts]

    assert [decided(RuleTable(rules), order(paid_fen=amount)) for amount in amounts] == remembered
