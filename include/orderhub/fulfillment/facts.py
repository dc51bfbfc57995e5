"""Reads what routing knows of orders: rows of lines, grouped to orders, only the columns that rules ask.

A column that nobody asks is not sent: reading a time of day costs more than the decision.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from orderhub.domain.conditions import Fact, OrderFacts

#: Column → the facts that need it.
_COLUMNS = {
    "paid_fen": {Fact.AMOUNT},
    "bought_at": {Fact.PAID_AT, Fact.PROMOTION},
    "promotion_mark": {Fact.PROMOTION},
    "tier": {Fact.TIER},
}
_order_of = itemgetter(0)


class Asked(NamedTuple):
    """One order as routing sees it."""

    order_id: str
    version_id: str
    facts: OrderFacts


def fact_columns(facts: frozenset[Fact]) -> str:
    """Return the columns to select, in the order that `orders_of` reads; null for what no rule asks."""
    named = [column if facts & asking else f"null as {column}" for column, asking in _COLUMNS.items()]
    return f"version_id, shop_id, platform, province, city, sku_id, quantity, {', '.join(named)}"


def orders_of(rows: Iterable[tuple[Any, ...]]) -> Iterator[Asked]:
    """Yield one order per run of rows with the same first column, which is followed by `fact_columns`."""
    for order_id, lines in groupby(rows, key=_order_of):
        needs: dict[str, int] = {}
        for row in lines:
            needs[row[6]] = needs.get(row[6], 0) + row[7]
        _, version_id, shop_id, platform, province, city, _, _, paid_fen, paid_at, mark, tier, *_ = row
        facts = OrderFacts(province, city, platform, shop_id, needs, paid_fen, paid_at, mark, tier)
        yield Asked(order_id, version_id, facts)
