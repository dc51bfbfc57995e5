"""Chooses carriers one document after the other, against what each of them can still take today.

Nothing here asks the database; `orderhub.fulfillment.carry` brings the facts and takes the choices away.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from orderhub.clock import BEIJING
from orderhub.config.models import MerchantConfig
from orderhub.db.copy import Value
from orderhub.domain.carrier import CarrierRule, Consignment, Ranking
from orderhub.fulfillment.carriers import carrier_table, ship_not_before, wish_reader

#: Joins lists in the facts that SQL brings.
SEPARATOR = "\x1f"
_FITS = ("chosen", "behind")


@dataclass
class _Ranked:
    """A ranking, and the reasons it was given as so far: (chosen, who was passed over) → id."""

    ranking: Ranking
    reasons: dict[tuple[str | None, tuple[tuple[str, str], ...]], str] = field(default_factory=dict)


@dataclass
class _Answer:
    """What is known of documents with the same facts."""

    parcel: Consignment
    rule: CarrierRule | None
    not_before: str | None
    rankings: dict[str | None, _Ranked] = field(default_factory=dict)


class CarrierDesk:
    """One pass of choosing.

    Args:
        config: carriers and rules.
        now: the instant of the pass.
        taken: (carrier, Beijing day) → documents that it has already.
        closed: carrier that does not work today → the day on which it does again; None: never.
    """

    def __init__(
        self,
        config: MerchantConfig,
        now: datetime,
        taken: Mapping[tuple[str, date], int],
        closed: Mapping[str, date | None],
    ) -> None:
        local = now.astimezone(BEIJING)
        carriers = config.carriers.carriers
        self._config, self._now, self._closed = config, now, closed
        self._table, self._reader = carrier_table(config, local.date()), wish_reader(config)
        self._late = {each.id for each in carriers if each.cutoff and local.time() > each.cutoff}
        self._limits = {each.id: each.daily_orders for each in carriers if each.daily_orders is not None}
        self._days = {each.id: local.date() + timedelta(days=each.id in self._late) for each in carriers}
        self._taken = Counter({each: taken.get((each, self._days[each]), 0) for each in self._limits})
        self._answers: dict[tuple[Any, ...], _Answer] = {}
        self.reasons: dict[str, str] = {}

    def choose(self, order_id: str, facts: tuple[Any, ...], *, is_shadow: bool) -> tuple[Value, ...]:
        """Return carrier, rule, reason, day, documents left on it, not-before, freight, and whether it waits.

        A document waits where those that would take it are closed today.

        Args:
            order_id: draws the lot where a rule has shares.
            facts: warehouse, province, city, platform, shop, weight, amount, tags, required carriers,
                services, buyer's message, seller's memo, cash on delivery, due today.
            is_shadow: a document that is never sent takes no place.
        """
        answer = self._answers.get(facts)
        if answer is None:
            answer = self._answers[facts] = self._work_out(facts)
        drawn = answer.rule.draw(order_id) if answer.rule is not None and answer.rule.shares else None
        ranked = answer.rankings.get(drawn)
        if ranked is None:
            ranked = _Ranked(self._table.rank(answer.parcel, answer.rule, drawn))
            answer.rankings[drawn] = ranked
        passed_over: list[tuple[str, str]] = []
        for look in ranked.ranking.looks:
            if look.why:
                break
            obstacle = self._obstacle(look.carrier_id, is_due_today=answer.parcel.is_due_today)
            if not obstacle:
                day, left = self._take(look.carrier_id, is_shadow=is_shadow)
                reason = self._reason(answer, ranked, look.carrier_id, tuple(passed_over))
                rule = ranked.ranking.rule_id
                return look.carrier_id, rule, reason, day, left, answer.not_before, look.freight_fen, False
            passed_over.append((look.carrier_id, obstacle))
        return self._nobody(answer, ranked, tuple(passed_over))

    def _nobody(
        self, answer: _Answer, ranked: _Ranked, passed_over: tuple[tuple[str, str], ...]
    ) -> tuple[Value, ...]:
        reason = self._reason(answer, ranked, None, passed_over)
        day, not_before = self._works_again(dict(passed_over)), answer.not_before
        if day is not None:
            opens = datetime.combine(day, time(), BEIJING)
            tags = sorted(answer.parcel.tags)
            not_before = (ship_not_before(self._config, tags, opens) or opens).isoformat()
        return None, ranked.ranking.rule_id, reason, None, None, not_before, None, day is not None

    def _works_again(self, passed_over: Mapping[str, str]) -> date | None:
        """Return the day on which the first of them works again, where that is all that is in the way."""
        if set(passed_over.values()) != {"closed"}:
            return None
        days = (self._closed[carrier_id] for carrier_id in passed_over)
        return min((day for day in days if day is not None), default=None)

    def _work_out(self, facts: tuple[Any, ...]) -> _Answer:
        warehouse, province, city, platform, shop, weight, paid, tags, required, services, *rest = facts
        buyer_message, seller_memo, is_cod, is_due_today = rest
        wishes = self._reader.read(buyer_message, seller_memo)
        parcel = Consignment(
            province=province,
            city=city,
            platform=platform,
            shop_id=shop,
            warehouse_id=warehouse,
            weight_g=weight,
            paid_fen=paid,
            tags=frozenset(_listed(tags)),
            required=_listed(required),
            services=_listed(services),
            asked=wishes.asked,
            unwanted=wishes.unwanted,
            is_cod=is_cod,
            is_due_today=is_due_today,
        )
        not_before = ship_not_before(self._config, _listed(tags), self._now)
        said = not_before.isoformat() if not_before else None
        return _Answer(parcel, self._table.rule_of(parcel), said)

    def _obstacle(self, carrier_id: str, *, is_due_today: bool) -> str:
        if carrier_id in self._closed:
            return "closed"
        if is_due_today and carrier_id in self._late:
            return "past_cutoff"
        limit = self._limits.get(carrier_id)
        return "full" if limit is not None and self._taken[carrier_id] >= limit else ""

    def _take(self, carrier_id: str, *, is_shadow: bool) -> tuple[str | None, int | None]:
        if carrier_id not in self._limits:
            return None, None
        self._taken[carrier_id] += not is_shadow
        left = self._limits[carrier_id] - self._taken[carrier_id]
        return self._days[carrier_id].isoformat(), left

    def _reason(
        self, answer: _Answer, ranked: _Ranked, chosen: str | None, passed_over: tuple[tuple[str, str], ...]
    ) -> str:
        """Return the id of the explanation, which is written once for all documents that share it."""
        known = ranked.reasons.get((chosen, passed_over))
        if known is None:
            said = json.dumps(
                self._explained(answer.parcel, ranked.ranking, chosen, dict(passed_over)),
                ensure_ascii=False,
                sort_keys=True,
            )
            known = hashlib.sha256(said.encode()).hexdigest()[:32]
            ranked.reasons[chosen, passed_over] = known
            self.reasons.setdefault(known, said)
        return known

    def _explained(
        self, parcel: Consignment, ranking: Ranking, chosen: str | None, passed_over: Mapping[str, str]
    ) -> dict[str, Any]:
        wanted = {
            "required": list(parcel.required),
            "services": list(parcel.services),
            "tags": sorted(parcel.tags),
            "asked": sorted(parcel.asked),
            "unwanted": sorted(parcel.unwanted),
            "cod": parcel.is_cod,
        }
        carriers = []
        for look in ranking.looks:
            why = look.why or passed_over.get(look.carrier_id) or _FITS[look.carrier_id != chosen]
            full = {"daily_orders": self._limits[look.carrier_id], "left": 0} if why == "full" else {}
            carriers.append({"carrier": look.carrier_id, "freight_fen": look.freight_fen, "why": why, **full})
        day = self._works_again(passed_over) if chosen is None else None
        until = {"waits_until": day.isoformat()} if day is not None else {}
        return {
            "wanted": {key: value for key, value in wanted.items() if value},
            "carriers": carriers,
            **until,
        }


def _listed(joined: str) -> tuple[str, ...]:
    return tuple(joined.split(SEPARATOR)) if joined else ()
