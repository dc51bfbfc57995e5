"""Each thing that a routing rule may ask of an order, from the platform's payload to the number that was told.

Two days are lived; each story looks at the order that shows it. What no rule names leaves from Hangzhou.
"""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from orderhub.db.postgres import Server
from orderhub.operate.verify import verify
from orderhub.quality.decide import Choice, Decision, decide, holds_of_rule
from tests.stories.day import CUTOFF, FILES, Day, own_day, tagged_goods
from tests.stories.lived import LivedDay
from tests.stories.test_a_day import CHENGDU

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FIRST, SECOND = "20261124T020000Z", "20261125T020000Z"
NINGBO, CHANGSHA = ("浙江省", "宁波市", "海曙区"), ("湖南省", "长沙市", "岳麓区")
YIWU = "warehouses: [yiwu], reason: {zh: 规则, en: rule}}"
MORE = {
    "routing.yaml": f"""\
tiers: [gold]
rules:
  - {{id: dear_parts, when: {{province: [四川省]}}, warehouses: [hangzhou, yiwu], split_from: "500.00", reason: {{zh: 贵的才拆, en: dear}}}}
  - {{id: a_person, when: {{sku: [SKU-TW017-GRY]}}, warehouses: [hangzhou], none_can_fill: hold, reason: {{zh: 问人, en: ask}}}}
  - {{id: by_tier, when: {{tier: [gold], sku: [SKU-SC014-RED]}}, {YIWU}
  - {{id: by_city, when: {{city: [宁波市]}}, {YIWU}
  - {{id: by_shop, when: {{province: [湖南省], platform: [miniprogram], shop: [mp_own]}}, {YIWU}
  - {{id: by_sku, when: {{sku: [SKU-HT010-RED]}}, {YIWU}
  - {{id: by_tag, when: {{tag: [易碎]}}, {YIWU}
  - {{id: by_amount, when: {{amount: {{min: 500, max: 600}}}}, {YIWU}
  - {{id: by_weight, when: {{weight_g: {{min: 2500}}}}, {YIWU}
  - {{id: by_pieces, when: {{pieces: {{min: 5}}}}, {YIWU}
  - {{id: by_day, when: {{since: "2026-11-23 20:00", until: "2026-11-23 21:00"}}, {YIWU}
  - {{id: by_promotion, when: {{promotion: [night]}}, {YIWU}
  - {{id: elsewhere, warehouses: [hangzhou], reason: {{zh: 其余, en: rest}}}}
""",
    "warehouses.yaml": FILES["warehouses.yaml"].replace(
        "    name: 杭州仓\n", "    name: 杭州仓\n    backup: yiwu\n"
    ),
    "checks.yaml": """\
memo: {hold: [改地址], invoice: [发票], no_ship: [刷单]}
promotions:
  - {id: night, starts_at: "2026-11-23T22:00:00+08:00", ends_at: "2026-11-23T23:00:00+08:00"}
""",
    "skus.csv": tagged_goods(MG_012="易碎"),
}
#: Story → the rule that its order meets, and the warehouse of that rule.
MET = {
    "by_city": "yiwu",
    "by_shop": "yiwu",
    "by_sku": "yiwu",
    "by_tag": "yiwu",
    "by_amount": "yiwu",
    "by_weight": "yiwu",
    "by_pieces": "yiwu",
    "by_day": "yiwu",
    "by_promotion": "yiwu",
    "by_tier": "yiwu",
    "elsewhere": "hangzhou",
}


class Lived(LivedDay):
    """Two days that are over, and their orders by story."""

    def told(self, story: str) -> int:
        """Return how many numbers the platform knows of an order."""
        return len(self.day.numbers(self.orders[story]))


