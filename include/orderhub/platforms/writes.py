"""How a platform is told something: the writing half of `platform.yaml`.

A write is never repeated in place: the answer may be lost though the platform acted, and asking comes first.
"""

from typing import Literal

from pydantic import Field, model_validator

from orderhub.config.frozen import Frozen
from orderhub.config.located_yaml import nearest
from orderhub.platforms.protocol import STOCKED, WRITTEN, Call, Refusal, placeholders_in, refuse_others

Meaning = Literal[
    "done", "ask", "closed", "refund_open", "unknown_carrier", "bad_number", "not_yet",
    "unknown_listing", "off_shelf", "locked", "by_hand",
]  # fmt: skip
_OF_A_PARCEL = ("done", "ask", "closed", "refund_open", "unknown_carrier", "bad_number", "not_yet")
_OF_STOCK = ("done", "unknown_listing", "off_shelf", "locked", "by_hand", "not_yet")
#: What names a listing, by every placeholder for it.
LISTING = {
    "item_id": "item_id", "item_number": "item_id", "sku_id": "sku_id", "sku_number": "sku_id",
    "merchant_code": "merchant_code",
}  # fmt: skip
_OF_A_LINE = ("line_id", "item_id", "sku_id", "quantity")


class WriteAnswer(Refusal):
    """What a refusal of a write means; these are looked at before the envelope's errors."""

    means: Meaning = Field(
        description="done: it was so already. not_yet: later. Of a parcel: ask (shipped or closed, the order "
        "says which), closed and refund_open (it should come back), unknown_carrier and bad_number (not "
        "theirs). Of stock: unknown_listing (the shop sells no such thing), off_shelf (not for sale now), "
        "locked (an activity holds it), by_hand (only a person can set it)."
    )


class Write(Call):
    """A call that changes something at the platform. In encoding rest it is a POST of a JSON body."""

    answers: tuple[WriteAnswer, ...] = ()

    @model_validator(mode="after")
    def _fillable(self) -> "Write":
        refuse_others(self, WRITTEN)
        _refuse_meanings(self, _OF_A_PARCEL)
        return self


class StockWrite(Write):
    """Tells how many pieces of one listing the shop may offer: absolute, so that again does no harm.

    {item_id} {sku_id} {merchant_code} name the listing ({item_number} {sku_number}: as numbers); {version}
    grows with each change of {quantity}.
    """

    optional: tuple[Literal["sku_id"], ...] = Field(
        default=(), description="Names that a listing may lack; their parameter is then left out."
    )

    @model_validator(mode="after")
    def _fillable(self) -> "StockWrite":
        refuse_others(self, STOCKED)
        _refuse_meanings(self, _OF_STOCK)
        if not named_by(self):
            raise ValueError(
                f"{self.method}: no parameter names the listing; use one of {', '.join(LISTING)}"
            )
        return self


def named_by(call: StockWrite) -> frozenset[str]:
    """Return by which of its names a call says which listing it means."""
    return frozenset(LISTING[found] for found in placeholders_in(call.parameters) & LISTING.keys())


def _refuse_meanings(call: Write, known: tuple[str, ...]) -> None:
    for answer in call.answers:
        if answer.means not in known:
            raise ValueError(
                f"{call.method}: an answer cannot mean {answer.means} here; {', '.join(known)} can"
            )


class OrderQuestion(Call):
    """Asks how one order stands at the platform, {order_id}: which tracking numbers it knows."""

    order: str = Field(
        default="",
        description="Path of the order's own number inside root: an answer about another says nothing.",
    )
    status: str = Field(description="Path of the order's status inside root; a word of statuses.")
    numbers: tuple[str, ...] = Field(
        min_length=1, description="Paths of tracking numbers inside root; * is every item of a list."
    )
    divided_by: str = Field(default="", description="Characters between numbers that share one text.")

    @model_validator(mode="after")
    def _fillable(self) -> "OrderQuestion":
        refuse_others(self, ("order_id", "seller_id"))
        return self


class Ship(Frozen):
    """How tracking numbers are told, after the warehouse has confirmed that a parcel left."""

    call: Write = Field(
        description="{order_id} {tracking_number} {carrier} (their code; {carrier_number}: as a number; "
        "{carrier_name}) {lines} {parcel} (our id of the parcel) {shipped_at}."
    )
    part: Write | None = Field(default=None, description="For a parcel of some of the lines; else call.")
    more: Write | None = Field(
        default=None, description="For a parcel after the first of its order, where that is another method."
    )
    line: str | dict[str, str] | None = Field(
        default=None,
        description="What {lines} has for each line, of {line_id} {item_id} {sku_id} {quantity}: an object, "
        "or text joined by commas. Absent: the platform ships whole orders.",
    )
    is_divisible: bool = Field(
        default=False,
        description="True: pieces of a line may go in several parcels. Else the first tells it, whole.",
    )
    joined_by: str | None = Field(
        default=None,
        description="One call tells all parcels of an order: this between carriers, commas between numbers.",
    )
    exchange: Write | None = Field(
        default=None,
        description="For the goods of an exchange, after-sale {refund_id}; absent: a person tells it.",
    )
    resend: Write | None = Field(
        default=None, description="For goods that are sent again; absent: a person tells the platform."
    )
    answers: tuple[WriteAnswer, ...] = Field(
        default=(), description="What refusals of these calls mean, after those that a call names itself."
    )
    ask: OrderQuestion

    def with_answers(self, write: Write) -> Write:
        """Return one of the calls, with all the answers that it knows."""
        return write.model_copy(update={"answers": (*write.answers, *self.answers)})

    @model_validator(mode="after")
    def _fillable_lines(self) -> "Ship":
        for placeholder in sorted(placeholders_in(self.line) - set(_OF_A_LINE)):
            near = nearest(placeholder, list(_OF_A_LINE))
            raise ValueError(f"line: {{{placeholder}}} is not known; {near}")
        return self
