"""Writes labelled addresses as buyers write them, from a table of divisions: for `orderhub address-score`.

The labels are synthetic: real names of divisions and streets, invented roads and houses, and the ways of
writing below. Nothing of orderhub is imported, so that the two can disagree.

    python make_labelled.py divisions.csv.gz changes.tsv --rows 20000 --seed 1 > labelled.csv

`divisions` has the columns province, city, area, street; `changes` is tab separated, its last columns say
old path=>new path, each level followed by its short form on the left side.
"""

# ruff: noqa: INP001, S311 - a script, not part of a package; a seeded list wants a seeded generator
import argparse
import csv
import gzip
import random
import re
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

STAND_INS = {"市辖区", "县", "省直辖县级行政区划", "自治区直辖县级行政区划"}
WHOLE_CITIES = {"东莞市", "中山市", "儋州市", "嘉峪关市"}
MUNICIPALITIES = {"北京市", "上海市", "天津市", "重庆市"}
PROVINCES = {
    "内蒙古自治区": "内蒙古",
    "广西壮族自治区": "广西",
    "西藏自治区": "西藏",
    "宁夏回族自治区": "宁夏",
    "新疆维吾尔自治区": "新疆",
}
PEOPLES = (
    "朝鲜族|土家族|苗族|藏族|羌族|彝族|布依族|侗族|哈尼族|壮族|傣族|白族|景颇族|傈僳族|回族|蒙古族|蒙古"
    "|哈萨克族?|柯尔克孜|满族|瑶族|畲族|黎族|佤族|纳西族|拉祜族|布朗族|独龙族|怒族|普米族|水族|仡佬族"
    "|毛南族|仫佬族|土族|撒拉族|保安族|东乡族|裕固族|锡伯|达斡尔族|各族|塔吉克"
)
ROADS = (
    *(
        "人民路",
        "解放路",
        "建设大道",
        "中山路",
        "文化路",
        "和平街",
        "学府路",
        "滨河路",
        "工业大道",
        "迎宾大道",
    ),
    *("长江路", "黄河路", "新华街", "胜利巷", "北京路", "上海路", "南京东路", "广州大道", "重庆路", "山东路"),
    *("四川北路", "西湖路", "天津街", "延安西路", "大连路", "台湾街", "香港中路"),
)
ESTATES = (
    *("阳光花园", "锦绣家园", "翠苑小区", "上海城", "罗马假日", "金色港湾", "北京华联超市旁", "福建会馆"),
    *("世纪城", "和平里", "兰州拉面馆楼上"),
)
VILLAGES = ("东风村", "李家庄", "上湾村", "红旗屯", "大桥头村", "新民村")
SILENT = (
    *("{road}{number}号", "{estate}{number}栋", "{village}{number}组", "{road}与{other}交叉口{estate}"),
    *(
        "{estate}菜鸟驿站",
        "上海大厦{number}层",
        "北京烤鸭店{number}号",
        "山东会馆{number}楼",
        "电话联系",
        "同上",
    ),
    *("南京银行大厦{number}层", "北京大学{number}号楼", "四川饭店{number}楼", "杭州湾大道{number}号"),
    *("{number}号楼东区", "开发区{road}{number}号", "高新区{road}{number}号", "Room {number}, Building 3"),
)
NAMES = ("张三", "李小明", "王女士", "陈先生", "赵六")
SCRIPTS = {
    "": {},
    "traditional": str.maketrans(
        "东广苏云陕宁辽龙台湾庆县区镇乡号楼国阳汉长济郑门兴头张义华",
        "東廣蘇雲陝寧遼龍臺灣慶縣區鎮鄉號樓國陽漢長濟鄭門興頭張義華",
    ),
    "full_width": str.maketrans("0123456789", "０１２３４５６７８９"),
}
LONGEST_DISTRICT = 4


@dataclass(frozen=True)
class Place:
    """One district, or a city without districts, with one of its streets; empty text where there is none."""

    province: str
    city: str
    area: str
    street: str

    @property
    def label(self) -> tuple[str, str, str]:
        """Return what an address of this place should say."""
        return (self.province, self.city, self.area)


