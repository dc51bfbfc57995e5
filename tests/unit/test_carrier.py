"""Which carrier takes a parcel: what must be, what was asked for, then rules, cost and shares."""

from collections import Counter
from dataclasses import replace

import pytest

from orderhub.domain.carrier import Carrier, CarrierRule, CarrierTable, Consignment, Tariff
from orderhub.domain.carrier_wishes import Wishes, WishReader

XINJIANG = frozenset({("新疆维吾尔自治区", "")})
HANGZHOU = frozenset({("浙江省", "杭州市")})
CHEAP = Tariff(None, 1000, 300, 1000, 100)
DEAR = Tariff(None, 1000, 1800, 1000, 700)
ZTO = Carrier("zto", spares=XINJIANG, tariffs=(CHEAP,), codes={"taobao": "ZTO"}, most_g=30_000)
SF = Carrier(
    "sf", tariffs=(DEAR,), capabilities=frozenset({"cod", "fragile", "home_delivery"}), codes={"taobao": "SF"}
)
POST = Carrier(
    "post", tariffs=(Tariff(XINJIANG, 1000, 900, 1000, 500), DEAR), capabilities=frozenset({"cod"})
)
REMOTE = CarrierRule("remote", ("post",), places=XINJIANG)
NEEDS = {"易碎": "fragile"}
PARCEL = Consignment("浙江省", "杭州市", "taobao", "tb", "hangzhou", 800, 10_000)


def looked(parcel: Consignment, *rules: CarrierRule) -> list[tuple[str, str]]:
    """Return the carriers in the order in which they are tried, and what keeps each from it."""
    table = CarrierTable([ZTO, SF, POST], rules, NEEDS)
    return [(look.carrier_id, look.why) for look in table.rank(parcel, table.rule_of(parcel)).looks]


def first(parcel: Consignment, *rules: CarrierRule) -> str:
    return looked(parcel, *rules)[0][0]


@pytest.mark.parametrize("weight_g, fen", [(1, 300), (1000, 300), (1001, 400), (2000, 400), (2001, 500)])
def test_begun_continued_weight_is_charged_whole(weight_g: int, fen: int):
    assert fen == CHEAP.fee(weight_g)


def test_the_cheapest_goes_first_without_a_rule():
    assert [("zto", ""), ("sf", ""), ("post", "")] == looked(PARCEL)


def test_xinjiang_goes_by_post_first_and_by_those_who_serve_it():
    parcel = replace(PARCEL, province="新疆维吾尔自治区", city="伊犁哈萨克自治州")

    assert [("post", ""), ("sf", ""), ("zto", "not_served")] == looked(parcel, REMOTE)


def test_transit_order_goes_by_the_depots_address_and_not_by_post():
    parcel = replace(PARCEL, province="陕西省", city="西安市", services=("transit",))

    assert "zto" == first(parcel, REMOTE)


def test_the_platforms_carrier_stands_above_cost_rules_and_wishes():
    parcel = replace(PARCEL, required=("SF",), asked=frozenset({"zto"}))

    assert [("sf", ""), ("zto", "not_required"), ("post", "not_required")] == looked(parcel)


def test_a_carrier_that_the_platform_wants_and_nobody_is_leaves_nobody():
    assert {"not_required"} == {why for _, why in looked(replace(PARCEL, required=("STO",)))}


@pytest.mark.parametrize(
    "changes, lacking",
    [
        ({"services": ("home_delivery",)}, "home_delivery"),
        ({"is_cod": True}, "cod"),
        ({"tags": frozenset({"易碎"})}, "fragile"),
    ],
)
def test_what_must_be_done_is_done_by_who_can(changes: dict[str, object], lacking: str):
    found = looked(replace(PARCEL, **changes))

    assert ("sf", "") == found[0]
    assert ("zto", f"lacks {lacking}") in found


def test_tag_that_asks_for_nothing_changes_nothing():
    assert "zto" == first(replace(PARCEL, tags=frozenset({"新品"})))


def test_parcel_that_is_too_heavy_for_one_goes_by_another():
    assert ("zto", "too_heavy") in looked(replace(PARCEL, weight_g=30_001))


def test_a_wish_stands_above_the_rule_and_gives_way_when_nobody_can_fulfil_it():
    only_zto = CarrierRule("only", ("zto",), is_only=True)

    assert "sf" == first(replace(PARCEL, asked=frozenset({"sf"})), only_zto)
    assert "sf" == first(replace(PARCEL, asked=frozenset({"zto"}), is_cod=True))
    assert "sf" == first(replace(PARCEL, unwanted=frozenset({"zto"})))
    assert "zto" == first(replace(PARCEL, unwanted=frozenset({"zto"}), required=("ZTO",)))


