"""Scores the checks on a labelled stream: recall and precision per rule, and the share of good orders held.

Pure arithmetic over ids; where orders, labels and findings come from is `bench_checks`' business.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

Labels = Mapping[str, Collection[str]]


@dataclass(frozen=True)
class Expected:
    """What the labels ask of the rules.

    Attributes:
        must: label → rules that should find it.
        may: label → rules that are right when they find it.
    """

    must: Labels
    may: Labels

    def rules(self) -> list[str]:
        """Return every rule that some label asks for, sorted."""
        return sorted({rule for rules in self.must.values() for rule in rules})

    def is_doubt(self, labels: Collection[str]) -> bool:
        """Return whether some rule should find an order with these labels."""
        return any(self.must.get(label) for label in labels)


@dataclass(frozen=True)
class RuleScore:
    """One rule on one stream: orders that it should find, that it found, and both."""

    rule_id: str
    labelled: int
    found: int
    right: int
    hit: int
    wrong_orders: tuple[str, ...]
    missed_orders: tuple[str, ...]

    @property
    def recall(self) -> float:
        """Return the share of the labelled orders that the rule found; 1 when there is none."""
        return self.hit / self.labelled if self.labelled else 1.0

    @property
    def precision(self) -> float:
        """Return the share of the found orders that a label justifies; 1 when it found none."""
        return self.right / self.found if self.found else 1.0


@dataclass(frozen=True)
class StreamScore:
    """All rules on one stream, and what people get to see of it; `clean_held`: order → why."""

    orders: int
    rules: tuple[RuleScore, ...]
    held: int
    clean: int
    clean_held: Mapping[str, tuple[str, ...]]

    @property
    def held_share(self) -> float:
        """Return the share of all orders that are held."""
        return self.held / self.orders

    @property
    def clean_held_share(self) -> float:
        """Return the share of the orders without a doubt that are held all the same."""
        return len(self.clean_held) / self.clean


def score(orders: Labels, found: Labels, held: Labels, expected: Expected) -> StreamScore:
    """Return the score of one stream.

    Args:
        orders: every order that was judged → its labels, none for an ordinary one.
        found: rule → orders that it marked.
        held: order with a hold of its own or of one of its lines → why: rule and evidence.
        expected: what labels ask of rules.
    """
    clean = [order for order, labels in orders.items() if not expected.is_doubt(labels)]
    return StreamScore(
        len(orders),
        tuple(_score_rule(rule, orders, set(found.get(rule, ())), expected) for rule in expected.rules()),
        len(set(held) & set(orders)),
        len(clean),
        {order: tuple(sorted(held[order])) for order in sorted(set(clean) & set(held))},
    )


def _score_rule(rule: str, orders: Labels, found: set[str], expected: Expected) -> RuleScore:
    def asks(table: Labels, order: str) -> bool:
        return any(rule in table.get(label, ()) for label in orders.get(order, ()))

    labelled = {order for order in orders if asks(expected.must, order)}
    wrong = {order for order in found if order not in labelled and not asks(expected.may, order)}
    return RuleScore(
        rule,
        len(labelled),
        len(found),
        len(found - wrong),
        len(labelled & found),
        tuple(sorted(wrong)),
        tuple(sorted(labelled - found)),
    )
