"""The true state of an order. Money is integer fen, times are UTC whole seconds."""

from dataclasses import dataclass, field
from datetime import datetime

WAIT_SELLER = "WAIT_SELLER_SEND_GOODS"


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


@dataclass(slots=True)
class Line:
    """One SKU of an order (Taobao calls it an order of a trade)."""

    oid: int
    code: str
    outer_iid: str
    outer_sku_id: str
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
    status: str = WAIT_SELLER
    refund_status: str = "NO_REFUND"
    refund_id: str = ""
    is_gift: bool = False

    @property
    def total_fen(self) -> int:
        """What the line costs before its share of the order's discount."""
        return self.price_fen * self.quantity + self.adjust_fen - self.discount_fen

    @property
    def divided_fen(self) -> int:
        """What was truly paid for the line, freight aside."""
        return self.total_fen - self.shared_discount_fen


@dataclass(slots=True)
class Order:
    """One buyer's order (Taobao calls it a trade)."""

    tid: int
    shop_id: str
    seller_nick: str
    buyer: Buyer
    receiver: Receiver
    lines: list[Line]
    created: datetime
    modified: datetime
    paid_at: datetime | None = None
    consigned_at: datetime | None = None
    ended_at: datetime | None = None
    kind: str = "fixed"
    status: str = WAIT_SELLER
    post_fen: int = 0
    coupon_fen: int = 0
    payment_error_fen: int = 0
    buyer_message: str = ""
    seller_memo: str = ""
    seller_flag: int = 0
    step_status: str = ""
    step_paid_fen: int = 0
    address_changes: int = 0
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
    def is_shippable(self) -> bool:
        """Whether at least one line is owed to the buyer now, planted defects aside."""
        open_lines = [line for line in self.lines if not line.is_gift and line.refund_status == "NO_REFUND"]
        return (
            self.status == WAIT_SELLER
            and self.step_status in {"", "FRONT_PAID_FINAL_PAID"}
            and bool(open_lines)
        )

    def record(self, at: datetime, kind: str, detail: str = "") -> None:
        """Add what happened at `at`; every event moves `modified`."""
        self.events.append(Event(at, kind, detail))
        self.modified = max(self.modified, at)