def noon(day: Day) -> Lived:
    """Let the buyers of the first noon buy; one of them is golden, and came later than the other."""
    lived = Lived(day)
    day.lay_in("hangzhou", TW_017_GRY=0, HT_009_BLK=0, CB_016=20, SC_014_RED=0)
    day.lay_in(
        "yiwu", HT_010_RED=1, MG_012=1, CB_016=20, PJ_015_GRY_M=30, SK_006_BLK=9, HT_009_BLK=3, SC_014_RED=1
    )
    lived.orders = {
        "by_city": day.buy("CB-016", to=NINGBO),
        "by_shop": day.buy("CB-016", to=CHANGSHA),
        "by_sku": day.buy("HT-010-RED"),
        "by_tag": day.buy("MG-012"),
        "by_amount": day.buy("CB-016", pieces=6),
        "by_weight": day.buy("PJ-015-GRY-M", pieces=9),
        "by_pieces": day.buy("SK-006-BLK", pieces=5),
        "elsewhere": day.buy("CB-016"),
        "by a backup": day.buy("HT-009-BLK"),
        "asks a person": day.buy("TW-017-GRY"),
        "too cheap to part": day.buy("TB-013-BEI", "HT-009-BLK", to=CHENGDU),
        "not golden": day.buy("SC-014-RED"),
        "by_tier": day.buy("SC-014-RED"),
    }
    plain, golden = lived.orders["not golden"], lived.orders["by_tier"]
    golden.created, golden.paid_at = plain.created, plain.paid_at
    tiers = f"shop_id,customer_id,tier\n{day.box.shop_id},{golden.buyer.open_uid},gold\n"
    day.box.apply({"tiers.csv": tiers})
    return lived


def live(day: Day) -> Lived:
    lived = noon(day)
    day.lay_in("hangzhou", HT_009_BLK=0)
    day.work()
    lived.seen["asks a person"] = holds_of_rule(day.database, lived.order_id("asks a person"), "no_stock")
    lived.seen["too cheap to part"] = lived.left("too cheap to part")
    for hold_id in lived.seen["asks a person"]:
        decide(day.database, day.box.clock, Decision(hold_id, Choice.RELEASE, "waits for goods", "lead"))
    for story, at in (("by_day", 14 * HOUR), ("by_promotion", 12 * HOUR)):
        day.until(CUTOFF - at + timedelta(minutes=10))
        lived.orders[story] = day.buy("CB-016")
        day.work()
    day.through(CUTOFF)
    lived.seen["told first"] = {story: lived.told(story) for story in lived.orders}
    day.lay_in("hangzhou", TW_017_GRY=1, HT_009_BLK=1, CB_016=5)
    day.lay_in("yiwu", SC_014_RED=1)
    day.work()
    day.through(CUTOFF + DAY)
    return lived


@pytest.fixture(scope="module")
def lived(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lived]:
    with own_day(server, tmp_path_factory, "rules_of_orders", more=MORE) as day:
        yield live(day)


@pytest.mark.parametrize("story", MET)
def test_an_order_leaves_by_the_first_rule_whose_condition_it_meets_and_is_told(lived: Lived, story: str):
    [fate] = lived.day.fates(lived.orders[story])

    assert (fate.rule, fate.warehouse, fate.document) == (story, MET[story], "shipped")
    assert lived.left(story) == [(MET[story], "shipped", FIRST)]
    assert lived.told(story) == 1


def test_what_a_warehouse_lacks_leaves_from_the_one_that_stands_in_for_it(lived: Lived):
    assert lived.left("by a backup") == [("yiwu", "shipped", FIRST)]
    assert "hangzhou 的备用仓" in lived.said("by a backup")
    assert lived.told("by a backup") == 1


def test_of_two_buyers_who_paid_together_the_golden_one_gets_the_last_piece(lived: Lived):
    assert lived.left("by_tier") == [("yiwu", "shipped", FIRST)]
    assert lived.seen["told first"]["not golden"] == 0
    assert lived.left("not golden") == [("yiwu", "shipped", SECOND)]
    assert lived.told("not golden") == 1


def test_what_a_rule_asks_a_person_about_leaves_once_released_and_the_goods_are_there(lived: Lived):
    assert len(lived.seen["asks a person"]) == 1
    assert lived.seen["told first"]["asks a person"] == 0
    assert lived.left("asks a person") == [("hangzhou", "shipped", SECOND)]
    assert lived.told("asks a person") == 1


def test_parts_that_are_paid_too_little_do_not_leave_apart(lived: Lived):
    assert lived.seen["too cheap to part"] == [(None, None, None)]
    assert lived.left("too cheap to part") == [("hangzhou", "shipped", SECOND)]
    assert lived.told("too cheap to part") == 1


def test_rules_of_orders_break_no_invariant(lived: Lived):
    assert [result.violations for result in verify(lived.day.database) if result.violations] == []
