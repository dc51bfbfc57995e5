"""Days that were lived to their end: what each story asks of them afterwards."""

from dataclasses import dataclass, field
from typing import Any

from orderhub.operate.explain import explain
from sandbox.world.model import Order
from tests.stories.day import Day


@dataclass
class LivedDay:
    """One day or more of a shop.

    Attributes:
        day: the shop, its platform and its warehouses, as they were left.
        orders: by the story that each shows.
        seen: what was there at a moment that is over, by that moment.
    """

    day: Day
    orders: dict[str, Order] = field(default_factory=dict)
    seen: dict[str, Any] = field(default_factory=dict)

    def order_id(self, story: str) -> str:
        """Return how the hub calls an order."""
        return f"{self.day.box.shop_id}/{self.orders[story].order_id}"

    def left(self, story: str) -> list[tuple[str | None, ...]]:
        """Return of each document of an order its warehouse, its state and its list."""
        return self.day.left(self.orders[story])

    def said(self, story: str) -> str:
        """Return the whole explanation of an order."""
        return "\n".join(step.text for step in explain(self.day.database, self.order_id(story)).steps)
