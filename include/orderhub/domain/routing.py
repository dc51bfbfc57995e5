"""Which rule an order falls under: ordered rules, the first that holds decides.

Standard library only. Not for stock: `orderhub.domain.inventory` takes the warehouses of the rule found here.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class NoRule(StrEnum):
    """Why no rule decided."""

    NONE_HOLDS = "none_holds"
    REGION_UNKNOWN = "region_unknown"


@dataclass(frozen=True, slots=True)
class Destination:
    """What routing may look at: where an order goes and where it came from.

    Attributes:
        province: full name; None where the receiver's region is unknown.
        city: full name; None for province-run counties and where unknown.
    """

    province: str | None
    city: str | None
    platform: str
    shop_id: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the rule table; an empty part always holds, several parts must all hold.

    Attributes:
        warehouses: tried in this order.
    """

    rule_id: str
    regions: frozenset[str]
    platforms: frozenset[str]
    shops: frozenset[str]
    warehouses: tuple[str, ...]


class RuleTable:
    """Ordered rules over named region sets.

    Args:
        rules: read from top to bottom.
        regions: region set → (province, city) pairs; an empty city means the whole province.
    """

    def __init__(self, rules: Iterable[Rule], regions: Mapping[str, Iterable[tuple[str, str]]]) -> None:
        self._rules = tuple(rules)
        self._regions = {name: frozenset(pairs) for name, pairs in regions.items()}
        self._known: dict[Destination, Rule | NoRule] = {}

    def match(self, destination: Destination) -> Rule | NoRule:
        """Return the first rule that holds for `destination`, or why there is none.

        An unknown province is never guessed: the first rule that would have to know it ends the search.
        """
        found = self._known.get(destination)
        if found is None:
            found = self._known[destination] = self._search(destination)
        return found

    def _search(self, destination: Destination) -> Rule | NoRule:
        for rule in self._rules:
            if rule.platforms and destination.platform not in rule.platforms:
                continue
            if rule.shops and destination.shop_id not in rule.shops:
                continue
            if rule.regions and not destination.province:
                return NoRule.REGION_UNKNOWN
            if not rule.regions or self._lies_in(destination, rule.regions):
                return rule
        return NoRule.NONE_HOLDS

    def _lies_in(self, destination: Destination, regions: frozenset[str]) -> bool:
        places = {(destination.province or "", ""), (destination.province or "", destination.city or "")}
        return any(not places.isdisjoint(self._regions[region]) for region in regions)
