from dataclasses import replace

import pytest

from orderhub import paths
from orderhub.errors import ConfigError
from orderhub.platforms.field_map import FieldRule, read_field_map
from orderhub.platforms.spec import load_platform, platform_names

HEAD = "record,field,path,converter\n"
REQUIRED = "order,platform_order_id,tid,text\norder,modified_at,modified,epoch_s\nline,quantity,num,integer\n"


def refused(row: str, head: str = HEAD + REQUIRED) -> str:
    with pytest.raises(ConfigError) as caught:
        read_field_map(head + row, "fields.csv")
    return str(caught.value)


@pytest.mark.parametrize(
    "row, said",
    [
        ("oder,paid,a,yuan\n", "fields.csv:5: record: 'oder' is not known; did you mean 'order'?"),
        ("order,payd,a,yuan\n", "fields.csv:5: field: 'payd' is not a field of order; did you mean 'paid'?"),
        ("line,token,a,text\n", "fields.csv:5: field: 'token' is not a field of line; allowed: "),
        ("order,paid,,yuan\n", "fields.csv:5: path: '' is empty; give a path, a|b, or =text"),
        ("order,paid,a,yaun\n", "fields.csv:5: converter: 'yaun' is not known; did you mean 'yuan'?"),
        (
            "order,paid_at,a,time@Asia/Shangai\n",
            "fields.csv:5: converter: 'time@Asia/Shangai' names no zone; did you mean 'Asia/Shanghai'?",
        ),
        ("order,paid,a,text\n", "fields.csv:5: converter: 'text' does not fit paid; fitting: yuan, fen"),
        ("line,title,a,yuan\n", "fields.csv:5: converter: 'yuan' does not fit title; fitting: text, sku, "),
        ("order,paid_at,a,time\n", "fields.csv:5: converter: 'time' is not known; "),
        (
            "order,platform_order_id,b,text\n",
            "fields.csv:5: field: 'platform_order_id' is mapped twice (first on line 2); use a|b for alternatives",
        ),
    ],
)
def test_wrong_row_names_line_value_and_nearest(row: str, said: str):
    assert refused(row).startswith(said)


@pytest.mark.parametrize("missing", REQUIRED.splitlines())
def test_field_that_every_platform_needs_must_be_mapped(missing: str):
    record, field = missing.split(",")[:2]

    said = refused("order,paid,a,yuan\n", HEAD + REQUIRED.replace(missing + "\n", ""))

    assert (
        said == f"fields.csv:4: field: 'paid' ends the file, and {record} {field} is not mapped; it must be"
    )


def test_file_without_rows_is_refused():
    with pytest.raises(ConfigError, match=r"^fields\.csv:1: nothing is mapped"):
        read_field_map(HEAD, "fields.csv")


def test_alternatives_and_constants_are_read():
    rows = "order,paid,payment | total.fee,yuan\norder,currency,=CNY,text\n"

    field_map = read_field_map(HEAD + REQUIRED + rows, "fields.csv")

    assert field_map.order[-2:] == (
        FieldRule("paid", ("payment", "total.fee"), None, "yuan", 5),
        FieldRule("currency", (), "CNY", "text", 6),
    )


@pytest.mark.parametrize("name", platform_names())
def test_shipped_platform_loads_and_its_version_follows_its_files(name: str):
    platform = load_platform(name)

    assert platform.spec.name == name
    assert platform.field_map.source == (paths.platforms_directory() / name / "fields.csv").read_text("utf-8")
    assert platform.mapping_version == load_platform(name).mapping_version
    fields = replace(platform.field_map, source=f"{platform.field_map.source}# a comment\n")
    others = [
        replace(platform, source=f"{platform.source}# a comment\n"), replace(platform, field_map=fields),
    ]  # fmt: skip
    assert len({each.mapping_version for each in (platform, *others)}) == 3


def test_unknown_platform_names_the_nearest():
    with pytest.raises(ConfigError, match="platform 'taobo' does not exist; did you mean 'taobao'"):
        load_platform("taobo")