NOWHERE = Place("", "", "", "")


class Country:
    """The table of divisions, with what is needed to know which names are unique."""

    def __init__(self, file: Path) -> None:
        with gzip.open(file, "rt", encoding="utf-8") as lines:
            rows = list(csv.DictReader(lines))
        self.places = [self._place(row) for row in rows]
        districts = {place.label for place in self.places if place.area}
        self.named = Counter(area for _, _, area in districts)
        self.repeated = sorted(name for name, times in self.named.items() if times > 1)
        self.named_in_province = Counter((province, area) for province, _, area in districts)
        self.short_in_city = Counter((province, city, short(area)) for province, city, area in districts)

    @staticmethod
    def _place(row: dict[str, str]) -> Place:
        city = "" if row["city"] in STAND_INS else row["city"]
        city = row["province"] if row["province"] in MUNICIPALITIES else city
        area = "" if row["area"] == row["city"] or row["city"] in WHOLE_CITIES else row["area"]
        return Place(row["province"], city, area, row["street"])


def short(name: str) -> str:
    """Return the form that people use: 浙江, 杭州, 凉山州, 西湖."""
    if name in PROVINCES:
        return PROVINCES[name]
    autonomous = re.match(f"^(.{{2,}}?)(?:{PEOPLES})+自治(州|县|旗)$", name)
    if autonomous:
        return autonomous[1] + autonomous[2]
    if re.search("[前后中左右]旗$", name):
        return name
    stem = re.sub("(新区|林区|省|市|区|县|旗|盟|地区)$", "", name)
    return stem if len(stem) > 1 else name


def is_zone(area: str) -> bool:
    """Say whether an area is a zone of the statistics office, not a district."""
    zone = re.search("开发区|园区|管理区|示范区|实验区|新城|食品区|聚集区|管委会|创意园|风景", area)
    return len(area) > LONGEST_DISTRICT and zone is not None


@dataclass(frozen=True)
class Case:
    """What a way of writing is given."""

    rng: random.Random
    place: Place
    country: Country

    @property
    def below_province(self) -> str:
        """Return the city, unless it is its own province."""
        return "" if self.place.city == self.place.province else self.place.city


def detail(rng: random.Random, place: Place) -> str:
    """Return a road, estate or village with its house, sometimes after the street of the table."""
    road, estate, village, number = (
        rng.choice(ROADS), rng.choice(ESTATES), rng.choice(VILLAGES), rng.randint(1, 999)
    )  # fmt: skip
    kinds = (
        f"{road}{number}号",
        f"{road}{number}号{estate}{rng.randint(1, 30)}栋{rng.randint(101, 2503)}室",
        f"{estate}{rng.randint(1, 30)}栋",
        f"{village}{number}组",
        f"{road}{number}号菜鸟驿站",
    )
    street = place.street if re.search("(街道|镇|乡)$", place.street) else ""
    return rng.choice((street, "")) + rng.choice(kinds)


def _full(case: Case) -> str:
    return case.place.province + case.below_province + case.place.area


def _doubled(case: Case) -> str:
    return case.place.province + case.place.city + case.place.area


def _spaced(case: Case) -> str:
    mark = case.rng.choice((" ", "-", "/", ",", "  "))
    return mark.join(part for part in case.place.label if part) + mark


def _upper_short(case: Case) -> str:
    city = short(case.below_province) if case.below_province else ""
    return short(case.place.province) + city + case.place.area


def _all_short(case: Case) -> str | None:
    place, area = case.place, short(case.place.area)
    if is_zone(place.area) or case.country.short_in_city[(place.province, place.city, area)] != 1:
        return None
    return _upper_short(case).removesuffix(place.area) + area


def _no_province(case: Case) -> str | None:
    return case.place.city + case.place.area if case.place.city else None


def _no_city(case: Case) -> str | None:
    place = case.place
    is_unique = case.country.named_in_province[(place.province, place.area)] == 1
    return place.province + place.area if is_unique and not is_zone(place.area) else None


