"""Days on which a warehouse or a carrier does not work, and on which parcels to an area are suspended (停发).

Standard library only. Days are business days, Asia/Shanghai; the caller turns an instant into one.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum


class CalendarKind(StrEnum):
    """What a row of the calendar is about."""

    WAREHOUSE = "warehouse"
    CARRIER = "carrier"
    AREA = "area"


@dataclass(frozen=True, slots=True)
class Closing:
    """One row of the calendar.

    Attributes:
        kind: what it is about.
        id: the warehouse, the carrier, or the area as the file names it.
        first_day: the first day of it.
        last_day: the last day of it.
        comment: why, for people.
        places: of an area: (province, city) pairs; an empty city means the whole province.
    """

    kind: CalendarKind
    id: str
    first_day: date
    last_day: date
    comment: str = ""
    places: frozenset[tuple[str, str]] = frozenset()

    def includes(self, day: date) -> bool:
        """Return whether it lasts on `day`."""
        return self.first_day <= day <= self.last_day

    def lies_in(self, province: str | None, city: str | None) -> bool:
        """Return whether a place is in this area; a place that is not known is in none."""
        if not province:
            return False
        return (province, "") in self.places or (province, city or "") in self.places


class Calendar:
    """All rows of the calendar.

    Args:
        closings: in the order of the file; where several fit, the first answers.
    """

    def __init__(self, closings: Iterable[Closing] = ()) -> None:
        self.closings = tuple(closings)

    def is_closed(self, kind: CalendarKind, subject_id: str, day: date) -> bool:
        """Return whether a warehouse or a carrier does not work on `day`."""
        return self.closing(kind, subject_id, day) is not None

    def closing(self, kind: CalendarKind, subject_id: str, day: date) -> Closing | None:
        """Return the row by which a warehouse or a carrier does not work on `day`; None when it works."""
        found = (row for row in self.on(kind, day) if row.id == subject_id)
        return next(found, None)

    def works_again(self, kind: CalendarKind, subject_id: str, day: date) -> date | None:
        """Return the first day from `day` on on which a warehouse or a carrier works; None: never again."""
        while closing := self.closing(kind, subject_id, day):
            if closing.last_day == date.max:
                return None
            day = closing.last_day + timedelta(days=1)
        return day

    def suspended_area(self, province: str | None, city: str | None, day: date) -> Closing | None:
        """Return the row by which nothing is sent to a place on `day`; None when parcels go there."""
        found = (row for row in self.on(CalendarKind.AREA, day) if row.lies_in(province, city))
        return next(found, None)

    def on(self, kind: CalendarKind, day: date) -> list[Closing]:
        """Return the rows of one kind that last on `day`."""
        return [row for row in self.closings if row.kind is kind and row.includes(day)]

    def ahead(self, day: date, days: int) -> list[Closing]:
        """Return the rows that last, or begin at most `days` days after `day`."""
        return [row for row in self.closings if row.last_day >= day and (row.first_day - day).days <= days]
