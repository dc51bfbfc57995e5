from datetime import UTC, datetime, time
from pathlib import Path

import pytest

from orderhub import paths
from orderhub.config.parse import parse_config, read_directory, unread_files, version_of
from orderhub.errors import ConfigError
from tests.builders import FILES, shops_file

WHOLE = {**FILES, "shops.yaml": shops_file()}


def refused(**changes: str) -> str:
    changed = {name.replace("_yaml", ".yaml").replace("_csv", ".csv"): text for name, text in changes.items()}
    with pytest.raises(ConfigError) as caught:
        parse_config({**WHOLE, **changed})
    return str(caught.value)


def rule(when: str = "{}", warehouses: str = "[hangzhou]", rule_id: str = "r1") -> str:
    return f"  - {{id: {rule_id}, when: {when}, warehouses: {warehouses}, reason: {{zh: 因, en: why}}}}\n"


def test_shipped_example_is_sound():
    config = parse_config(read_directory(paths.shipped_config_directory()))

    assert [w.cutoffs for w in config.warehouses] == [(time(10, 0),), (time(10, 0),)]
    assert config.alerts.supervisors == ("supervisor@example.test",)


@pytest.mark.parametrize(
    "when, warehouses, said",
    [
        ("{}", "[hangzho]", "warehouse 'hangzho' does not exist; did you mean 'hangzhou'?"),
        ("{region: [remot]}", "[yiwu]", "region 'remot' does not exist; did you mean 'remote'?"),
        ("{shop: [grup]}", "[yiwu]", "shop 'grup' does not exist; did you mean 'group'?"),
        ("{platform: [taobo]}", "[yiwu]", "platform 'taobo' does not exist; did you mean 'taobao'?"),
    ],
)
def test_rule_that_names_what_does_not_exist_is_refused(when: str, warehouses: str, said: str):
    assert refused(routing_yaml="rules:\n" + rule(when, warehouses)) == f"routing.yaml:2: rule r1: {said}"


def test_message_about_a_rule_names_the_line_of_the_very_word():
    text = (
        "rules:\n"
        + rule()
        + (
            "  - id: r2\n    when:\n      region:\n        - remote\n        - remot\n"
            "    warehouses: [yiwu]\n    reason: {zh: 因, en: why}\n"
        )
    )

    assert refused(routing_yaml=text).startswith("routing.yaml:7: rule r2: region 'remot'")


