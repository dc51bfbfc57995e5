"""Records what warehouses say has left: parcels, their lines, and the reservations that end with them.

The same report again, in any order and however often, changes nothing. Where it came from does not matter:
a WMS that was asked, one that pushed, a sheet of tracking numbers, a person who asked.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any, Literal

from sqlalchemy import Connection, Row, text

from orderhub.clock import Clock
from orderhub.db.copy import copy_rows
from orderhub.db.document_locks import DOCUMENTS_FIRST
from orderhub.db.sql_files import statement
from orderhub.domain.parcels import (
    DocumentLine,
    Doubt,
    Explained,
    Parcel,
    by_number,
    explain_parcels,
    is_number,
    plain_number,
)
from orderhub.fulfillment.strangers import Numbers

_SHIPMENTS = text("""
    create temporary table reported_shipments (
        shipment_id text collate "C" primary key, fulfillment_order_id text collate "C",
        order_id text collate "C",
        warehouse_id text, carrier_code text, tracking_number text, weight_g integer, shipped_at timestamptz
    ) on commit drop""")
_LINES = text("""
    create temporary table reported_lines (
        shipment_id text collate "C", line_id text collate "C", quantity bigint
    ) on commit drop""")
_SHIPMENT_COLUMNS = (
    "shipment_id", "fulfillment_order_id", "order_id", "warehouse_id", "carrier_code", "tracking_number",
    "weight_g", "shipped_at",
)  # fmt: skip
_LABELS = text("""
    select fulfillment_order_id, carrier_id, tracking_number from core.waybills
    where fulfillment_order_id = any(:documents) and state = 'got'""")
_DOUBT = text("""
    insert into core.shipment_doubts (doubt_id, warehouse_id, subject, reason, evidence, seen_at)
    values (:doubt_id, :warehouse_id, :subject, :reason, cast(:evidence as jsonb), :now)
    on conflict (doubt_id) do update
    set evidence = excluded.evidence, seen_at = excluded.seen_at, resolved_at = null
    where shipment_doubts.resolved_at is not null and shipment_doubts.evidence <> excluded.evidence""")
#: Otherwise the planner expects a thousand parcels, and would read all that ever left.
_COUNT_ANEW = text("analyze reported_shipments, reported_lines")
_OLD_TABLES = text("drop table if exists reported_shipments, reported_lines, posted_reservations")
#: A line of a document, the parcel, its (line, pieces) of that document.
_Taken = tuple[Row[Any], Parcel, tuple[tuple[str, int], ...]]


@dataclass(frozen=True)
class Report:
    """What a warehouse says of one document, or of several that are one to it.

    Attributes:
        subject: the document as the warehouse named it, for people.
        fulfillment_order_id: ours; None where nobody knows what the warehouse means.
        parcels: every parcel it knows of.
        is_final: nothing more will leave.
        second_id: its number at the WMS, where that is another than the one we know: the WMS made two of one.
        others: the documents merged with it, of which the parcels speak as well.
    """

    subject: str
    fulfillment_order_id: str | None
    parcels: tuple[Parcel, ...]
    is_final: bool = False
    second_id: str = ""
    others: tuple[str, ...] = ()

    @property
    def documents(self) -> tuple[str, ...]:
        """Return all documents that it speaks of."""
        return (self.fulfillment_order_id, *self.others) if self.fulfillment_order_id else ()


@dataclass(frozen=True)
class Recorded:
    """What reports changed: new parcels, reservations posted, documents that have left whole, new doubts."""

    parcels: int
    posted: int
    documents: int
    doubts: int

    def plus(self, other: "Recorded") -> "Recorded":
        """Return the sums."""
        return Recorded(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))


def record_reports(
    connection: Connection,
    clock: Clock,
    warehouse_id: str,
    reports: Sequence[Report],
    source: Literal["wms", "file", "hand"],
) -> Recorded:
    """Record `reports` in the caller's transaction; a reservation is posted once, when all of it has left."""
    documents = sorted({document for report in reports for document in report.documents})
    connection.execute(DOCUMENTS_FIRST)
    connection.execute(statement("core/lock_stock_of_reports"), {"documents": documents})
    rows = connection.execute(statement("core/reported_documents"), {"documents": documents})
    known = {name: list(lines) for name, lines in groupby(rows, key=attrgetter("fulfillment_order_id"))}
    connection.execute(_OLD_TABLES)
    connection.execute(_SHIPMENTS)
    connection.execute(_LINES)
    doubts, taken = 0, list[_Taken]()
    together = list(_merged(map(_plain, reports)))
    numbers = Numbers(connection, together)
    labels = {row.fulfillment_order_id: row for row in connection.execute(_LABELS, {"documents": documents})}
    for report in together:
        lines = [line for document in report.documents for line in known.get(document, [])]
        # What a person says of a parcel was asked for.
        of_others = numbers.of_others(report) if source != "hand" else {}
        explained = _explained(report, lines, of_others)
        odd = (*explained.doubts, *_other_labels(report, lines, labels, is_whole=source != "wms"))
        doubts += write_doubts(connection, clock, warehouse_id, report.subject, odd)
        taken += _by_document(explained, lines)
    _copy(connection, warehouse_id, taken, clock.now())
    return _post(connection, clock, documents, source, doubts)


