"""What the WMS truly has and did; tests compare with it, never with its answers."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Status = Literal["ACCEPT", "PICK", "PARTDELIVERED", "DELIVERED", "CANCELED"]
#: Nothing of a document in these has left or will leave any more.
CANCELLABLE = frozenset({"ACCEPT"})
OPEN = frozenset({"ACCEPT", "PICK", "PARTDELIVERED"})


class RuleError(Exception):
    """The WMS refuses; `code` is its own word for why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(slots=True)
class Stock:
    """Pieces of one item: free to promise, locked by documents, defective."""

    free: int = 0
    locked: int = 0
    defective: int = 0


@dataclass(frozen=True, slots=True)
class Parcel:
    """One parcel that left the building."""

    code: str
    express_code: str
    logistics_code: str
    items: Mapping[str, int]
    shipped_at: datetime


@dataclass(slots=True)
class Document:
    """One delivery order as the WMS holds it; `lines` is orderLineNo → (item, pieces), `oaid` who gets it.

    `receiver`: where it goes, as its request says. `express_code`: the waybill that came with it; its first
    parcel leaves under it. `due`: the yuan that its carrier collects at the door.
    """

    code: str
    wms_id: str
    warehouse: str
    logistics_code: str
    lines: Mapping[str, tuple[str, int]]
    created_at: datetime
    oaid: str = ""
    receiver: str = ""
    express_code: str = ""
    due: str = "0"
    order_type: str = "JYCK"
    status: Status = "ACCEPT"
    parcels: list[Parcel] = field(default_factory=list)

    @property
    def planned(self) -> Counter[str]:
        """Pieces by item."""
        pieces: Counter[str] = Counter()
        for item, quantity in self.lines.values():
            pieces[item] += quantity
        return pieces

    @property
    def left(self) -> Counter[str]:
        """Pieces by item that have not left yet."""
        pieces = self.planned
        for parcel in self.parcels:
            pieces.subtract(parcel.items)
        return +pieces


@dataclass(slots=True)
class Return:
    """One return as the WMS holds it; `came` is (item, good or defective) → pieces."""

    code: str
    wms_id: str
    warehouse: str
    planned: Mapping[str, int]
    came: Counter[tuple[str, Literal["ZP", "CC"]]] = field(default_factory=Counter)
    confirmed_at: datetime | None = None


@dataclass(slots=True)
class Ledger:
    """All stock and documents. `dedupes` off: the same code makes a second document, as bad systems do."""

    stock: dict[tuple[str, str], Stock] = field(default_factory=dict)
    documents: dict[str, list[Document]] = field(default_factory=dict)
    parcels: list[Parcel] = field(default_factory=list)
    returns: dict[str, Return] = field(default_factory=dict)
    dedupes: bool = True

    def put(self, warehouse: str, item: str, free: int) -> None:
        """Set the free pieces of an item: opening, delivery from a supplier, a recount."""
        self.stock.setdefault((warehouse, item), Stock()).free = free

    def accept(self, document: Document) -> Document:
        """Take a new document and lock its pieces.

        Raises:
            RuleError: it is known already, an item is not, or there is too little of one.
        """
        if document.code in self.documents and self.dedupes:
            raise RuleError("DUPLICATE_ORDER", f"单号已存在: {document.code}")
        for item, pieces in document.planned.items():
            held = self.stock.get((document.warehouse, item))
            if held is None:
                raise RuleError("ITEM_NOT_FOUND", f"商品编码不存在: {item}")
            if held.free < pieces:
                raise RuleError("STOCK_SHORTAGE", f"库存不足: {item} 需 {pieces} 有 {held.free}")
        for item, pieces in document.planned.items():
            held = self.stock[document.warehouse, item]
            held.free, held.locked = held.free - pieces, held.locked + pieces
        self.documents.setdefault(document.code, []).append(document)
        return document

    def cancel(self, code: str, wms_id: str = "") -> None:
        """Cancel a document and free its pieces; cancelling again is fine.

        Raises:
            RuleError: it is unknown, or picking has begun.
        """
        document = self.find(code, wms_id)
        if document.status == "CANCELED":
            return
        if document.status not in CANCELLABLE:
            raise RuleError("ORDER_ALREADY_SHIPPED", f"单据已{document.status},不能取消: {code}")
        for item, pieces in document.planned.items():
            held = self.stock[document.warehouse, item]
            held.free, held.locked = held.free + pieces, held.locked - pieces
        document.status = "CANCELED"

    def ship(self, code: str, now: datetime, items: Mapping[str, int] | None = None) -> list[Parcel]:
        """Send a parcel of every open document with this code: all that is left, or only `items`."""
        sent: list[Parcel] = []
        for document in self.documents.get(code, []):
            if document.status not in OPEN or not document.left:
                continue
            pieces = Counter(items) & document.left if items else document.left
            own = document.express_code if not document.parcels else ""
            number = own or f"7850{len(self.parcels) + 1:010d}"
            parcel = Parcel(code, number, document.logistics_code, dict(pieces), now)
            for item, quantity in pieces.items():
                self.stock[document.warehouse, item].locked -= quantity
            document.parcels.append(parcel)
            document.status = "PARTDELIVERED" if document.left else "DELIVERED"
            self.parcels.append(parcel)
            sent.append(parcel)
        return sent

    def grade_return(self, warehouse: str, item: str, good: int, defective: int) -> None:
        """Book a return as its pieces were graded: the good ones can be sold again."""
        held = self.stock.setdefault((warehouse, item), Stock())
        held.free, held.defective = held.free + good, held.defective + defective

    def announce(self, coming: Return) -> Return:
        """Take a return that is announced.

        Raises:
            RuleError: it is known already.
        """
        if coming.code in self.returns:
            raise RuleError("DUPLICATE_ORDER", f"退货单已存在: {coming.code}")
        self.returns[coming.code] = coming
        return coming

    def find_return(self, code: str) -> Return:
        """Return an announced return.

        Raises:
            RuleError: there is none.
        """
        if code not in self.returns:
            raise RuleError("ORDER_NOT_FOUND", f"退货单不存在: {code}")
        return self.returns[code]

    def receive(self, code: str, item: str, good: int, defective: int, now: datetime) -> None:
        """Book what came of a return, as it was graded; more may come later.

        Raises:
            RuleError: nobody announced it.
        """
        coming = self.find_return(code)
        coming.came[item, "ZP"] += good
        coming.came[item, "CC"] += defective
        coming.confirmed_at = now
        self.grade_return(coming.warehouse, item, good, defective)

    def find(self, code: str, wms_id: str = "") -> Document:
        """Return the document, the first where there are several.

        Raises:
            RuleError: there is none.
        """
        for document in self.documents.get(code, []):
            if wms_id in {"", document.wms_id}:
                return document
        raise RuleError("ORDER_NOT_FOUND", f"单据不存在: {code}")

    def shipped(self) -> Counter[tuple[str, str]]:
        """Pieces that left, by delivery order code and item: what must never exceed what was ordered."""
        pieces: Counter[tuple[str, str]] = Counter()
        for parcel in self.parcels:
            for item, quantity in parcel.items.items():
                pieces[parcel.code, item] += quantity
        return pieces