def test_a_rule_may_leave_out_everybody_else():
    only_post = CarrierRule("only", ("post",), is_only=True)

    assert [("post", ""), ("zto", "not_in_rule"), ("sf", "not_in_rule")] == looked(PARCEL, only_post)


@pytest.mark.parametrize(
    "condition",
    [
        {"places": XINJIANG},
        {"platforms": frozenset({"other"})},
        {"shops": frozenset({"other"})},
        {"warehouses": frozenset({"other"})},
        {"tags": frozenset({"other"})},
        {"weight_g": (801, None)},
        {"weight_g": (None, 799)},
        {"paid_fen": (10_001, None)},
    ],
)
def test_a_rule_holds_only_when_all_of_its_condition_does(condition: dict[str, object]):
    rule = CarrierRule("sf_first", ("sf",), places=HANGZHOU, weight_g=(800, 800), paid_fen=(None, 10_000))

    assert "sf" == first(PARCEL, rule)
    assert "zto" == first(PARCEL, replace(rule, **condition))


def test_the_first_rule_that_holds_decides():
    rules = CarrierRule("a", ("sf",)), CarrierRule("b", ("post",))

    assert "sf" == first(PARCEL, *rules)
    assert "post" == first(PARCEL, *reversed(rules))


def test_the_carriers_of_a_rule_may_be_tried_by_cost():
    rule = CarrierRule("cheap", ("sf", "zto"))

    assert ["sf", "zto"] == [carrier for carrier, _ in looked(PARCEL, rule)[:2]]
    assert ["zto", "sf"] == [carrier for carrier, _ in looked(PARCEL, replace(rule, is_cheapest=True))[:2]]


def test_unknown_region_is_never_guessed():
    parcel = replace(PARCEL, province=None, city=None)

    assert ("zto", "region_unknown") in looked(parcel, REMOTE)
    assert "sf" == first(parcel, REMOTE)


def test_shares_are_drawn_by_order_and_come_near_what_was_said():
    rule = CarrierRule("sale", ("zto", "sf"), shares=(("zto", 3), ("sf", 1)))

    drawn = Counter(rule.draw(f"tb/{number}") for number in range(4000))

    assert {"zto", "sf"} == set(drawn)
    assert drawn["sf"] == pytest.approx(1000, rel=0.1)
    assert rule.draw("tb/1") == rule.draw("tb/1")


def test_who_is_drawn_goes_first_and_the_others_stand_behind():
    rule = CarrierRule("sale", ("zto", "sf"), shares=(("zto", 1), ("sf", 1)))
    table = CarrierTable([ZTO, SF, POST], [rule], NEEDS)

    looks = table.rank(PARCEL, rule, "sf").looks

    assert ["sf", "zto", "post"] == [look.carrier_id for look in looks]


def test_order_of_the_file_breaks_a_tie():
    twin = replace(ZTO, carrier_id="a_twin")

    looks = CarrierTable([ZTO, twin], [], {}).rank(PARCEL, None).looks

    assert ["zto", "a_twin"] == [look.carrier_id for look in looks]


READER = WishReader({"sf": ("顺丰", "SF"), "post": ("邮政", "EMS"), "jd": ("京东快递",), "zto": ("中通",)})


@pytest.mark.parametrize(
    "said, asked, unwanted",
    [
        ("发顺丰", {"sf"}, set()),
        ("请发顺丰,谢谢", {"sf"}, set()),
        ("顺丰谢谢", {"sf"}, set()),
        ("麻烦用sf寄", {"sf"}, set()),
        ("不要邮政", set(), {"post"}),
        ("别给我发EMS", set(), {"post"}),
        ("发中通不要发邮政", {"zto"}, {"post"}),
        ("不要发错货 用SF", {"sf"}, set()),
        ("能发京东快递吗", {"jd"}, set()),
        ("上次顺丰弄坏了", set(), set()),
        ("邮政储蓄旁边的门卫收", set(), set()),
        ("SFX尺码", set(), set()),
        ("尽快发货", set(), set()),
        ("", set(), set()),
    ],
)
def test_memo_asks_for_a_carrier_only_when_its_words_do(said: str, asked: set[str], unwanted: set[str]):
    assert Wishes(frozenset(asked), frozenset(unwanted)) == READER.read(said, None)


def test_what_the_merchant_wrote_stands_above_what_the_buyer_wrote():
    assert Wishes(asked=frozenset({"zto"})) == READER.read("发顺丰", "发中通")
    assert Wishes(asked=frozenset({"sf"})) == READER.read("发顺丰", "老客户")
