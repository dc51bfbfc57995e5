"""`calendar.csv`: closed days of warehouses and carriers, areas to which nothing is sent. May be absent."""

from collections.abc import Mapping, Sequence
from datetime import date

from orderhub.config.csv_table import Row, read_table
from orderhub.config.located_yaml import nearest
from orderhub.config.moments import beijing_day
from orderhub.domain.calendar import CalendarKind, Closing
from orderhub.domain.province import PROVINCES

FILE = "calendar.csv"
COLUMNS = ("kind", "id", "from", "to", "what")
#: What each kind may do; the word is asked for, so that a row can be read aloud.
_WHAT = {
    CalendarKind.WAREHOUSE: "closed",
    CalendarKind.CARRIER: "closed",
    CalendarKind.AREA: "suspended",
}
Places = Sequence[tuple[str, str]]


def read_calendar(
    source: str,
    warehouses: Sequence[str],
    regions: Mapping[str, Places],
    carriers: Sequence[str] | None = None,
) -> tuple[Closing, ...]:
    """Return the rows of the calendar.

    Args:
        source: the file's text.
        warehouses: ids that exist.
        regions: region set → places.
        carriers: ids that exist; None: any name is taken.

    Raises:
        ConfigError: the first thing wrong, with file and line.
    """
    known = {CalendarKind.WAREHOUSE: list(warehouses), CalendarKind.CARRIER: carriers}
    closings = []
    for row in read_table(source, FILE, COLUMNS, ("comment",)):
        kind = _kind(row)
        if row["what"] != _WHAT[kind]:
            raise row.refuse("what", f"is not what this kind can be; allowed: {_WHAT[kind]}")
        first_day, last_day = _day(row, "from"), _day(row, "to")
        if last_day < first_day:
            raise row.refuse("to", f"is before {row['from']}; it is the last day")
        if kind is CalendarKind.AREA:
            places = frozenset(_places(row, regions))
        else:
            places = frozenset()
            allowed = known[kind]
            if not row["id"] or (allowed is not None and row["id"] not in allowed):
                raise row.refuse("id", f"does not exist; {nearest(row['id'], list(allowed or ()))}")
        closings.append(Closing(kind, row["id"], first_day, last_day, row["comment"], places))
    return tuple(closings)


def _kind(row: Row) -> CalendarKind:
    kinds = [kind.value for kind in CalendarKind]
    if row["kind"] not in kinds:
        raise row.refuse("kind", f"is not known; {nearest(row['kind'], kinds)}")
    return CalendarKind(row["kind"])


def _day(row: Row, column: str) -> date:
    try:
        return beijing_day(row[column])
    except ValueError as error:
        raise row.refuse(column, str(error)) from None


def _places(row: Row, regions: Mapping[str, Places]) -> Places:
    """Return the places of a region set, of a province, or of a city written as 浙江省/金华市."""
    if row["id"] in regions:
        return regions[row["id"]]
    province, _, city = row["id"].partition("/")
    if province not in PROVINCES:
        hint = nearest(province, [*regions, *PROVINCES])
        raise row.refuse("id", f"is no region set, province or province/city; {hint[:200]}")
    return ((province, city),)
