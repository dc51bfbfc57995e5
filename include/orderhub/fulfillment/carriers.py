"""Turns carriers.yaml into the carriers and rules that `orderhub.domain.carrier` works on."""

import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from orderhub.clock import BEIJING
from orderhub.config.carriers import Carrier as CarrierEntry
from orderhub.config.carriers import CarrierRule as RuleEntry
from orderhub.config.models import MerchantConfig
from orderhub.domain.carrier import Carrier, CarrierRule, CarrierTable, Places, Tariff
from orderhub.domain.carrier_wishes import WishReader


def carrier_table(config: MerchantConfig, day: date) -> CarrierTable:
    """Return the carriers, and the rules that are read on `day` (Beijing)."""
    entries = config.carriers
    rules = [
        _rule(config, rule) for rule in entries.rules if (rule.since or day) <= day <= (rule.until or day)
    ]
    return CarrierTable([_carrier(config, entry) for entry in entries.carriers], rules, entries.needs)


def wish_reader(config: MerchantConfig) -> WishReader:
    """Return what finds the carriers' names in memos."""
    return WishReader({carrier.id: carrier.asked_as for carrier in config.carriers.carriers})


def names_pattern(reader: WishReader) -> str | None:
    """Return the pattern by which SQL leaves out memos that name no carrier; None: no carrier has a name."""
    return "|".join(re.escape(word) for word in reader.words) or None


def tags_that_count(config: MerchantConfig) -> list[str]:
    """Return the tags of goods that a choice looks at, ascending."""
    entries = config.carriers
    in_rules = {tag for rule in entries.rules for tag in rule.when.tag}
    return sorted({*entries.needs, *entries.ship_weekdays, *in_rules})


def ship_not_before(config: MerchantConfig, tags: Sequence[str], now: datetime) -> datetime | None:
    """Return the first midnight (Beijing) on which goods with these tags may leave; None: they may today."""
    days = [set(config.carriers.ship_weekdays[tag]) for tag in tags if tag in config.carriers.ship_weekdays]
    allowed = set.intersection(*days) if days else set(range(1, 8))
    # Goods whose days exclude each other follow the first tag.
    allowed = allowed or days[0]
    today = now.astimezone(BEIJING).date()
    later = next(step for step in range(8) if (today + timedelta(days=step)).isoweekday() in allowed)
    return datetime.combine(today + timedelta(days=later), time(), BEIJING) if later else None


def _carrier(config: MerchantConfig, entry: CarrierEntry) -> Carrier:
    return Carrier(
        carrier_id=entry.id,
        serves=_places(config, entry.serves),
        spares=_places(config, entry.not_served) or frozenset(),
        tariffs=tuple(
            Tariff(_places(config, row.region), row.first_g, row.first, row.next_g, row.next)
            for row in entry.freight
        ),
        capabilities=frozenset(entry.capabilities),
        most_g=entry.max_weight_g,
        codes=entry.codes,
    )


def _rule(config: MerchantConfig, entry: RuleEntry) -> CarrierRule:
    when = entry.when
    return CarrierRule(
        rule_id=entry.id,
        carriers=entry.carriers,
        places=_places(config, when.region),
        platforms=frozenset(when.platform),
        shops=frozenset(when.shop),
        warehouses=frozenset(when.warehouse),
        tags=frozenset(when.tag),
        weight_g=(when.weight_g.min, when.weight_g.max),
        paid_fen=(when.amount.min, when.amount.max),
        is_only=entry.only,
        is_cheapest=entry.pick == "cheapest",
        shares=tuple(entry.shares.items()),
    )


def _places(config: MerchantConfig, regions: Sequence[str]) -> Places | None:
    return frozenset(pair for region in regions for pair in config.regions[region]) or None
