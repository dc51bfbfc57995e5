"""Finds tracking numbers that the parcel of another buyer has: one of the two is wrong, and told for good.

Several orders of one buyer may well leave in one parcel, whoever put them together.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from orderhub.db.sql_files import statement

if TYPE_CHECKING:
    from orderhub.fulfillment.shipments import Report


@dataclass(frozen=True)
class Buyer:
    """For whom a document is, as far as anybody knows; empty: nobody does."""

    shop_id: str
    customer_id: str
    region: str

    def is_other(self, buyer: "Buyer") -> bool:
        """Return whether the two are surely not one; a person may buy in several shops."""
        if self.shop_id == buyer.shop_id:
            return bool(self.customer_id and buyer.customer_id) and self.customer_id != buyer.customer_id
        return bool(self.region and buyer.region) and self.region != buyer.region


class Numbers:
    """Who has which number: what is recorded, and what the reports say one after the other."""

    def __init__(self, connection: Connection, reports: Iterable["Report"]) -> None:
        reports = list(reports)
        given = {
            "numbers": sorted({parcel.tracking_number for report in reports for parcel in report.parcels}),
            "documents": sorted({document for report in reports for document in report.documents}),
        }
        self._buyers: dict[str, Buyer] = {}
        self._holders: dict[str, dict[str, Buyer]] = {}
        found = connection.execute(statement("core/holders_of_numbers"), given) if given["numbers"] else ()
        for row in found:
            buyer = Buyer(row.shop_id, row.customer_id or "", row.region)
            if row.number is None:
                self._buyers[row.fulfillment_order_id] = buyer
            else:
                self._holders.setdefault(row.number, {})[row.fulfillment_order_id] = buyer

    def of_others(self, report: "Report") -> Mapping[str, str]:
        """Return number → a document of another buyer that has it; others are the report's from now on."""
        mine = {name: self._buyers[name] for name in report.documents if name in self._buyers}
        found: dict[str, str] = {}
        for parcel in report.parcels:
            holders = self._holders.setdefault(parcel.tracking_number, {})
            strange = _strange(mine, holders)
            if strange and not mine.keys() & holders.keys():
                found[parcel.tracking_number] = strange
            else:
                holders.update(mine)
        return found


def _strange(mine: Mapping[str, Buyer], holders: Mapping[str, Buyer]) -> str | None:
    """Return a document of `holders` that is of none of my buyers; None when one of them is mine."""
    pairs = [
        (name, holder.is_other(buyer)) for name, holder in sorted(holders.items()) for buyer in mine.values()
    ]
    return pairs[0][0] if pairs and all(is_other for _, is_other in pairs) else None