def _plain(report: Report) -> Report:
    """Return the report with its numbers as all write them, each of them once."""
    parcels = [replace(one, tracking_number=plain_number(one.tracking_number)) for one in report.parcels]
    return replace(report, parcels=by_number(parcels))


def _merged(reports: Iterable[Report]) -> Iterator[Report]:
    """Yield one report per document, so that one said twice is one."""
    together: dict[str, Report] = {}
    for report in reports:
        key = f"{report.fulfillment_order_id or report.subject}|{report.second_id}"
        first = together.setdefault(key, report)
        if first is not report:
            is_final = first.is_final or report.is_final
            new = tuple(parcel for parcel in report.parcels if parcel not in first.parcels)
            together[key] = replace(first, parcels=by_number(first.parcels + new), is_final=is_final)
    yield from together.values()


def _by_document(explained: Explained, lines: Sequence[Row[Any]]) -> Iterator[_Taken]:
    """Yield each new parcel once for every document of which it holds something, or for all."""
    named = {_line_key(line): line for line in lines}
    of_all = [(line, 0) for line in lines if line.state != "cancelled"]
    for parcel, inside in explained.taken:
        rows = [(named[key], pieces) for key, pieces in inside] or of_all
        for _, group in groupby(
            sorted(rows, key=lambda one: one[0].fulfillment_order_id),
            key=lambda one: one[0].fulfillment_order_id,
        ):
            some = list(group)
            yield some[0][0], parcel, tuple((line.line_id, pieces) for line, pieces in some if pieces)


def _line_key(line: Row[Any]) -> str:
    return f"{line.fulfillment_order_id}#{line.line_id}"


def _explained(report: Report, lines: Sequence[Row[Any]], of_others: Mapping[str, str]) -> Explained:
    if not lines:
        unknown = Doubt("unknown_order", "-", {}) if report.parcels else None
        return Explained((), (unknown,) if unknown else ())
    if report.second_id:
        second = Doubt("second_document", report.second_id, {"wms_order_id": report.second_id})
        return Explained((), (second,))
    standing = [line for line in lines if line.state != "cancelled"]
    if not standing:
        numbers = ", ".join(parcel.tracking_number for parcel in report.parcels)
        gone = (Doubt("shipped_after_cancel", "-", {"tracking_numbers": numbers}),) if report.parcels else ()
        return Explained((), gone)
    return explain_parcels(
        [
            DocumentLine(_line_key(r), r.sku_id, r.quantity, r.shipped)
            for r in standing
            if r.reservation_state != "voided"
        ],
        {plain_number(number) for row in lines for number in row.tracking_numbers},
        report.parcels,
        is_final=report.is_final,
        of_others=of_others,
    )