@pytest.mark.parametrize(
    "file, text, said",
    [
        ("routing_yaml", "rules:\n" + rule() + rule(), "routing.yaml:1: routing rule id 'r1' is used twice"),
        ("routing_yaml", "rules: []\n", "routing.yaml:1: rules: must not be empty"),
        ("routing_yaml", "rules:\n" + rule(warehouses="[]"), "routing.yaml:2: rules.0.warehouses: must not be empty"),
        ("alerts_yaml", "supervisors: []\n", "alerts.yaml:1: supervisors: must not be empty"),
        ("alerts_yaml", "supervisors: [nobody]\n", "alerts.yaml:1: supervisors.0: must be a mail address (value 'nobody')"),
        (
            "warehouses_yaml",
            "warehouses:\n  - {id: a, name: 甲, cutoffs: ['25:00']}\n",
            "warehouses.yaml:2: warehouses.0.cutoffs.0: must be a time of day such as 10:00 (value '25:00')",
        ),
        ("regions_csv", "region,province,city\n,浙江省,\n", "regions.csv:2: region: '' and province must both be given"),
        (
            "regions_csv",
            "region,province,city\nr,浙江,\n",
            "regions.csv:2: province: '浙江' is not the full name of a province; did you mean '浙江省'?",
        ),
        (
            "regions_csv",
            "region,province,city\nr,黑龙江者,\n",
            "regions.csv:2: province: '黑龙江者' is not the full name of a province; did you mean '黑龙江省'?",
        ),
        (
            "sku_mappings_csv",
            "mapping_id,shop_id,platform_sku,sku_id\nm1,tbx,A,S\n",
            "sku_mappings.csv:2: shop_id: 'tbx' is not a shop; did you mean 'tb'?",
        ),
        (
            "sku_mappings_csv",
            "mapping_id,shop_id,platform_sku,sku_id\nm1,tb,ts-1,S\nm2,tb,TS-1 ,T\n",
            "sku_mappings.csv:3: platform_sku: 'TS-1' is mapped twice (also by m1)",
        ),
        (
            "sku_mappings_csv",
            "mapping_id,shop_id,platform_sku,sku_id\nm1,tb,A,S\nm1,tb,B,T\n",
            "sku_mappings.csv:3: mapping_id: 'm1' is used twice",
        ),
        (
            "sku_mappings_csv",
            "mapping_id,shop_id,platform_sku,sku_id\nm1,tb,,S\n",
            "sku_mappings.csv:2: mapping_id: 'm1' must all be given: mapping_id, platform_sku, sku_id",
        ),
        (
            "safety_stock_csv",
            "warehouse_id,sku_id,quantity\nhangzhou,S,-1\n",
            "safety_stock.csv:2: quantity: '-1' is not a whole number of pieces",
        ),
        (
            "safety_stock_csv",
            "warehouse_id,sku_id,quantity\nhangzhou,S,1\nhangzhou,S,2\n",
            "safety_stock.csv:3: sku_id: 'S' is given twice for hangzhou",
        ),
        (
            "safety_stock_csv",
            "warehouse_id,sku_id,quantity\nyiwo,S,1\n",
            "safety_stock.csv:2: warehouse_id: 'yiwo' does not exist; did you mean 'yiwu'?",
        ),
        (
            "safety_stock_csv",
            "warehouse_id,sku_id,quantity\nyiwu,,1\n",
            "safety_stock.csv:2: sku_id: '' must be given; * means every SKU",
        ),
    ],
)  # fmt: skip
def test_broken_file_names_line_value_and_rule(file: str, text: str, said: str):
    assert refused(**{file: text}).startswith(said)


@pytest.mark.parametrize(
    "written", ["20260101", "0", "2026-01-01T00:00:00", "2026-01-01", "soon", "1767196800.5"]
)
def test_go_live_must_be_a_written_out_time_with_zone(written: str):
    said = refused(shops_yaml=shops_file().replace("2026-01-01T00:00:00+08:00", written))

    assert said.startswith("shops.yaml:5: shops.0.go_live_at: ")


def test_go_live_is_an_instant():
    config = parse_config(WHOLE)

    assert config.shop("tb").go_live_at == datetime(2025, 12, 31, 16, tzinfo=UTC)


def test_two_shops_with_one_id_are_refused():
    said = refused(shops_yaml=shops_file(others=(("tb", "spreadsheet"),)))

    assert said == "shops.yaml:1: shop id 'tb' is used twice"


def test_version_changes_with_any_file_and_only_then():
    assert version_of(WHOLE) == version_of(dict(reversed(WHOLE.items())))
    assert version_of(WHOLE) != version_of({**WHOLE, "alerts.yaml": WHOLE["alerts.yaml"] + "#"})


def test_missing_file_says_where_to_copy_it_from(tmp_path: Path):
    for name, text in WHOLE.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "regions.csv").unlink()

    with pytest.raises(ConfigError) as caught:
        read_directory(tmp_path)

    assert (
        str(caught.value) == f"{tmp_path / 'regions.csv'}: missing; copy it from include/config and edit it"
    )


def test_file_in_another_encoding_says_how_to_save_it(tmp_path: Path):
    for name, text in WHOLE.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "regions.csv").write_bytes("region,province\nr,浙江省\n".encode("gb18030"))

    with pytest.raises(ConfigError, match=r"regions\.csv: not UTF-8; save it as UTF-8"):
        read_directory(tmp_path)


def test_file_with_a_name_that_is_not_quite_one_is_warned_of(tmp_path: Path):
    for name in (*FILES, "skus.xlsx", "Routing.yml", "stock.csv", ".shops.yaml", "README.md"):
        (tmp_path / name).write_text("", encoding="utf-8")

    assert unread_files(tmp_path) == [
        "Routing.yml: 没有读这个文件 / this file is not read; did you mean 'routing.yaml'?",
        "skus.xlsx: 没有读这个文件 / this file is not read; did you mean 'skus.csv'?",
    ]
