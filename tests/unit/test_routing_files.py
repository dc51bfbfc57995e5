"""What rules, profiles, backups and tiers may say; a wrong word is refused with its file, line and value."""

import re
from datetime import UTC, datetime

import pytest

from orderhub.config.models import MerchantConfig
from orderhub.config.parse import parse_config
from orderhub.config.routing import Condition
from orderhub.errors import ConfigError
from tests.builders import FILES, shops_file

SKUS = "sku_id,name,weight_g,tags\nMUG,马克杯,400,易碎\nTEA,茶叶,200,\n"
CHECKS = """\
memo: {hold: [改地址], invoice: [发票], no_ship: [刷单]}
promotions:
  - {id: double11, starts_at: "2026-11-10T20:00:00+08:00", ends_at: "2026-11-12T00:00:00+08:00"}
"""
WHOLE = {
    **FILES, "shops.yaml": shops_file(), "skus.csv": SKUS, "checks.yaml": CHECKS,
    "tiers.csv": "shop_id,customer_id,tier\ntb,open-1,gold\n",
}  # fmt: skip
BACKUPS = """\
warehouses:
  - {id: hangzhou, name: 杭州仓, backup: yiwu}
  - {id: yiwu, name: 义乌仓, backup: BACKUP}
  - {id: spare, name: 备用仓}
"""


def routing(when: str = "{}", more: str = "") -> str:
    rule = f"{{id: r1, when: {when}, warehouses: [hangzhou], reason: {{zh: 因, en: why}}{more}}}"
    return f"tiers: [gold, silver]\nrules:\n  - {rule}\n"


def profile(since: str = "2026-11-10 20:00", until: str = "2026-11-12", warehouse: str = "yiwu") -> str:
    rule = f"  - {{id: r1, warehouses: [{warehouse}], reason: {{zh: 大促, en: sale}}}}\n"
    return f'effective: {{since: "{since}", until: "{until}"}}\nrules:\n{rule}'


def read(**files: str) -> MerchantConfig:
    return parse_config({**WHOLE, "routing.yaml": routing(), **files})


def refused(**files: str) -> str:
    with pytest.raises(ConfigError) as caught:
        read(**files)
    return str(caught.value)


def test_every_part_of_a_condition_is_read():
    when = (
        "{province: [浙江省], city: [金华市], sku: [MUG], tag: [易碎], tier: [gold], promotion: [double11], "
        "amount: {min: '99.00', max: 1000}, weight_g: {max: 5000}, pieces: {min: 2}, "
        "since: 2026-11-01, until: 2026-11-11}"
    )

    assert read(**{"routing.yaml": routing(when)}).rules[0].when == Condition.model_validate(
        {
            "province": ("浙江省",), "city": ("金华市",), "sku": ("MUG",), "tag": ("易碎",), "tier": ("gold",),
            "promotion": ("double11",), "amount": {"min": 9900, "max": 100_000}, "weight_g": {"max": 5000},
            "pieces": {"min": 2}, "since": datetime(2026, 10, 31, 16, tzinfo=UTC),
            "until": datetime(2026, 11, 11, 16, tzinfo=UTC),
        }
    )  # fmt: skip


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ("{province: [浙江]}", "province '浙江' does not exist; did you mean '浙江省'?"),
        ("{city: [金华]}", "city '金华' is not the full name of a city, for example 金华市"),
        ("{sku: [MUK]}", "sku 'MUK' does not exist; did you mean 'MUG'?"),
        ("{tag: [易水]}", "tag '易水' does not exist; did you mean '易碎'?"),
        ("{tier: [golden]}", "tier 'golden' does not exist; did you mean 'gold'?"),
        ("{promotion: [double12]}", "promotion 'double12' does not exist; did you mean 'double11'?"),
    ],
)
def test_a_name_that_does_not_exist_is_refused_with_the_nearest(when: str, said: str):
    assert f"routing.yaml:3: rule r1: {said}" == refused(**{"routing.yaml": routing(when)})


