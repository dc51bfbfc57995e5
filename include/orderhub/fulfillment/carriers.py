"""Turns carriers.yaml into the carriers and rules that `orderhub.domain.carrier` works on."""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from typing import Any

from orderhub.clock import BEIJING
from orderhub.config.carriers import Carrier as CarrierEntry
from orderhub.config.carriers import CarrierRule as RuleEntry
from orderhub.config.models import MerchantConfig
from orderhub.domain.carrier import Carrier, CarrierRule, CarrierTable, Places, Tariff
from orderhub.domain.carrier_wishes import WishReader
from orderhub.errors import ConfigError
from orderhub.platforms.carriers import CarrierCode, carriers_for, code_of

#: Parcels heavier than this are rare: their weights count as they are.
_HEAVIEST_G = 60_000
#: Freight tables whose continued weight is finer than this share no answers.
_FINEST_G = 50


def carrier_table(config: MerchantConfig, day: date) -> CarrierTable:
    """Return the carriers, and the rules that are read on `day` (Beijing)."""
    entries = config.carriers
    rules = [
        _rule(config, rule) for rule in entries.rules if (rule.since or day) <= day <= (rule.until or day)
    ]
    known = _known_codes(config)
    carriers = [_carrier(config, entry, known) for entry in entries.carriers]
    return CarrierTable(carriers, rules, entries.needs)


def _known_codes(config: MerchantConfig) -> dict[str, dict[str, CarrierCode]]:
    """Return platform of a shop → carriers by every word for one, as for numbers that it is told."""
    known: dict[str, dict[str, CarrierCode]] = {}
    for platform in sorted({shop.platform for shop in config.shops}):
        with suppress(ConfigError):  # A broken file is its platform's alone; what the merchant says counts.
            known[platform] = carriers_for(platform, config.carriers.carriers)
    return known


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


def tags_not_today(config: MerchantConfig, now: datetime) -> list[str]:
    """Return the tags of goods that may not leave on this Beijing day, ascending."""
    today = now.astimezone(BEIJING).isoweekday()
    return sorted(tag for tag, days in config.carriers.ship_weekdays.items() if today not in days)


def points(config: MerchantConfig) -> dict[str, Any]:
    """Return what makes documents share answers: which facts matter, and where weight and amount change one.

    `weights` and `amounts` are ascending; between two of them every answer is the same. From `heaviest` on,
    weights count as they are.
    """
    entries = config.carriers
    conditions = [rule.when for rule in entries.rules]
    tariffs = [tariff for carrier in entries.carriers for tariff in carrier.freight]
    steps = {
        point
        for tariff in tariffs
        for point in range(tariff.first_g + 1, _HEAVIEST_G, max(tariff.next_g, _FINEST_G))
    }
    is_coarse = all(tariff.next_g >= _FINEST_G for tariff in tariffs)
    bounds = {when.weight_g.min for when in conditions} | {_after(when.weight_g.max) for when in conditions}
    bounds |= {_after(carrier.max_weight_g) for carrier in entries.carriers}
    sums = {when.amount.min for when in conditions} | {_after(when.amount.max) for when in conditions}
    return {
        "weights": sorted({1, *steps, *(point for point in bounds if point)}) if is_coarse else [1],
        "heaviest": _HEAVIEST_G if is_coarse else 0,
        "amounts": sorted({1, *(point for point in sums if point)}),
        "with_warehouse": any(when.warehouse for when in conditions),
        "with_platform": any(when.platform for when in conditions),
        "with_shop": any(when.shop for when in conditions),
        "with_city": any(city for pairs in config.regions.values() for _, city in pairs),
    }


def _after(bound: int | None) -> int | None:
    return None if bound is None else bound + 1


def ship_not_before(config: MerchantConfig, tags: Sequence[str], now: datetime) -> datetime | None:
    """Return the first midnight (Beijing) on which goods with these tags may leave; None: they may today."""
    days = [set(config.carriers.ship_weekdays[tag]) for tag in tags if tag in config.carriers.ship_weekdays]
    allowed = set.intersection(*days) if days else set(range(1, 8))
    # Goods whose days exclude each other follow the first tag.
    allowed = allowed or days[0]
    today = now.astimezone(BEIJING).date()
    later = next(step for step in range(8) if (today + timedelta(days=step)).isoweekday() in allowed)
    return datetime.combine(today + timedelta(days=later), time(), BEIJING) if later else None


def _carrier(
    config: MerchantConfig, entry: CarrierEntry, known: Mapping[str, Mapping[str, CarrierCode]]
) -> Carrier:
    codes = dict(entry.codes)
    for platform, carriers in known.items():
        with suppress(ConfigError):  # Nobody said what it is called there: it is none that is named.
            codes.setdefault(platform, code_of(carriers, entry.id, platform).code)
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
        codes=codes,
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
