"""The true state of an order, in no platform's words. Money is integer fen, times are UTC whole seconds."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class OrderState(StrEnum):
    """Where an order stands."""

    UNPAID = "unpaid"
    DEPOSIT_PAID = "deposit_paid"
    PAID_HOLD = "paid_hold"
    TO_SHIP = "to_ship"
    PART_SHIPPED = "part_shipped"
    SHIPPED = "shipped"
    DONE = "done"
    CLOSED_UNPAID = "closed_unpaid"
    CLOSED_REFUNDED = "closed_refunded"


class PaymentKind(StrEnum):
    """When the buyer pays."""

    PREPAID = "prepaid"
    PRESALE = "presale"
    COD = "cod"


class Hold(StrEnum):
    """Why a paid order may not be shipped yet (`OrderState.PAID_HOLD`)."""

    NONE = ""
    GROUP = "group"
    RISK = "risk"
    LOCKED = "locked"


class AfterSaleKind(StrEnum):
    """What the buyer asks for."""

    REFUND_ONLY = "refund_only"
    RETURN_REFUND = "return_refund"
    EXCHANGE = "exchange"
    RESHIP = "reship"
    MONEY_ONLY = "money_only"


class AfterSaleState(StrEnum):
    """How far an after-sale has come; `RESENT` is the good end of an exchange or a reshipment."""

    APPLIED = "applied"
    AGREED = "agreed"
    GOODS_RETURNED = "goods_returned"
    REFUNDED = "refunded"
    RESENT = "resent"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


OPEN_AFTER_SALE = frozenset({AfterSaleState.APPLIED, AfterSaleState.AGREED, AfterSaleState.GOODS_RETURNED})
OWING = frozenset({OrderState.TO_SHIP, OrderState.PART_SHIPPED})
CLOSED = frozenset({OrderState.CLOSED_UNPAID, OrderState.CLOSED_REFUNDED})
GOODS_GO_BACK_TO_STOCK = frozenset({AfterSaleKind.REFUND_ONLY, AfterSaleKind.RETURN_REFUND})


@dataclass(frozen=True, slots=True)
class Buyer:
    """An account; the platform never shows the real nick."""

    number: int
    nick_masked: str
    open_uid: str


@dataclass(frozen=True, slots=True)
class Receiver:
    """Where a parcel goes, in clear text. Only masks of name, mobile and address leave the sandbox."""

    name: str
    mobile: str
    state: str
    city: str
    district: str
    town: str
    address: str
    zip_code: str


@dataclass(frozen=True, slots=True)
class Intent:
    """A defect that was planted on purpose: what a good check must find here."""

    label: str
    detail: str


@dataclass(frozen=True, slots=True)
class Event:
    """Something that truly happened to an order."""

    at: datetime
    kind: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """One SKU inside one piece of a bundle."""

    code: str
    sku_id: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Group:
    """A group purchase; it is formed when `joined` reaches `size`."""

    group_id: str
    size: int
    joined: int
    has_failed: bool = False

    @property
    def is_formed(self) -> bool:
        """Whether enough buyers joined."""
        return self.joined >= self.size


@dataclass(frozen=True, slots=True)
class Invoice:
    """The invoice a buyer wishes for; `tax_number` is empty for a person."""

    title: str
    tax_number: str = ""


@dataclass(frozen=True, slots=True)
class AddressRequest:
    """A change of address that the buyer asked for and nobody has decided yet."""

    at: datetime
    receiver: Receiver


@dataclass(frozen=True, slots=True)
class Parcel:
    """What went out together: pieces per line id; none where only one more number was told.

    `request` is the client's own name of the parcel, where the platform knows a repetition by it.
    """

    at: datetime
    carrier: str
    number: str
    pieces: tuple[tuple[str, int], ...]
    request: str = ""


@dataclass(slots=True)
class Line:
    """One SKU of an order, or a bundle that consists of `parts`."""

    line_id: str
    code: str
    item_code: str
    variant_code: str
    platform_item_id: int
    platform_sku_id: str
    sku_id: str
    title: str
    properties: str
    quantity: int
    price_fen: int
    discount_fen: int = 0
    adjust_fen: int = 0
    shared_discount_fen: int = 0
    is_gift: bool = False
    parts: tuple[Part, ...] = ()
    is_fulfilled_by_platform: bool = False

    @property
    def merchant_code(self) -> str:
        """The code that the merchant typed on the platform."""
        return self.variant_code or self.item_code

    @property
    def total_fen(self) -> int:
        """What the line costs before its share of the order's discount."""
        return self.price_fen * self.quantity + self.adjust_fen - self.discount_fen

    @property
    def divided_fen(self) -> int:
        """What was truly paid for the line, freight aside."""
        return self.total_fen - self.shared_discount_fen


@dataclass(frozen=True, slots=True)
class Claim:
    """The share of one line in an after-sale: pieces and money (0 fen where goods are replaced)."""

    line_id: str
    quantity: int
    refund_fen: int


