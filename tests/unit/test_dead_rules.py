"""Rules that no order reaches, and places that do not exist, are told of when files are checked."""

import pytest

from orderhub import paths
from orderhub.config.parse import parse_config
from orderhub.operate.configuration import check_files
from orderhub.operate.dead_rules import rule_warnings
from tests.builders import FILES, shops_file

EFFECTIVE = 'effective: {since: "2026-11-10 20:00", until: "2026-11-11"}\n'
CALENDAR = "kind,id,from,to,what,comment\n"


def rule(name: str, when: str = "", warehouses: str = "hangzhou", more: str = "") -> str:
    return (
        f"  - {{id: {name}, when: {{{when}}}, warehouses: [{warehouses}], reason: {{zh: 甲, en: a}}{more}}}\n"
    )


def warned(*rules: str, **files: str) -> list[str]:
    named = {name.replace("__", "/").replace("_", ".", 1): text for name, text in files.items()}
    routing = {"routing.yaml": "rules:\n" + "".join(rules)} if rules else {}
    return rule_warnings(parse_config({**FILES, "shops.yaml": shops_file(), **routing, **named}))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("", ""),
        ("", "region: [remote]"),
        ("region: [remote]", "region: [remote]"),
        ("region: [remote, jiangzhehu]", "region: [remote], amount: {min: 99}"),
        ("amount: {min: 10}", "amount: {min: 20, max: 30}"),
        ("pieces: {max: 9}", "pieces: {min: 2, max: 9}"),
        ('since: "2026-11-01"', 'since: "2026-11-02", until: "2026-11-03"'),
    ],
)
def test_a_rule_behind_one_that_takes_all_of_its_orders_is_told(first: str, second: str):
    [said] = warned(rule("wide", first), rule("narrow", second))

    assert said.startswith("routing.yaml: narrow 永远轮不到:它的订单都先归了 wide")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("region: [remote]", ""),
        ("region: [remote]", "region: [remote, jiangzhehu]"),
        ("region: [remote], amount: {min: 99}", "region: [remote]"),
        ("amount: {min: 20}", "amount: {min: 10}"),
        ("amount: {max: 20}", "amount: {min: 10}"),
        ('until: "2026-11-02"', 'since: "2026-11-01"'),
        ("platform: [taobao]", "shop: [tb]"),
    ],
)
def test_a_rule_that_some_order_may_reach_is_not(first: str, second: str):
    assert warned(rule("first", first), rule("second", second)) == []


def test_a_rule_that_ends_before_it_begins_a_warehouse_named_twice_and_profiles_are_told():
    profile = EFFECTIVE + "rules:\n" + rule("all") + rule("rest")

    said = warned(
        rule("over", 'since: "2026-11-12", until: "2026-11-11"'),
        rule("long_over", 'since: "2026-11-20", until: "2026-11-11"'),
        rule("day", 'since: "2026-11-11", until: "2026-11-11"'),
        rule("twice", warehouses="yiwu, hangzhou, yiwu"),
        routing__a_yaml=profile,
    )

    assert [line.partition(" / ")[0][:34] for line in said] == [
        "routing.yaml: over 从不成立:since 晚于 u",
        "routing.yaml: long_over 从不成立:since",
        "routing.yaml: twice: yiwu 写了两次",
        "routing/a.yaml: rest 永远轮不到:它的订单都先归",
    ]


def test_a_city_that_does_not_exist_is_told_wherever_it_is_written():
    said = warned(
        rule("short", "city: [杭州]"),
        rule("rest"),
        regions_csv=FILES["regions.csv"]
        + "remote,浙江省,杭洲市\nremote,湖北省,襄樊市\nremote,上海市,上海市\n",
        calendar_csv=CALENDAR + "area,浙江省/金花市,2026-11-12,2026-11-12,suspended,\n"
        "area,remote,2026-11-12,2026-11-12,suspended,\n",
    )

    assert [line.partition(" / ")[0] for line in said] == [
        "regions.csv: remote: 没有叫 '杭洲市' 的市,要写全称",
        "regions.csv: remote: '襄樊市' 今为 '襄阳市',订单里只有今名",
        "calendar.csv: 浙江省/金花市: 没有叫 '金花市' 的市,要写全称",
        "routing.yaml: short: 没有叫 '杭州' 的市,要写全称",
    ]


def test_a_carriers_rule_of_a_sale_hides_nothing_and_one_for_everybody_does():
    freight = '{first_g: 1000, first: "4.00", next_g: 1000, next: "1"}'
    carriers = f"carriers:\n  - {{id: z, name: 中, freight: [{freight}]}}\nrules:\n"
    each = "  - {{id: {0}, {1}carriers: [z], reason: {{zh: 甲, en: a}}}}\n"
    rules = (
        ("sale", 'since: "2026-11-11", until: "2026-11-14", '),
        ("all", ""),
        ("far", "when: {region: [remote]}, "),
    )

    said = warned(carriers_yaml=carriers + "".join(each.format(*one) for one in rules))

    assert [line[:24] for line in said] == ["carriers.yaml: far 永远轮不到"]


def test_nothing_is_wrong_with_the_files_that_are_shipped():
    assert rule_warnings(check_files(paths.shipped_config_directory())) == []
