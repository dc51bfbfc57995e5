"""Draws the pick list that people walk with, as PDF: what to take by shelf, then documents with barcodes.

The font is embedded, so that it prints the same everywhere; the creation date is given, so that the same
lists are the same bytes. Not for deciding what is on it: `orderhub.fulfillment.manifest_lists`.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from pathlib import Path

from orderhub.fulfillment.labels import Labels
from orderhub.fulfillment.sheets import clean_text

_LEFT, _TOP, _BOTTOM, _LINE = 12.0, 14.0, 282.0, 5.5
#: Millimetres from the left margin, how wide, and lines at most: shelf, SKU, title, quantity. What is to be
#: taken, and from where, is never cut.
_COLUMNS = ((0.0, 24.0, None), (26.0, 52.0, None), (80.0, 90.0, 2), (172.0, 16.0, None))
_WIDTH = 186.0
_TITLE, _BODY = 12.0, 9.0
#: Millimetres in a point.
_POINT = 25.4 / 72
_BAR_HEIGHT, _WIDEST_CODE, _THICKEST, _THINNEST = 9.0, 120.0, 0.3, 0.18
_UNKNOWN = "□"


@dataclass(frozen=True)
class Pick:
    """Pieces of one SKU at one shelf, for a wave or a document."""

    wave: str
    location: str
    sku_id: str
    title: str
    quantity: str
    documents: str = ""


@dataclass(frozen=True)
class Document:
    """One fulfillment order and what to take for it."""

    document_id: str
    wave: str
    lines: tuple[Pick, ...]


def write_pick_book(
    path: Path, created_at: datetime, caption: str, labels: Labels, walk: Sequence[Pick],
    documents: Iterable[Document],
) -> None:  # fmt: skip
    """Write a pick list: per wave the walk along the shelves, then its documents."""
    book = _Book(created_at, caption, labels)
    shelves = {wave: list(picks) for wave, picks in groupby(walk, key=attrgetter("wave"))}
    for wave, group in groupby(documents, key=attrgetter("wave")):
        some = list(group)
        pieces = sum(int(line.quantity) for document in some for line in document.lines)
        name = labels.waves[wave]
        book.heading(name, labels.wave_caption.format(wave=name, documents=len(some), pieces=pieces))
        for pick in shelves.get(wave, ()):
            book.pick(pick)
        for document in some:
            book.document(document)
    book.save(path)


class _Book:
    """A PDF on its way; y runs down the page in millimetres."""

    def __init__(self, created_at: datetime, caption: str, labels: Labels) -> None:
        from fpdf import FPDF
        from fpdf.fonts import TTFFont
        from pylopdf_fonts_zh_cn import sans_path

        self._pdf = FPDF(format="A4")
        self._pdf.set_creation_date(created_at)
        self._pdf.set_auto_page_break(auto=False)
        self._pdf.set_title(caption)
        self._pdf.add_font("sans", fname=str(sans_path()))
        font = self._pdf.fonts["sans"]
        assert isinstance(font, TTFFont)
        self._known, self._widths = frozenset(font.cmap), font.cw
        self._caption, self._labels, self._y = caption, labels, 0.0
        # What a page that begins in the middle of it goes on with.
        self._wave = self._document = ""
        self._new_page()

    def heading(self, wave: str, words: str) -> None:
        self._wave = self._document = ""
        self._room(4 * _LINE)
        self._y += _LINE
        self._say(_LEFT, words, size=_TITLE)
        self._y += 1.5 * _LINE
        self._wave = wave

    def pick(self, pick: Pick) -> None:
        values = (pick.location, pick.sku_id, pick.title, f"×{pick.quantity}")
        columns = [
            (offset, self._wrapped(value, width, most))
            for (offset, width, most), value in zip(_COLUMNS, values, strict=True)
        ]
        height = max(len(lines) for _, lines in columns) * _LINE
        self._room(height)
        for offset, lines in columns:
            for number, line in enumerate(lines):
                self._say(_LEFT + offset, line, below=number * _LINE)
        self._y += height

    def document(self, document: Document) -> None:
        self._document = ""
        self._room(_BAR_HEIGHT + 2 * _LINE)
        self._y += 1.0
        self._pdf.line(_LEFT, self._y - 3.5, _LEFT + _WIDTH, self._y - 3.5)
        width = self._barcode(document.document_id)
        beside = width + 4.0 if width else 0.0
        lines = self._wrapped(document.document_id, _WIDTH - beside)
        for number, line in enumerate(lines):
            self._say(_LEFT + beside, line, below=number * _LINE + (2.0 if width else 0.0))
        self._y += max(len(lines) * _LINE, _BAR_HEIGHT + 3.0 if width else 0.0)
        self._document = document.document_id
        for each in document.lines:
            self.pick(each)

    def save(self, path: Path) -> None:
        path.write_bytes(bytes(self._pdf.output()))

    def _barcode(self, code: str) -> float:
        """Draw Code 128 and return its width; 0 for what it cannot say, or not readably."""
        from barcode.codex import Code128

        if not (code.isascii() and code.isprintable()):
            return 0.0
        modules: str = Code128(code).build()[0]
        thickness = min(_THICKEST, _WIDEST_CODE / len(modules))
        if thickness < _THINNEST:
            return 0.0
        for bar in re.finditer("1+", modules):
            left, wide = bar.start() * thickness, len(bar[0]) * thickness
            self._pdf.rect(_LEFT + left, self._y - 2.0, wide, _BAR_HEIGHT, style="F")
        return len(modules) * thickness

    def _say(self, x: float, words: str, *, size: float = _BODY, below: float = 0.0) -> None:
        self._pdf.set_font("sans", size=size)
        self._pdf.text(x, self._y + below, self._printable(words))

    def _printable(self, words: str) -> str:
        """Return text that the font has: an emoji, whatever it is made of, becomes one box."""
        cleaned = clean_text(words)
        boxed = "".join(letter if ord(letter) in self._known else _UNKNOWN for letter in cleaned)
        return re.sub(f"{_UNKNOWN}+", _UNKNOWN, boxed)

    def _wrapped(self, words: str, width: float, most: int | None = None) -> list[str]:
        """Return `words` as lines of so many millimetres; … ends what has more than `most`."""
        lines, left = [""], width
        for letter in self._printable(words):
            wide = self._widths[ord(letter)] * _BODY * _POINT / 1000
            if wide > left:
                if len(lines) == most:
                    lines[-1] = f"{lines[-1][:-2]}…"
                    break
                lines.append("")
                left = width
            lines[-1] += letter
            left -= wide
        return lines

    def _room(self, height: float) -> None:
        if self._y + height > _BOTTOM:
            self._new_page()

    def _new_page(self) -> None:
        """Begin a page, and say what of the page before goes on here."""
        self._pdf.add_page()
        self._y = _TOP
        page = self._labels.page.format(number=self._pdf.page_no())
        self._say(_LEFT, f"{self._caption}  {page}")
        self._y += 1.5 * _LINE
        for (offset, _, _), label in zip(_COLUMNS, self._labels.picking[1:], strict=False):
            self._say(_LEFT + offset, label)
        self._y += 1.5 * _LINE
        going_on = " ".join(filter(None, (self._wave, self._document)))
        if going_on:
            for line in self._wrapped(self._labels.continued.format(what=going_on), _WIDTH):
                self._say(_LEFT, line)
                self._y += _LINE