@dataclass(slots=True)
class AfterSale:
    """A refund, return, exchange, reshipment or compensation, with its own `modified`."""

    after_sale_id: str
    order_id: str
    shop_id: str
    kind: AfterSaleKind
    claims: tuple[Claim, ...]
    applied_at: datetime
    modified: datetime
    reason: str
    was_shipped: bool = False
    state: AfterSaleState = AfterSaleState.APPLIED
    ended_at: datetime | None = None
    return_number: str = ""
    reopened: int = 0

    @property
    def is_open(self) -> bool:
        """Whether somebody still has to act."""
        return self.state in OPEN_AFTER_SALE

    @property
    def refund_fen(self) -> int:
        """The money that is asked for."""
        return sum(claim.refund_fen for claim in self.claims)

    def claim_on(self, line_id: str) -> Claim | None:
        """Return the share of a line, or None when the line is not part of it."""
        return next((claim for claim in self.claims if claim.line_id == line_id), None)


@dataclass(slots=True)
class Order:
    """One buyer's order in one shop."""

    order_id: str
    platform: str
    shop_id: str
    shop_name: str
    buyer: Buyer
    receiver: Receiver
    lines: list[Line]
    created: datetime
    modified: datetime
    state: OrderState = OrderState.TO_SHIP
    payment_kind: PaymentKind = PaymentKind.PREPAID
    hold: Hold = Hold.NONE
    is_ship_hold: bool = False
    has_unknown_status: bool = False
    group: Group | None = None
    paid_at: datetime | None = None
    shipped_at: datetime | None = None
    ended_at: datetime | None = None
    deposit_fen: int = 0
    post_fen: int = 0
    coupon_fen: int = 0
    payment_error_fen: int = 0
    buyer_message: str = ""
    seller_memo: str = ""
    seller_flag: int = 0
    address_changes: int = 0
    address_request: AddressRequest | None = None
    invoice: Invoice | None = None
    service_tags: tuple[str, ...] = ()
    required_carrier: str = ""
    quiet_events: frozenset[str] = frozenset()
    parcels: list[Parcel] = field(default_factory=list)
    after_sales: list[AfterSale] = field(default_factory=list)
    intents: list[Intent] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    @property
    def shared_discount_fen(self) -> int:
        """The discount of the whole order, spread over its lines."""
        return sum(line.shared_discount_fen for line in self.lines)

    @property
    def payment_fen(self) -> int:
        """What the platform says was paid; differs from the lines only where that is the planted defect."""
        return sum(line.divided_fen for line in self.lines) + self.post_fen + self.payment_error_fen

    @property
    def goods(self) -> list[Line]:
        """The lines that were bought, not given."""
        return [line for line in self.lines if not line.is_gift]

    @property
    def is_shippable(self) -> bool:
        """Whether the merchant owes at least one bought piece now, planted defects aside."""
        waits = self.has_unknown_status or self.is_ship_hold or self.address_request is not None
        return self.state in OWING and not waits and any(self.owed(line) for line in self.goods)

    def after_sale_of(self, line: Line) -> AfterSale | None:
        """Return the line's after-sale that changed last (of equal ones the later opened), or None."""
        own = [one for one in reversed(self.after_sales) if one.claim_on(line.line_id)]
        return max(own, key=lambda one: one.modified) if own else None

    def owed(self, line: Line) -> int:
        """Return the pieces of a line that the merchant must send now."""
        claims = [(one, claim) for one in self.after_sales if (claim := one.claim_on(line.line_id))]
        if line.is_fulfilled_by_platform or any(one.is_open for one, _ in claims):
            return 0
        return max(0, line.quantity - self.shipped_pieces(line) - self.refunded_pieces(line))

    def shipped_pieces(self, line: Line) -> int:
        """Return the pieces of a line that are in parcels."""
        return sum(n for parcel in self.parcels for line_id, n in parcel.pieces if line_id == line.line_id)

    def refunded_pieces(self, line: Line) -> int:
        """Return the pieces of a line whose money went back and which are no longer owed."""
        return sum(
            claim.quantity
            for one in self.after_sales
            if one.state is AfterSaleState.REFUNDED and one.kind in GOODS_GO_BACK_TO_STOCK
            if (claim := one.claim_on(line.line_id))
        )

    def refunded_fen(self, line: Line) -> int:
        """Return the money that went back for a line, whatever the reason."""
        return sum(
            claim.refund_fen
            for one in self.after_sales
            if one.state is AfterSaleState.REFUNDED
            if (claim := one.claim_on(line.line_id))
        )

    def record(self, at: datetime, kind: str, detail: str = "") -> None:
        """Add what happened at `at`; every event moves `modified`, except the platform's quiet ones."""
        self.events.append(Event(at, kind, detail))
        if kind not in self.quiet_events:
            self.modified = max(self.modified, at)
