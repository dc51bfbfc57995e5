"""Addresses: only what is written or exists once counts; the rest is named as vague, never guessed."""

import csv
import gzip
import os
from collections import Counter
from pathlib import Path

import pytest

from orderhub import paths
from orderhub.domain.address import AddressVerdict, ParsedAddress, parse_address
from orderhub.domain.division_names import STAND_INS
from orderhub.platforms.address import gazetteer

NO_COLUMNS = ("", "", "")


def parse(text: str, columns: tuple[str, str, str] = NO_COLUMNS) -> ParsedAddress:
    return parse_address(gazetteer(), columns, text)


def regions(parsed: ParsedAddress) -> tuple[str | None, str | None, str | None]:
    return parsed.province, parsed.city, parsed.district


@pytest.mark.parametrize(
    "text, expected",
    [
        ("浙江省杭州市西湖区文三路478号", ("浙江省", "杭州市", "西湖区")),
        ("浙江 杭州 西湖区 文三路478号", ("浙江省", "杭州市", "西湖区")),
        ("中国浙江省-杭州市-西湖区-文三路478号", ("浙江省", "杭州市", "西湖区")),
        ("江苏南京鼓楼区中山北路1号", ("江苏省", "南京市", "鼓楼区")),
        ("上海浦东新区世纪大道100号", ("上海市", "上海市", "浦东新区")),
        ("上海市市辖区黄浦区南京东路1号", ("上海市", "上海市", "黄浦区")),
        ("北京市北京市朝阳区建国路88号", ("北京市", "北京市", "朝阳区")),
        ("重庆忠县忠州镇1号", ("重庆市", "重庆市", "忠县")),
        ("吉林吉林市船营区北京路1号", ("吉林省", "吉林市", "船营区")),
        ("新疆伊宁市上海城徐汇苑", ("新疆维吾尔自治区", "伊犁哈萨克自治州", "伊宁市")),
        ("恩施州恩施市舞阳大道1号", ("湖北省", "恩施土家族苗族自治州", "恩施市")),
        ("杭州市下城区武林路5号", ("浙江省", "杭州市", "下城区")),
    ],
)
def test_regions_are_read_as_buyers_write_them(text: str, expected: tuple[str, str, str]) -> None:
    parsed = parse(text)

    assert (expected, AddressVerdict.OK) == (regions(parsed), parsed.verdict)


@pytest.mark.parametrize("text", ["鼓楼区中山路1号楼", "江苏省鼓楼区中山路1号楼", "朝阳区建国路88号"])
def test_a_district_name_that_exists_in_several_cities_is_ambiguous(text: str) -> None:
    parsed = parse(text)

    assert (AddressVerdict.AMBIGUOUS, None) == (parsed.verdict, parsed.city)


def test_an_ambiguous_name_lists_its_candidates() -> None:
    assert ["南京市鼓楼区", "徐州市鼓楼区"] == sorted(parse("江苏省鼓楼区中山路1号").evidence["candidates"])


def test_a_district_that_exists_once_implies_city_and_province() -> None:
    parsed = parse("义乌市稠江街道1号")

    assert ("浙江省", "金华市", "义乌市") == regions(parsed)
    assert {"district": "literal", "city": "implied", "province": "implied"} == parsed.evidence


@pytest.mark.parametrize(
    "text, expected",
    [
        ("广东省东莞市南城街道1号", ("广东省", "东莞市", None)),
        ("广东中山小榄镇2号院", ("广东省", "中山市", None)),
        ("海南省儋州市那大镇1号", ("海南省", "儋州市", None)),
        ("甘肃省嘉峪关市新华路1号", ("甘肃省", "嘉峪关市", None)),
    ],
)
def test_cities_without_districts_need_none(text: str, expected: tuple[str, str, None]) -> None:
    parsed = parse(text)

    assert (expected, AddressVerdict.OK) == (regions(parsed), parsed.verdict)


@pytest.mark.parametrize(
    "text, expected",
    [
        ("湖北省神农架林区松柏镇1号", ("湖北省", None, "神农架林区")),
        ("海南省文昌市文城镇1号", ("海南省", None, "文昌市")),
    ],
)
def test_counties_run_by_their_province_need_no_city(text: str, expected: tuple[str, None, str]) -> None:
    parsed = parse(text)

    assert (expected, AddressVerdict.OK) == (regions(parsed), parsed.verdict)


