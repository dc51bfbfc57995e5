"""Which rule an order falls under: ordered rules, the first that holds decides.

Standard library only. Not for stock: `orderhub.domain.inventory` takes the warehouses of the rule found here.
"""

from bisect import bisect_right
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from orderhub.domain.conditions import Between, Fact, Goods, OrderFacts, Readings, SalePeriod, Test


class WhenShort(StrEnum):
    """What happens when no warehouse of a rule can fill an order."""

    WAIT = "wait"
    BACKORDER = "backorder"
    HOLD = "hold"


@dataclass(frozen=True)
class Rule:
    """One row of the rule table.

    Attributes:
        rule_id: names it in decisions.
        tests: all must hold; none always holds.
        warehouses: tried in this order, those that stand in for others last.
        when_short: what to do when none can fill.
        promise_days: of a backorder.
        split_from: what each of two parts must have been paid with, fen; None: an order never parts.
        stands_in: backup warehouse → the one that it stands in for.
    """

    rule_id: str
    tests: tuple[Test, ...]
    warehouses: tuple[str, ...]
    when_short: WhenShort = WhenShort.WAIT
    promise_days: int | None = None
    split_from: int | None = None
    stands_in: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Match:
    """The rule that an order falls under.

    Attributes:
        rule: the first that holds.
        facts: what it asked, and what the order answered.
        is_shared: the same object answers for all orders with these facts.
    """

    rule: Rule
    facts: Mapping[Fact, Any]
    is_shared: bool = True


@dataclass(frozen=True)
class NoMatch:
    """Why an order falls under no rule.

    Attributes:
        rule_id: the rule that asked what is not known; None: every rule was asked and none holds.
        unknown: what is not known.
    """

    rule_id: str | None = None
    unknown: Fact | None = None

    @property
    def why(self) -> str:
        """Return the reason as decisions store it: none_holds, region_unknown, amount_unknown."""
        return f"{self.unknown}_unknown" if self.unknown else "none_holds"


class RuleTable:
    """Ordered rules. Answers are remembered by what was asked, numbers by the side of each limit they lie on.

    Args:
        rules: read from top to bottom.
        goods: SKU → what is known of it; for rules that ask weight or tags.
        sales: the promotion calendar; for rules that ask promotions.
    """

    def __init__(
        self,
        rules: Iterable[Rule],
        goods: Mapping[str, Goods] | None = None,
        sales: Iterable[SalePeriod] = (),
    ) -> None:
        self._rules = tuple(rules)
        tests = [test for rule in self._rules for test in rule.tests]
        self._readings = Readings(tests, goods or {}, sales)
        self._limits = [_limits_of(fact, tests) for fact in self._readings.facts]
        self._has_limits = any(self._limits)
        self._known: dict[Hashable, Match | NoMatch] = {}

    @property
    def facts(self) -> frozenset[Fact]:
        """Return the facts that any rule asks; others need not be read."""
        return frozenset(self._readings.facts)

    def match(self, facts: OrderFacts) -> Match | NoMatch:
        """Return the first rule that holds, or why there is none.

        What is not known is never guessed: the first rule that would have to know it ends the search.
        """
        values = self._readings.of(facts)
        key = self._key(values) if self._has_limits else values
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._search(values)
        if self._has_limits and isinstance(found, Match) and found.facts:
            return Match(found.rule, self._shown(found.rule, values), is_shared=False)
        return found

    def _key(self, values: tuple[Hashable, ...]) -> tuple[Hashable, ...]:
        return tuple(
            [
                bisect_right(limits, value) if limits and value is not None else value
                for limits, value in zip(self._limits, values, strict=True)
            ]
        )

    def _search(self, values: tuple[Hashable, ...]) -> Match | NoMatch:
        by_fact: dict[Fact, Any] = dict(zip(self._readings.facts, values, strict=True))
        for rule in self._rules:
            known = [test for test in rule.tests if by_fact[test.fact] is not None]
            if not all(test.holds(by_fact[test.fact]) for test in known):
                continue
            unknown = next((test.fact for test in rule.tests if by_fact[test.fact] is None), None)
            return NoMatch(rule.rule_id, unknown) if unknown else Match(rule, self._shown(rule, values))
        return NoMatch()

    def _shown(self, rule: Rule, values: tuple[Hashable, ...]) -> dict[Fact, Any]:
        by_fact = zip(self._readings.facts, values, strict=True)
        asked = {test.fact for test in rule.tests}
        return {fact: value for fact, value in by_fact if fact in asked}


def _limits_of(fact: Fact, tests: Iterable[Test]) -> list[Any]:
    """Return the numbers at which an answer about `fact` may change, ascending."""
    between = [test for test in tests if test.fact is fact and isinstance(test, Between)]
    return sorted({end for test in between for end in (test.least, test.below) if end is not None})