@pytest.mark.parametrize(
    ("when", "more", "said"),
    [
        (
            "{amount: {min: 1.234}}",
            "",
            "rules.0.when.amount.min: is not an amount in yuan, for example 129.00",
        ),
        ("{amount: {}}", "", "rules.0.when.amount: must give min or max"),
        ("{pieces: {min: 3, max: 2}}", "", "rules.0.when.pieces: min must not be above max"),
        ("{since: 11-11}", "", "rules.0.when.since: is not a date such as 2026-11-01 or 2026-11-01 20:00"),
        ("{}", ", none_can_fill: refuse", "rules.0.none_can_fill: 'refuse' is not allowed;"),
        ("{}", ", none_can_fill: backorder", "rules.0: promise_days belongs to none_can_fill: backorder"),
        ("{}", ", promise_days: 3", "rules.0: promise_days belongs to none_can_fill: backorder"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused(when: str, more: str, said: str):
    assert refused(**{"routing.yaml": routing(when, more)}).startswith(f"routing.yaml:3: {said}")


@pytest.mark.parametrize(
    ("backup", "said"),
    [
        (
            "hangzhou",
            "backup of hangzhou: hangzhou -> yiwu -> hangzhou is a circle; take the backup of one of",
        ),
        ("yiwo", "backup of yiwu: warehouse 'yiwo' does not exist; did you mean 'yiwu'?"),
    ],
)
def test_backups_that_lead_nowhere_or_in_a_circle_are_refused(backup: str, said: str):
    text = refused(**{"warehouses.yaml": BACKUPS.replace("BACKUP", backup)})

    assert re.match(f"warehouses.yaml:[23]: {re.escape(said)}", text)


def test_a_chain_of_backups_that_ends_is_taken():
    config = read(**{"warehouses.yaml": BACKUPS.replace("BACKUP", "spare")})

    assert ["yiwu", "spare", None] == [warehouse.backup for warehouse in config.warehouses]


def test_a_closing_of_a_carrier_that_does_not_exist_is_refused():
    carriers = "carriers:\n  - {id: zto, name: 中通, codes: {wms: ZTO}, freight: [{first_g: 1000, first: '4', next_g: 1000, next: '2'}]}\n"
    calendar = "kind,id,from,to,what\ncarrier,zot,2026-02-15,2026-02-23,closed\n"

    assert refused(**{"carriers.yaml": carriers, "calendar.csv": calendar}) == (
        "calendar.csv:2: id: 'zot' does not exist; did you mean 'zto'?"
    )


def test_a_profile_of_another_file_is_read_with_its_time():
    effective = read(**{"routing/double11.yaml": profile()}).profiles["double11"].effective

    assert (effective.since, effective.until) == (
        datetime(2026, 11, 10, 12, tzinfo=UTC),
        datetime(2026, 11, 12, 16, tzinfo=UTC),
    )


def test_two_profiles_at_one_time_are_refused():
    second = profile("2026-11-12 23:00", "2026-11-20")

    assert refused(**{"routing/a.yaml": profile(), "routing/b.yaml": second}) == (
        "routing/b.yaml:1: effective: is in force together with routing/a.yaml; one time has one set of rules"
    )


def test_a_profile_that_names_what_does_not_exist_is_refused_by_its_own_file():
    assert refused(**{"routing/double11.yaml": profile(warehouse="yiwo")}) == (
        "routing/double11.yaml:3: rule r1: warehouse 'yiwo' does not exist; did you mean 'yiwu'?"
    )


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("tbx,open-1,gold", "shop_id: 'tbx' is not a shop; did you mean 'tb'?"),
        ("tb,open-1,goldy", "tier: 'goldy' is not in tiers of routing.yaml; did you mean 'gold'?"),
        ("tb,,gold", "customer_id: '' must be given; core.customers has it"),
    ],
)
def test_a_tier_that_is_wrong_is_refused(row: str, said: str):
    assert refused(**{"tiers.csv": f"shop_id,customer_id,tier\n{row}\n"}) == f"tiers.csv:2: {said}"


def test_a_tag_that_keeps_orders_together_and_that_no_goods_have_is_refused_with_its_line():
    tags = "no_split:\n  - 易碎\n  - 易水\n"

    said = refused(**{"routing.yaml": routing() + tags})

    assert said == "routing.yaml:6: tag '易水' does not exist; did you mean '易碎'?"
