"""What the files of a manifest say, part by part: which file holds which list.

Not for how they become durable (`manifest_files`) or look (`sheets`, `pick_book`).
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import groupby, islice
from operator import itemgetter
from pathlib import Path

from sqlalchemy import Connection, text

from orderhub.clock import BEIJING
from orderhub.config.models import MerchantConfig
from orderhub.config.parse import parse_config
from orderhub.db.engine import Database
from orderhub.db.reading import blocks_of, texts_of
from orderhub.db.sql_files import statement
from orderhub.errors import StopError
from orderhub.fulfillment.labels import Labels
from orderhub.fulfillment.pick_book import Document, Pick, write_pick_book
from orderhub.fulfillment.sheets import Row, Sheet, write_csv, write_csv_blocks, write_workbook
from orderhub.privacy.masks import mask_numbers

#: A sheet ends at 1,048,576 rows, and people stop opening files long before.
WORKBOOK_LINES = 50_000
Write = Callable[[Path], None]
Files = Iterator[tuple[str, Write]]
_MANIFEST = text("""
    select m.manifest_id, m.warehouse_id, m.cutoff_at, m.amendment, m.is_shadow, m.state, m.order_count,
        m.line_count, m.quantity_total, m.closed_at, c.files as config
    from core.manifests as m
    join ops.config_versions as c using (config_version)
    where m.manifest_id = :manifest_id""")


@dataclass(frozen=True)
class Manifest:
    """A closed manifest and everything its files say besides the lines."""

    manifest_id: str
    warehouse_id: str
    cutoff_at: datetime
    amendment: int
    is_shadow: bool
    state: str
    order_count: int
    line_count: int
    quantity_total: int
    closed_at: datetime
    config: MerchantConfig

    @property
    def folder(self) -> str:
        """Return warehouse/instant in Beijing time; seconds only where a cut-off by hand has them."""
        form = "%Y%m%d-%H%M%S" if self.cutoff_at.second else "%Y%m%d-%H%M"
        amendment = f"-amendment-{self.amendment}" if self.amendment else ""
        return f"{self.warehouse_id}/{self.cutoff_at.astimezone(BEIJING):{form}}{amendment}"

    def caption(self, labels: Labels) -> str:
        """Return the line above the header: which building, which cut-off, how much."""
        names = {warehouse.id: warehouse.name for warehouse in self.config.warehouses}
        amendment = f" #{self.amendment}" if self.amendment else ""
        return labels.caption.format(
            warehouse=names.get(self.warehouse_id, self.warehouse_id),
            cutoff=f"{self.cutoff_at.astimezone(BEIJING):%Y-%m-%d %H:%M}{amendment}",
            orders=self.order_count,
            lines=self.line_count,
            pieces=self.quantity_total,
        )


def load_manifest(database: Database, manifest_id: str) -> Manifest:
    """Return a manifest that has files.

    Raises:
        StopError: there is none of that id, or it is a shadow.
    """
    with database.read() as connection:
        row = connection.execute(_MANIFEST, {"manifest_id": manifest_id}).mappings().one_or_none()
    if row is None:
        raise StopError(f"manifest {manifest_id} does not exist; ./hub manifest list shows those that do")
    if row["is_shadow"]:
        raise StopError(f"manifest {manifest_id} is a shadow: it is decided and never handed over")
    facts = dict(row)
    return Manifest(config=parse_config(facts.pop("config")), **facts)


def _lists(connection: Connection, manifest: Manifest, labels: Labels) -> Files:
    lines = blocks_of(connection, statement("core/shipping_rows"), _parameters(manifest))
    yield "shipping_list.csv", lambda path: write_csv_blocks(path, labels.shipping, lines)
    picks = _picking(connection, manifest, labels)
    yield "pick_list.csv", lambda path: write_csv(path, labels.picking, picks)


def _labels(connection: Connection, manifest: Manifest, labels: Labels) -> Files:
    handed = _handover(connection, manifest, labels)
    yield "handover_list.csv", lambda path: write_csv(path, labels.handover, handed)
    imported = _importing(connection, manifest)
    yield "label_import.csv", lambda path: write_csv(path, labels.importing, imported)


def _books(connection: Connection, manifest: Manifest, labels: Labels) -> Files:
    """Yield workbooks, then pick books; those of a kind share one reading of the lines."""
    caption, counts = manifest.caption(labels), labels.counts
    lines = _shipping(connection, manifest)
    others = (
        (labels.picking_sheet, labels.picking, _picking(connection, manifest, labels)),
        (labels.handover_sheet, labels.handover, _handover(connection, manifest, labels)),
    )
    for number in range(_books_needed(manifest)):
        part = islice(lines, WORKBOOK_LINES)
        sheets = [Sheet(labels.shipping_sheet, caption, labels.shipping, part, counts)]
        for name, header, rows in others:
            some = list(islice(rows, WORKBOOK_LINES))
            if some or number == 0:
                sheets.append(Sheet(name, caption, header, some, counts))
        yield _numbered("manifest", number, "xlsx"), partial(_write_sheets, manifest.closed_at, sheets)
    walk = [
        Pick(*map(_text, row))
        for row in _stream(connection, "core/pick_rows", {"manifest_id": manifest.manifest_id})
    ]
    documents = _documents(connection, manifest)
    for number in range(_books_needed(manifest)):
        book = partial(_write_book, manifest, labels, walk, documents, is_first=number == 0)
        yield _numbered("pick_list", number, "pdf"), book


#: Part → what yields its files: each file's name and what writes it.
WRITERS: Mapping[str, Callable[[Connection, Manifest, Labels], Files]] = {
    "lists": _lists,
    "labels": _labels,
    "books": _books,
}


def _books_needed(manifest: Manifest) -> int:
    return max(1, -(-manifest.line_count // WORKBOOK_LINES))


def _numbered(stem: str, number: int, suffix: str) -> str:
    return f"{stem}-{number + 1}.{suffix}" if number else f"{stem}.{suffix}"


def _write_sheets(created_at: datetime, sheets: list[Sheet], path: Path) -> None:
    write_workbook(path, created_at, sheets)


def _write_book(
    manifest: Manifest, labels: Labels, walk: list[Pick], documents: Iterator[Document], path: Path,
    *, is_first: bool,
) -> None:  # fmt: skip
    """Write the next documents up to the limit of a file; the walk along the shelves is in the first."""
    part = list(_next_documents(documents))
    write_pick_book(
        path, manifest.closed_at, manifest.caption(labels), labels, walk if is_first else [], part
    )


def _next_documents(documents: Iterator[Document]) -> Iterator[Document]:
    lines = 0
    for document in documents:
        yield document
        lines += len(document.lines)
        if lines >= WORKBOOK_LINES:
            return


def _shipping(connection: Connection, manifest: Manifest) -> Iterator[Row]:
    return _stream(connection, "core/shipping_rows", _parameters(manifest))


def _picking(connection: Connection, manifest: Manifest, labels: Labels) -> Iterator[Row]:
    for wave, *row in _stream(connection, "core/pick_rows", {"manifest_id": manifest.manifest_id}):
        yield (labels.waves[_text(wave)], *row)


def _handover(connection: Connection, manifest: Manifest, labels: Labels) -> Iterator[Row]:
    shops, carriers = _shops(manifest), _carriers(manifest)
    rows = _stream(connection, "core/handover_rows", {"manifest_id": manifest.manifest_id})
    for carrier, document, shop, order, pieces, wave in rows:
        name = carriers.get(carrier, carrier) if carrier else labels.no_carrier
        yield (name, document, shops.get(_text(shop), shop), order, pieces, labels.waves[_text(wave)])


def _importing(connection: Connection, manifest: Manifest) -> Iterator[Row]:
    shops, carriers = _shops(manifest), _carriers(manifest)
    for row in _stream(connection, "core/label_rows", _parameters(manifest)):
        document, order, shop, *rest, carrier, collected, message = row
        yield (
            document, order, shops.get(_text(shop), shop), *rest, carriers.get(_text(carrier), carrier),
            collected, mask_numbers(_text(message)),
        )  # fmt: skip


def _documents(connection: Connection, manifest: Manifest) -> Iterator[Document]:
    rows = _stream(connection, "core/pick_documents", {"manifest_id": manifest.manifest_id})
    for (wave, document), lines in groupby(rows, key=itemgetter(0, 1)):
        picks = tuple(Pick(_text(wave), *map(_text, line[2:])) for line in lines)
        yield Document(_text(document), _text(wave), picks)


def _shops(manifest: Manifest) -> Mapping[str, str]:
    return {shop.id: shop.name for shop in manifest.config.shops}


def _carriers(manifest: Manifest) -> Mapping[str, str]:
    return {carrier.id: carrier.name for carrier in manifest.config.carriers.carriers}


def _parameters(manifest: Manifest) -> dict[str, object]:
    masked = [shop.id for shop in manifest.config.shops if shop.export_policy == "masked"]
    shops = json.dumps(_shops(manifest), ensure_ascii=False)
    return {"manifest_id": manifest.manifest_id, "masked_shops": masked, "shops": shops}


def _text(value: str | None) -> str:
    return value or ""


def _stream(connection: Connection, name: str, parameters: Mapping[str, object]) -> Iterator[list[str]]:
    return texts_of(connection, statement(name), parameters)
