"""What a clerk may write in skus.csv, bundles.csv and gifts.csv, and what is said when it is wrong."""

import pytest

from orderhub.config.blacklist import seal
from orderhub.config.goods import warnings_of
from orderhub.config.parse import parse_config
from orderhub.domain.sku import Suggestion, suggest_sku
from orderhub.errors import ConfigError
from tests.builders import FILES, shops_file

SKUS = "sku_id,name,kind,list_price,tags,location_hangzhou\nA,甲,goods,10.00,热销|易碎,A-01\nS,套装,bundle,,,\nF,运费,service,,,\n"
BUNDLES = "bundle_sku_id,part_sku_id,quantity\nS,a,2\n"
GIFTS = "rule_id,gift_sku_id,min_amount,since,until,first\n"
WHOLE = {**FILES, "shops.yaml": shops_file(), "skus.csv": SKUS, "bundles.csv": BUNDLES}


def refused(**changes: str) -> str:
    with pytest.raises(ConfigError) as caught:
        parse_config({**WHOLE, **{name.replace("_csv", ".csv"): text for name, text in changes.items()}})
    return str(caught.value)


def test_goods_master_says_tags_shelves_and_kinds():
    first, *_ = parse_config(WHOLE).skus

    assert (first.list_price_fen, first.tags, first.locations) == (
        1000,
        ("热销", "易碎"),
        {"hangzhou": "A-01"},
    )


@pytest.mark.parametrize(
    "file, text, said",
    [
        ("skus_csv", SKUS + "a,又一个,,,,\n", "skus.csv:5: sku_id: 'a' is given twice"),
        ("skus_csv", SKUS + "ａ,全角,,,,\n", "skus.csv:5: sku_id: 'ａ' is given twice"),
        ("skus_csv", SKUS + "B,乙,good,,,\n", "skus.csv:5: kind: 'good' is not known; did you mean 'goods'?"),
        ("skus_csv", SKUS + "B,乙,,12元,,\n", "skus.csv:5: list_price: '12元' is not an amount in yuan"),
        ("skus_csv", "sku_id,name,location_hangzho\n", "column 'location_hangzho' is not known; did you mean"),
        ("bundles_csv", BUNDLES + "S,A,1\n", "bundles.csv:3: part_sku_id: 'A' is given twice for S"),
        ("bundles_csv", BUNDLES + "A,S,1\n", "bundles.csv:3: bundle_sku_id: 'A' has the kind goods"),
        ("bundles_csv", BUNDLES + "S,F,1\n", "bundles.csv:3: part_sku_id: 'F' is a service"),
        ("bundles_csv", BUNDLES + "S,Z,1\n", "bundles.csv:3: part_sku_id: 'Z' is not in skus.csv"),
        ("bundles_csv", "", "skus.csv: S is a bundle, and bundles.csv names no part of it"),
        ("gifts_csv", GIFTS + "G 1,A,,,,\n", "gifts.csv:2: rule_id: 'G 1' must be lower-case letters"),
        ("gifts_csv", GIFTS + "g1,S,,,,\n", "gifts.csv:2: gift_sku_id: 'S' is a bundle"),
        ("gifts_csv", GIFTS + "g1,A,,tomorrow,,\n", "gifts.csv:2: since: 'tomorrow' is not a date"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_file_line_and_rule(file: str, text: str, said: str):
    assert said in refused(**{file: text})


def test_until_a_day_means_to_its_end_in_beijing():
    rule = parse_config({**WHOLE, "gifts.csv": GIFTS + "g1,A,99,2026-11-01,2026-11-11,100\n"}).gift_rules[0]

    assert (rule.min_amount_fen, rule.first_count) == (9900, 100)
    assert (str(rule.since_at), str(rule.until_at)) == (
        "2026-11-01 00:00:00+08:00",
        "2026-11-12 00:00:00+08:00",
    )


@pytest.mark.parametrize(
    "code, suggested",
    [
        ("ts-001-blk-m", Suggestion("SKU-1", "exact", 1.0)),
        ("TS001 BLK/M", Suggestion("SKU-1", "without_separators", 1.0)),
        ("TS-001-BLC-M", Suggestion("SKU-1", "alike", pytest.approx(0.889, abs=0.01))),
        ("棉袜", None),
    ],
)
def test_suggestion_goes_by_the_merchant_code(code: str, suggested: Suggestion | None):
    assert suggest_sku(code, [("TS-001-BLK-M", "SKU-1"), ("HT-009", "SKU-2")]) == suggested


def test_share_and_safety_stock_of_what_is_no_sku_are_warned_of():
    files = {
        "sku_mappings.csv": "mapping_id,shop_id,platform_sku,sku_id\nm1,*,TS-001-BLK,A\n",
        "shares.csv": "shop_id,sku_id,percent\ntb,*,50\ntb,TS-001-BLK,30\n",
        "safety_stock.csv": "warehouse_id,sku_id,quantity\nhangzhou,*,2\nhangzhou,ZZZZ-9999,2\n",
    }

    warned = warnings_of(parse_config({**WHOLE, **files}))

    assert [warning for warning in warned if "weight_g" not in warning] == [
        "shares.csv: tb: TS-001-BLK 不在 / is not in skus.csv;是不是 / did you mean A?",
        "safety_stock.csv: hangzhou: ZZZZ-9999 不在 / is not in skus.csv",
    ]


def test_blacklist_is_sealed_line_by_line_and_only_once():
    rows = "# 说明\n\nb1,customer,AAH1,*,刷单,李\n# 又一条\nb2,customer,AAH2,*,刷单,李\n# 末尾\n"
    sealed = seal("entry_id,kind,value,shop_id,reason,author\n" + rows, None)

    assert [line.partition(",")[0] for line in sealed.split("\n")] == [
        "entry_id",
        "#",
        "#",
        "b1",
        "#",
        "b2",
        "",
    ]
    assert seal(sealed, None) == sealed
