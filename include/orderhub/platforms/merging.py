"""How a platform says which orders go to one receiver: the merging half of `platform.yaml`.

Receivers' tokens belong to one order each, so nobody but the platform can compare them.
"""

from collections.abc import Sequence
from typing import Any

from pydantic import Field, model_validator

from orderhub.config.located_yaml import nearest
from orderhub.errors import ContractError
from orderhub.platforms.payload import all_at
from orderhub.platforms.protocol import MERGED, Call, placeholders_in, refuse_others

_OF_AN_ORDER = ("order_id", "token")


class MergeQuestion(Call):
    """Asks which of some orders may leave in one parcel; {orders} is what `order` says of each."""

    order: dict[str, str] = Field(description="What {orders} has for each order, of {order_id} {token}.")
    most: int = Field(ge=2, le=1000, description="Orders in one call.")
    groups: str = Field(
        description="Path inside root of the groups, each a text of order ids; * is every item of a list."
    )
    divided_by: str = Field(default=",", min_length=1, description="Between the order ids of a group.")

    @model_validator(mode="after")
    def _fillable(self) -> "MergeQuestion":
        refuse_others(self, MERGED)
        if "orders" not in placeholders_in(self.parameters):
            raise ValueError(f"{self.method}: no parameter holds {{orders}}")
        for placeholder in sorted(placeholders_in(self.order) - set(_OF_AN_ORDER)):
            near = nearest(placeholder, list(_OF_AN_ORDER))
            raise ValueError(f"order: {{{placeholder}}} is not known; {near}")
        return self


def groups_in(question: MergeQuestion, answer: Any, asked: Sequence[str]) -> dict[str, str]:
    """Return the platform's order id → the smallest of those that it may leave with, for all `asked`.

    An order that no group names leaves alone. Empty when the answer has no groups at all: nothing is known.

    Raises:
        ContractError: a group names an order that was not asked for, or one stands in two.
    """
    found = [str(text).split(question.divided_by) for text in all_at(answer, question.groups)]
    groups = [sorted({number.strip() for number in group}) for group in found]
    named = [number for group in groups for number in group]
    if len(named) != len(set(named)) or not set(named) <= set(asked):
        raise ContractError(f"{question.method}: its groups are not of the orders that were asked for")
    if not groups:
        return {}
    return {number: number for number in asked} | {number: group[0] for group in groups for number in group}
