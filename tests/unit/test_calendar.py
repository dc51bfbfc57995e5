from datetime import date, datetime

import pytest

from orderhub.clock import BEIJING
from orderhub.config.calendar_file import read_calendar
from orderhub.config.parse import parse_config
from orderhub.domain.calendar import Calendar, CalendarKind, Closing
from orderhub.errors import ConfigError
from orderhub.fulfillment.cutoffs import next_cutoff_at
from tests.builders import FILES, shops_file

HEAD = "kind,id,from,to,what,comment\n"
REGIONS = {"remote": (("新疆维吾尔自治区", ""), ("西藏自治区", ""))}
EVE, LAST, AFTER = date(2026, 2, 15), date(2026, 2, 23), date(2026, 2, 24)


def calendar(*rows: str) -> Calendar:
    source = HEAD + "".join(row + "\n" for row in rows)
    return Calendar(read_calendar(source, ["hangzhou", "yiwu"], REGIONS))


def refused(row: str) -> str:
    with pytest.raises(ConfigError) as caught:
        calendar(row)
    return str(caught.value)


def test_a_closed_warehouse_is_closed_on_its_first_and_on_its_last_day():
    days = calendar("warehouse,hangzhou,2026-02-15,2026-02-23,closed,春节")

    asked = [date(2026, 2, 14), EVE, LAST, AFTER]
    assert [False, True, True, False] == [
        days.is_closed(CalendarKind.WAREHOUSE, "hangzhou", day) for day in asked
    ]
    assert not days.is_closed(CalendarKind.WAREHOUSE, "yiwu", EVE)
    assert not days.is_closed(CalendarKind.CARRIER, "hangzhou", EVE)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ((), date(2026, 2, 15)),
        (("02-10,2026-02-15",), date(2026, 2, 16)),
        (("02-15,2026-02-17", "02-17,2026-02-20", "02-22,2026-02-22"), date(2026, 2, 21)),
        (("02-10,9999-12-31",), None),
    ],
)
def test_a_carrier_works_again_on_the_first_day_that_no_row_closes(
    rows: tuple[str, ...], expected: date | None
):
    days = calendar(*(f"carrier,zto,2026-{row},closed,\n".rstrip() for row in rows))

    assert days.works_again(CalendarKind.CARRIER, "zto", EVE) == expected


def test_a_carriers_days_are_its_own():
    days = calendar("carrier,sf,2026/02/15,2026/02/15,closed,")

    assert days.closing(CalendarKind.CARRIER, "sf", EVE) == Closing(CalendarKind.CARRIER, "sf", EVE, EVE)
    assert not days.is_closed(CalendarKind.WAREHOUSE, "sf", EVE)


@pytest.mark.parametrize(
    ("area", "province", "city", "is_suspended"),
    [
        ("remote", "西藏自治区", "拉萨市", True),
        ("remote", "浙江省", "杭州市", False),
        ("浙江省", "浙江省", None, True),
        ("浙江省/金华市", "浙江省", "金华市", True),
        ("浙江省/金华市", "浙江省", "杭州市", False),
        ("浙江省/金华市", "浙江省", None, False),
        ("浙江省", None, None, False),
    ],
)
def test_an_area_is_a_region_set_a_province_or_a_city(
    area: str, province: str | None, city: str | None, is_suspended: object
):
    days = calendar(f"area,{area},2026-02-15,2026-02-23,suspended,停发")

    assert is_suspended == (days.suspended_area(province, city, LAST) is not None)
    assert days.suspended_area(province, city, AFTER) is None


def test_what_lasts_or_begins_soon_is_ahead():
    days = calendar(
        "warehouse,yiwu,2026-02-01,2026-02-10,closed,",
        "warehouse,hangzhou,2026-02-15,2026-02-23,closed,",
        "area,remote,2026-02-19,2026-02-20,suspended,",
    )

    assert ["hangzhou"] == [row.id for row in days.ahead(date(2026, 2, 12), 3)]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("ware,a,2026-02-15,2026-02-15,closed,", "kind: 'ware' is not known; did you mean 'area'?"),
        ("warehouse,hangzo,2026-02-15,2026-02-15,closed,", "id: 'hangzo' does not exist; did you mean 'hangzhou'?"),
        ("area,浙江,2026-02-15,2026-02-15,suspended,", "id: '浙江' is no region set, province or province/city;"),
        ("area,remote,2026-02-15,2026-02-15,closed,", "what: 'closed' is not what this kind can be; allowed: suspended"),
        ("warehouse,yiwu,2026-02-30,2026-03-01,closed,", "from: '2026-02-30' is not a day such as 2026-11-01"),
        ("warehouse,yiwu,2026-02-20,2026-02-19,closed,", "to: '2026-02-19' is before 2026-02-20; it is the last day"),
    ],
)  # fmt: skip
def test_a_row_that_is_wrong_is_refused_with_its_line(row: str, said: str):
    assert refused(row).startswith(f"calendar.csv:2: {said}")


@pytest.mark.parametrize(
    ("calendar_rows", "following"),
    [
        ("", "2026-11-24 14:00"),
        ("warehouse,hangzhou,2026-11-24,2026-11-25,closed,\n", "2026-11-26 10:00"),
        ("warehouse,hangzhou,2026-11-24,2027-11-25,closed,\n", "9999-12-31 23:59"),
    ],
)
def test_the_next_cutoff_is_the_next_time_of_day_on_an_open_day(calendar_rows: str, following: str):
    two = 'warehouses:\n  - {id: hangzhou, name: 杭州仓, cutoffs: ["14:00", "10:00"]}\n  - {id: yiwu, name: 义乌仓}\n'
    files = {
        **FILES,
        "shops.yaml": shops_file(),
        "warehouses.yaml": two,
        "calendar.csv": HEAD + calendar_rows,
    }
    after = datetime(2026, 11, 24, 10, tzinfo=BEIJING)

    found = next_cutoff_at(parse_config(files), "hangzhou", after)

    assert following == f"{found if found.year > 9000 else found.astimezone(BEIJING):%Y-%m-%d %H:%M}"