@pytest.mark.parametrize(
    "text, verdict",
    [
        ("", AddressVerdict.MISSING_PROVINCE),
        ("北京路100号", AddressVerdict.MISSING_PROVINCE),
        ("浙江省文三路478号", AddressVerdict.MISSING_CITY),
        ("杭州市翠苑小区3栋", AddressVerdict.MISSING_DISTRICT),
        ("浙江省杭州市西湖区同上地址", AddressVerdict.PLACEHOLDER),
        ("浙江省杭州市西湖区 test 1号楼", AddressVerdict.PLACEHOLDER),
        ("浙江省杭州市西湖区3栋", AddressVerdict.TOO_SHORT),
        ("浙江省杭州市西湖区文三路中段那边", AddressVerdict.NO_BUILDING),
    ],
)
def test_what_is_vague_is_named(text: str, verdict: AddressVerdict) -> None:
    assert verdict == parse(text).verdict


@pytest.mark.parametrize(
    "text, district",
    [
        ("成都市高新区科园2路10号", "高新区"),
        ("江苏苏州工业园区星湖街1号", "工业园区"),
        ("河北省石家庄市辛集市兴华路1号", "辛集市"),
        ("山西省长治市潞城区府前街1号", "潞城区"),
    ],
)
def test_a_new_district_or_zone_after_its_city_is_taken_as_written(text: str, district: str) -> None:
    parsed = parse(text)

    assert (district, "unlisted") == (parsed.district, parsed.evidence["district"])


@pytest.mark.parametrize("text", ["杭州湾新区兴慈一路368号", "南京东路1号楼", "重庆路100号院"])
def test_a_short_name_inside_another_name_is_no_region(text: str) -> None:
    assert AddressVerdict.MISSING_PROVINCE == parse(text).verdict


def test_a_short_name_before_a_district_whose_name_begins_like_a_street_is_read() -> None:
    assert ("北京市", "北京市", "东城区") == regions(parse("北京东城区东直门南大街14号"))


@pytest.fixture(scope="module")
def divisions() -> list[tuple[str, str, str]]:
    data = Path(os.environ.get("ORDERHUB_SHARED_DATA") or paths.project_root().parent / "shared" / "data")
    file = data / "cn-divisions" / "divisions_2023_province_city_area_street.csv.gz"
    if not file.is_file():
        pytest.skip(f"{file.name} is not here; set ORDERHUB_SHARED_DATA to the folder of reference data")
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        return sorted({(row["province"], row["city"], row["area"]) for row in csv.DictReader(lines)})


def test_no_district_of_china_is_put_into_another_city(divisions: list[tuple[str, str, str]]) -> None:
    wrong = []
    for province, city, district in divisions:
        known_city = "" if city in STAND_INS else city
        parsed = parse(f"{province}{known_city}{'' if district == city else district}人民路100号1栋")
        if parsed.province != province or (known_city and parsed.city != known_city):
            wrong.append((province, city, district))

    assert [] == wrong


def test_all_but_a_few_full_addresses_of_the_country_are_ok(divisions: list[tuple[str, str, str]]) -> None:
    held = [
        district
        for province, city, district in divisions
        if parse(
            f"{province}{'' if city in STAND_INS else city}{'' if district == city else district}人民路100号1栋"
        ).verdict
        is not AddressVerdict.OK
    ]

    assert len(held) <= 30, held


def test_every_district_name_that_exists_repeatedly_is_ambiguous(
    divisions: list[tuple[str, str, str]],
) -> None:
    repeated = [
        name for name, times in Counter(district for _, _, district in divisions).items() if times > 1
    ]

    verdicts = {name: parse(f"{name}人民路100号1栋").verdict for name in repeated}

    assert dict.fromkeys(repeated, AddressVerdict.AMBIGUOUS) == verdicts


def test_columns_win_and_the_text_may_repeat_them() -> None:
    parsed = parse("浙江省杭州市西湖区文三路478号", ("浙江", "杭州", "西湖区"))

    assert (("浙江省", "杭州市", "西湖区"), "文三路478号") == (regions(parsed), parsed.detail)


def test_the_text_fills_what_the_columns_leave_out() -> None:
    parsed = parse("杭州市西湖区文三路478号", ("浙江省", "", ""))

    assert {"province": "column", "city": "literal", "district": "literal"} == parsed.evidence


def test_text_that_contradicts_its_columns_is_ambiguous() -> None:
    assert AddressVerdict.AMBIGUOUS == parse("江苏省南京市鼓楼区1号楼", ("浙江省", "", "")).verdict


def test_the_plain_detail_never_shows_in_a_representation() -> None:
    assert "文三路" not in repr(parse("浙江省杭州市西湖区文三路478号"))
