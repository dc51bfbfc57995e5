"""Takes the decisions of one pass, order by order, in memory: which rule, which warehouse, and why.

Not for reading or writing (`orderhub.fulfillment.route`).
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from orderhub.db.copy import Value
from orderhub.domain.calendar import Closing
from orderhub.domain.inventory import Availability, Candidate, Verdict
from orderhub.domain.routing import Match, NoMatch, Rule, RuleTable, WhenShort
from orderhub.domain.splitting import Part, Unit, split_in_two
from orderhub.fulfillment.facts import Asked

#: Columns of a decision, as `Desk` yields them.
COLUMNS = (
    "order_id", "outcome", "rule_id", "warehouse_id", "candidates", "version_id", "is_shadow", "facts",
    "promised_date", "hold_rule_id", "part",
)  # fmt: skip
#: Why an order that no warehouse can fill is held.
NO_STOCK = "no_stock"
_SECOND = 2
_encode = json.JSONEncoder(ensure_ascii=False, default=sorted).encode
#: The same few thousand SKUs and warehouses, again and again.
_word = lru_cache(maxsize=100_000)(_encode)


@dataclass
class Desk:
    """Everything one pass decides with, and the outcomes it counts.

    Attributes:
        table: the rules in force.
        availability: what can still be promised.
        shadow: shops whose orders are decided and never sent.
        today: Beijing day of the pass.
        suspended: areas to which nothing is sent today.
        outcomes: outcome → orders.
        kept_by: order that may not be split → the tag of its goods that says so.
    """

    table: RuleTable
    availability: Availability
    shadow: frozenset[str]
    today: date
    suspended: tuple[Closing, ...] = ()
    outcomes: Counter[str] = field(default_factory=Counter)
    kept_by: dict[str, str] = field(default_factory=dict)
    _short: list[tuple[Asked, Match]] = field(default_factory=list)
    _words: dict[int, tuple[Match, str]] = field(default_factory=dict)

    def decide(self, orders: Iterable[Asked]) -> Iterator[tuple[Value, ...]]:
        """Yield the decisions about orders in turn; those that no warehouse can fill come with `rest`."""
        for order in orders:
            facts = order.facts
            closing = self._suspension(facts.province, facts.city) if self.suspended else None
            match = self.table.match(facts)
            if closing is not None:
                yield self._row(order, "suspended", _suspended(closing))
            elif isinstance(match, NoMatch):
                yield self._row(order, "no_rule", _unmatched(match))
            else:
                is_live = facts.shop_id not in self.shadow
                looked_at = self.availability.choose(match.rule.warehouses, facts.needs, is_counted=is_live)
                if looked_at[-1].why is Verdict.CHOSEN:
                    yield self._row(
                        order, "allocated", self._shown(match.rule, looked_at), match, looked_at[-1]
                    )
                else:
                    self._short.append((order, match))

    def splittable(self) -> list[Asked]:
        """Return the orders so far that nobody can fill and whose rule lets them leave in two parts."""
        return [order for order, match in self._short if match.rule.split_from is not None]

    def split(self, units: Mapping[str, Sequence[Unit]]) -> Iterator[tuple[tuple[Value, ...], Part]]:
        """Yield two decisions for each order of `units` that two warehouses can fill, and what each ships."""
        waiting, self._short = self._short, []
        for order, match in waiting:
            parts = self._parts(order, match.rule, units.get(order.order_id, ()))
            if parts is None:
                self._short.append((order, match))
                continue
            told = [self._candidate(match.rule, part.candidate, part.line_ids) for part in parts]
            shown = f"[{', '.join(told)}]"
            for number, part in enumerate(parts, start=1):
                yield self._row(order, "allocated", shown, match, part.candidate, part=number), part

    def _parts(self, order: Asked, rule: Rule, units: Sequence[Unit]) -> tuple[Part, Part] | None:
        if rule.split_from is None:
            return None
        is_live = order.facts.shop_id not in self.shadow
        tried = rule.warehouses, units, self.availability, rule.split_from
        return split_in_two(*tried, is_counted=is_live)

    def rest(self) -> Iterator[tuple[Value, ...]]:
        """Yield the decisions about orders that nobody can fill.

        Their figures are those at the end of the pass, so that the same shortage decided again is the same.
        """
        for order, match in self._short:
            looked_at = [self.availability.look(each, order.facts.needs) for each in match.rule.warehouses]
            outcome, promised, hold = self._when_short(match.rule, looked_at)
            shown = self._shown(match.rule, looked_at)
            if tag := self.kept_by.get(order.order_id):
                shown = f'{shown[:-1]}, {{"why": "kept_together", "tag": {_word(tag)}}}]'
            yield self._row(order, outcome, shown, match, promised=promised, hold=hold)

    def _when_short(self, rule: Rule, looked_at: list[Candidate]) -> tuple[str, date | None, str | None]:
        """Return outcome, promised day, and the rule that holds; what is only closed or full waits."""
        if all(candidate.why is not Verdict.SHORT for candidate in looked_at):
            return "no_warehouse", None, None
        if rule.when_short is WhenShort.BACKORDER:
            return "backorder", self.today + timedelta(days=rule.promise_days or 0), None
        return "out_of_stock", None, NO_STOCK if rule.when_short is WhenShort.HOLD else None

    def _suspension(self, province: str | None, city: str | None) -> Closing | None:
        return next((row for row in self.suspended if row.lies_in(province, city)), None)

    def _row(
        self,
        order: Asked,
        outcome: str,
        candidates: str,
        match: Match | None = None,
        chosen: Candidate | None = None,
        *,
        promised: date | None = None,
        hold: str | None = None,
        part: int = 0,
    ) -> tuple[Value, ...]:
        """Return a decision; `part` is 1 and 2 of an order in two parts, which counts once."""
        self.outcomes[outcome] += part < _SECOND
        return (
            order.order_id,
            outcome,
            match.rule.rule_id if match else None,
            chosen.warehouse_id if chosen else None,
            candidates,
            order.version_id,
            order.facts.shop_id in self.shadow,
            self._said(match) if match else "{}",
            promised.isoformat() if promised else None,
            hold,
            part,
        )

    def _said(self, match: Match) -> str:
        """Return the facts of a match as JSON; the table gives the same match again for the same facts."""
        if not match.is_shared:
            return _encode(_plain(match.facts))
        known = self._words.get(id(match))
        if known is None:
            known = self._words[id(match)] = (match, _encode(_plain(match.facts)))
        return known[1]

    def _shown(self, rule: Rule, looked_at: list[Candidate]) -> str:
        return f"[{', '.join([self._candidate(rule, candidate) for candidate in looked_at])}]"

    def _candidate(self, rule: Rule, candidate: Candidate, line_ids: Sequence[str] = ()) -> str:
        """Return a warehouse as JSON; written by hand, since it is most of the work of most decisions."""
        warehouse_id, is_short = candidate.warehouse_id, candidate.why is Verdict.SHORT
        figures = ", ".join(
            [
                f'{_word(sku)}: {{"needed": {needed}, "available": {available}'
                f"{self._kept_back(warehouse_id, sku) if is_short else ''}}}"
                for sku, (needed, available) in candidate.figures.items()
            ]
        )
        shown = f'"warehouse": {_word(warehouse_id)}, "why": "{candidate.why}", "figures": {{{figures}}}'
        if candidate.old_figures:
            shown += f', "old_figures": {_encode(dict(candidate.old_figures))}'
        if warehouse_id in rule.stands_in:
            shown += f', "stands_in_for": {_word(rule.stands_in[warehouse_id])}'
        if line_ids:
            shown += f', "lines": {_encode(line_ids)}'
        return f"{{{shown}}}"

    def _kept_back(self, warehouse_id: str, sku: str) -> str:
        pieces = self.availability.kept_back(warehouse_id, sku)
        return f', "kept_back": {pieces}' if pieces else ""


def _suspended(closing: Closing) -> str:
    until = closing.last_day.isoformat()
    return _encode([{"why": "suspended", "area": closing.id, "until": until, "comment": closing.comment}])


def _unmatched(match: NoMatch) -> str:
    return _encode([{"why": match.why, "rule": match.rule_id} if match.rule_id else {"why": match.why}])


def _plain(facts: Mapping[Any, Any]) -> dict[str, Any]:
    return {
        fact.value: value.isoformat() if hasattr(value, "isoformat") else value
        for fact, value in facts.items()
    }