def _other_labels(
    report: Report, lines: Sequence[Row[Any]], labels: Mapping[str, Row[Any]], *, is_whole: bool
) -> Iterator[Doubt]:
    """Yield labels that the hub took and that nothing left by: they are paid for, and collect nothing."""
    left = {plain_number(number) for line in lines for number in line.tracking_numbers}
    left |= {parcel.tracking_number for parcel in report.parcels if is_number(parcel.tracking_number)}
    for label in filter(None, map(labels.get, report.documents)):
        if left and label.tracking_number not in left and (report.is_final or is_whole):
            figures = {
                "label": f"{label.carrier_id} {label.tracking_number}",
                "left_by": ", ".join(sorted(left)),
            }
            yield Doubt("another_label", label.tracking_number, figures)


def write_doubts(
    connection: Connection, clock: Clock, warehouse_id: str, subject: str, doubts: Iterable[Doubt]
) -> int:
    """Write what does not fit about a document or a return, and return how many doubts are new.

    One that a person closed opens again when its figures are others.
    """
    return sum(
        connection.execute(
            _DOUBT,
            {
                "doubt_id": f"{subject}|{doubt.reason}|{doubt.detail}",
                "warehouse_id": warehouse_id,
                "subject": subject,
                "reason": doubt.reason,
                "evidence": json.dumps(dict(doubt.figures), ensure_ascii=False),
                "now": clock.now(),
            },
        ).rowcount
        for doubt in doubts
    )


def _copy(connection: Connection, warehouse_id: str, taken: Sequence[_Taken], now: datetime) -> None:
    """Copy what is taken to the temporary tables; it left after its document was made, and by now.

    Whatever a warehouse's clock says: a time still to come would be applied again at every count until then,
    and nobody would look for the scan of what left years ago.
    """
    ids = [f"{row.fulfillment_order_id}#{parcel.tracking_number}" for row, parcel, _ in taken]
    parcels = [
        (
            shipment_id, row.fulfillment_order_id, row.order_id, warehouse_id, parcel.carrier_code,
            parcel.tracking_number, parcel.weight_g,
            min(max(parcel.shipped_at, row.allocated_at), now).isoformat(),
        )
        for shipment_id, (row, parcel, _) in zip(ids, taken, strict=True)
    ]  # fmt: skip
    inside = [
        (shipment_id, *line) for shipment_id, (_, _, lines) in zip(ids, taken, strict=True) for line in lines
    ]
    copy_rows(connection, "reported_shipments", _SHIPMENT_COLUMNS, parcels)
    copy_rows(connection, "reported_lines", ("shipment_id", "line_id", "quantity"), inside)
    connection.execute(_COUNT_ANEW)


def post_short(connection: Connection, clock: Clock, documents: list[str]) -> None:
    """Post the reservations of `documents` of which a part has left and the rest will not.

    In the caller's transaction; their stock is locked. One of which nothing left stays as it is.
    """
    connection.execute(statement("core/lock_stock_of_reports"), {"documents": documents})
    connection.execute(_OLD_TABLES)
    _post_reservations(connection, clock, documents, "short_shipped", is_over=True)


def _post_reservations(
    connection: Connection, clock: Clock, documents: list[str], resolution: str, *, is_over: bool
) -> int:
    stamp = {"now": clock.now()}
    connection.execute(statement("core/posted_reservations"), {"documents": documents, "is_over": is_over})
    posted: int = connection.execute(
        statement("core/post_reservations"), {**stamp, "resolution": resolution}
    ).rowcount
    connection.execute(statement("core/posted_ledger"), stamp)
    connection.execute(statement("core/post_stock"))
    return posted


def _post(connection: Connection, clock: Clock, documents: list[str], source: str, doubts: int) -> Recorded:
    stamp = {"now": clock.now()}
    named = {"documents": documents}
    parcels = connection.execute(statement("core/shipments"), {**stamp, "source": source}).rowcount
    connection.execute(statement("core/shipment_lines"))
    posted = _post_reservations(connection, clock, documents, "shipped", is_over=False)
    whole = connection.execute(statement("core/shipped_documents"), {**named, **stamp}).rowcount
    connection.execute(statement("core/tracking_writes"), stamp)
    return Recorded(parcels, posted, whole, doubts)