def _district_alone(case: Case) -> str | None:
    area = case.place.area
    is_word = re.fullmatch("[东西南北城郊矿]区|[城新老]中?城?区", area) is not None
    is_unique = case.country.named[area] == 1
    return area if is_unique and not is_zone(area) and not is_word else None


def _stand_in(case: Case) -> str:
    place = case.place
    city = "市辖区" if place.city == place.province else place.city or "省直辖县级行政区划"
    return place.province + city + place.area


def _person_first(case: Case) -> str:
    name, phone = case.rng.choice(NAMES), f"138{case.rng.randint(0, 99_999_999):08d}"
    forms = (f"{name} {phone} ", f"{name}{phone}", f"收货人:{name},电话:{phone},地址:")
    return case.rng.choice(forms) + _full(case)


def _country_first(case: Case) -> str:
    return case.rng.choice(("中国", "中国·", "(中国)")) + _full(case)


def _bracketed(case: Case) -> str:
    place = case.place
    return case.rng.choice((f"【{_full(case)}】", f"{place.province}({place.city}){place.area}"))


def _said_twice(case: Case) -> str:
    return " ".join(part for part in case.place.label if part) + " " + _full(case)


#: How often each way of writing is taken, and how it is written; None where a place cannot be written so.
WAYS: dict[str, tuple[int, Callable[[Case], str | None]]] = {
    "full": (20, _full), "doubled": (4, _doubled), "spaced": (8, _spaced), "upper_short": (12, _upper_short),
    "all_short": (10, _all_short), "no_province": (12, _no_province), "no_city": (8, _no_city),
    "district_alone": (6, _district_alone), "stand_in": (3, _stand_in), "person_first": (5, _person_first),
    "country_first": (2, _country_first), "bracketed": (2, _bracketed), "said_twice": (3, _said_twice),
}  # fmt: skip


def labelled(rng: random.Random, country: Country) -> tuple[str, tuple[str, str, str], str]:
    """Return text, label and the way it is written."""
    ways = list(WAYS)
    while True:
        way = rng.choices(ways, [WAYS[name][0] for name in ways])[0]
        place = rng.choice(country.places)
        head = WAYS[way][1](Case(rng, place, country))
        if head is not None:
            text = head + detail(rng, place)
            script = rng.choices(("", "traditional", "full_width"), (92, 3, 5))[0]
            return text.translate(SCRIPTS[script]), place.label, f"{way}+{script}".removesuffix("+")


def silent(rng: random.Random) -> str:
    """Return a text that names no division."""
    road, other = rng.sample(ROADS, 2)
    return rng.choice(SILENT).format(
        road=road,
        other=other,
        estate=rng.choice(ESTATES),
        village=rng.choice(VILLAGES),
        number=rng.randint(1, 999),
    )


def ambiguous(rng: random.Random, country: Country) -> str:
    """Return a text with a district that exists in several provinces."""
    return rng.choice(country.repeated) + detail(rng, NOWHERE)


def renamed(rng: random.Random, changes: Path) -> tuple[str, tuple[str, str, str]]:
    """Return a text with an earlier name, and today's."""
    line = rng.choice([line for line in changes.read_text(encoding="utf-8").splitlines() if "=>" in line])
    old, new = line.split("=>")
    today = (*new.split("\t"), "", "")[:3]
    return "".join(old.split("\t")[2::2]) + detail(rng, NOWHERE), (today[0], today[1], today[2])


def main() -> None:
    """Write the lines to standard output."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("divisions", type=Path)
    parser.add_argument("changes", type=Path)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    rng, country = random.Random(asked.seed), Country(asked.divisions)
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(("text", "province", "city", "district", "way"))
    for _ in range(asked.rows):
        match rng.choices(("labelled", "silent", "ambiguous", "renamed"), (84, 10, 3, 3))[0]:
            case "labelled":
                text, label, way = labelled(rng, country)
                writer.writerow((text, *label, way))
            case "silent":
                writer.writerow((silent(rng), "", "", "", "silent"))
            case "ambiguous":
                writer.writerow((ambiguous(rng, country), "", "", "", "ambiguous"))
            case _:
                text, label = renamed(rng, asked.changes)
                writer.writerow((text, *label, "renamed"))


if __name__ == "__main__":
    main()
