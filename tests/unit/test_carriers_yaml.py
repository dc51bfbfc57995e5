"""carriers.yaml: what it says, and what it refuses with file, line and the nearest valid word."""

from datetime import date

import pytest

from orderhub.config.models import MerchantConfig
from orderhub.config.parse import parse_config, read_directory
from orderhub.domain.carrier import Consignment
from orderhub.errors import ConfigError
from orderhub.fulfillment.carriers import carrier_table, points, ship_not_before
from orderhub.paths import shipped_config_directory
from tests.builders import FILES, NOON, shops_file

DAY = date(2026, 11, 23)
SKUS = "sku_id,name,tags\nMUG,杯,易碎\nCAKE,蛋糕,生鲜\n"
ONE = "carriers:\n  - {id: zto, name: 中通}\n"


def read(carriers: str) -> MerchantConfig:
    return parse_config({**FILES, "shops.yaml": shops_file(), "skus.csv": SKUS, "carriers.yaml": carriers})


def test_without_the_file_there_are_no_carriers():
    assert () == parse_config({**FILES, "shops.yaml": shops_file()}).carriers.carriers


def test_freight_is_written_in_yuan_and_kept_in_fen():
    config = read(
        'carriers:\n  - {id: zto, name: 中通, freight: [{first_g: 1000, first: "4.20", next_g: 500, next: "1"}]}'
    )

    assert (420, 100) == (
        config.carriers.carriers[0].freight[0].first,
        config.carriers.carriers[0].freight[0].next,
    )


def test_every_region_of_the_shipped_file_has_a_carrier_and_xinjiang_goes_by_post():
    config = parse_config(read_directory(shipped_config_directory()))

    rule = next(rule for rule in config.carriers.rules if rule.id == "xinjiang-tibet")

    assert "post" == rule.carriers[0]
    assert {"wms", "cainiao", "kuaidi100"} <= set.intersection(
        *(set(c.codes) for c in config.carriers.carriers)
    )


@pytest.mark.parametrize(
    "carriers, message",
    [
        ("carriers:\n  - {id: zto, name: 中通, serves: [remoot]}", "carriers.yaml:2: region 'remoot' does not exist; did you mean 'remote'?"),
        (ONE + "rules:\n  - {id: a, carriers: [zt0], reason: {zh: 甲, en: a}}", "carriers.yaml:4: carrier 'zt0' does not exist; did you mean 'zto'?"),
        (ONE + "rules:\n  - {id: a, when: {tag: [易脆]}, carriers: [zto], reason: {zh: 甲, en: a}}", "carriers.yaml:4: tag '易脆' does not exist; did you mean '易碎'?"),
        (ONE + "rules:\n  - {id: a, when: {shop: [tbx]}, carriers: [zto], reason: {zh: 甲, en: a}}", "shop 'tbx' does not exist"),
        (ONE + "rules:\n  - {id: a, carriers: [zto], shares: {sf: 1}, reason: {zh: 甲, en: a}}", "shares name 'sf', which carriers does not"),
        (ONE + "ship_weekdays: {生先: [1]}", "tag '生先' does not exist; did you mean '生鲜'?"),
        (ONE + "ship_weekdays: {生鲜: [8]}", "ship_weekdays.生鲜.0"),
        (ONE + "  - {id: zto, name: 中通二}", "carrier id 'zto' is used twice"),
        ("carriers:\n  - {id: zto, name: 中通, freight: [{first_g: 1000, first: 4.205, next_g: 500, next: 1}]}", "must be an amount in yuan"),
        ("carriers:\n  - {id: zto, name: 中通, cutoff: '25:00'}", "must be a time of day such as 18:00"),
        (ONE + "rules:\n  - {id: a, since: 11-11, carriers: [zto], reason: {zh: 甲, en: a}}", "must be a day such as 2026-11-11"),
        ("carriers:\n  - {id: zto, name: 中通, freigt: []}", "carriers.0.freigt is not a known key; did you mean 'freight'?"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_line(carriers: str, message: str):
    with pytest.raises(ConfigError) as refused:
        read(carriers)

    assert message in str(refused.value)


def test_a_rule_with_dates_is_read_on_those_days_only():
    config = read(
        ONE
        + "rules:\n  - {id: sale, since: '2026-11-23', until: '2026-11-24', carriers: [zto], reason: {zh: 促, en: s}}"
    )

    read_on = [len(carrier_table(config, date(2026, 11, day))._rules) for day in (22, 23, 24, 25)]

    assert [0, 1, 1, 0] == read_on


@pytest.mark.parametrize(
    "codes, required, why",
    [
        ("{}", "ZTO", ""),
        ("{wms: ZT01}", "ZTO", ""),
        ("{}", "SF", "not_required"),
        ("{taobao: ZTO-1}", "ZTO-1", ""),
        ("{taobao: ZTO-1}", "ZTO", "not_required"),
    ],
)
def test_a_carrier_that_the_platform_names_is_known_by_the_platforms_codes_unless_the_merchant_says_others(
    codes: str, required: str, why: str
):
    table = carrier_table(read(f"carriers:\n  - {{id: zto, name: 中通, codes: {codes}}}\n"), DAY)
    parcel = Consignment("浙江省", "杭州市", "taobao", "tb", "hangzhou", 400, 4900, required=(required,))

    [look] = table.rank(parcel, table.rule_of(parcel)).looks

    assert why == look.why


@pytest.mark.parametrize(
    "weekdays, tags, day", [([1], ["生鲜"], None), ([3], ["生鲜"], 25), ([7], ["生鲜"], 29), ([3], [], None)]
)
def test_goods_leave_only_on_their_weekdays(weekdays: list[int], tags: list[str], day: int | None):
    config = read(ONE + f"ship_weekdays: {{生鲜: {weekdays}}}")

    found = ship_not_before(config, tags, NOON)

    assert day == (found.day if found else None)


def test_weights_between_two_points_cost_the_same_and_points_are_where_a_fee_changes():
    config = parse_config(read_directory(shipped_config_directory()))
    table = carrier_table(config, DAY)
    weights = points(config)["weights"]

    def answer(weight_g: int) -> object:
        parcel = Consignment("浙江省", "杭州市", "taobao", "tb_flagship", "hangzhou", weight_g, 10_000)
        return table.rank(parcel, table.rule_of(parcel))

    tried = [1, 999, 1000, 1001, 2000, 2999, 3000, 3001, 49_999, 50_000, 50_001, 59_999]
    assert [answer(weight) for weight in tried] == [
        answer(max(point for point in weights if point <= weight)) for weight in tried
    ]


def test_facts_that_no_rule_looks_at_are_left_out():
    found = points(
        read(
            ONE
            + "rules:\n  - {id: a, when: {shop: [tb], amount: {min: '20.00'}}, carriers: [zto], reason: {zh: 甲, en: a}}"
        )
    )

    assert (True, False, False, [1, 2000]) == (
        found["with_shop"], found["with_platform"], found["with_warehouse"], found["amounts"],
    )  # fmt: skip


def test_a_freight_table_of_fine_steps_counts_every_weight():
    fine = (
        'carriers:\n  - {id: zto, name: 中通, freight: [{first_g: 100, first: "1", next_g: 1, next: "0.01"}]}'
    )

    assert (0, [1]) == (points(read(fine))["heaviest"], points(read(fine))["weights"])
