"""Turns the merchant's configuration into the rule table that `orderhub.domain.routing` works on."""

from collections.abc import Iterator
from datetime import datetime

from orderhub.config.models import MerchantConfig
from orderhub.config.routing import Amount, Condition, Range, RoutingRule
from orderhub.domain.backups import with_backups
from orderhub.domain.conditions import Between, Fact, Goods, HasAny, LiesIn, OneOf, Places, SalePeriod, Test
from orderhub.domain.routing import Rule, RuleTable, WhenShort


def rule_table(config: MerchantConfig, now: datetime) -> RuleTable:
    """Return the rules in force at `now`, in their order: those of a profile, or of routing.yaml.

    A rule of a profile is named with it: double11/east.
    """
    prefix, rules = "", config.rules
    for name, profile in config.profiles.items():
        if profile.effective.since <= now < profile.effective.until:
            prefix, rules = f"{name}/", profile.rules
    backups = {warehouse.id: warehouse.backup for warehouse in config.warehouses if warehouse.backup}
    return RuleTable(
        [_rule(config, prefix, rule, backups) for rule in rules],
        {sku.sku_id: Goods(sku.weight_g, frozenset(sku.tags)) for sku in config.skus},
        [
            SalePeriod(sale.id, sale.starts_at, sale.ends_at, frozenset(sale.shops), sale.mark)
            for sale in config.checks.promotions
        ],
    )


def shadow_shops(config: MerchantConfig) -> list[str]:
    """Return the shops whose orders are decided and never sent."""
    return [shop.id for shop in config.shops if shop.mode == "shadow"]


def _rule(config: MerchantConfig, prefix: str, rule: RoutingRule, backups: dict[str, str]) -> Rule:
    tried = with_backups(rule.warehouses, backups)
    return Rule(
        rule_id=prefix + rule.id,
        tests=tuple(_tests(config, rule.when)),
        warehouses=tuple(tried),
        when_short=WhenShort(rule.none_can_fill),
        promise_days=rule.promise_days,
        split_from=rule.split_from,
        stands_in={backup: first for backup, first in tried.items() if first is not None},
    )


def _tests(config: MerchantConfig, when: Condition) -> Iterator[Test]:
    """Yield what a condition asks; parts that are not given ask nothing."""
    if when.region:
        yield LiesIn(frozenset(pair for name in when.region for pair in config.regions[name]))
    if when.province:
        yield LiesIn(_whole(when.province))
    if when.city:
        yield LiesIn(cities=frozenset(when.city))
    for fact, words in ((Fact.PLATFORM, when.platform), (Fact.SHOP, when.shop), (Fact.TIER, when.tier)):
        if words:
            yield OneOf(fact, frozenset(words))
    for fact, words in ((Fact.SKU, when.sku), (Fact.TAG, when.tag), (Fact.PROMOTION, when.promotion)):
        if words:
            yield HasAny(fact, frozenset(words))
    ranges = ((Fact.AMOUNT, when.amount), (Fact.WEIGHT, when.weight_g), (Fact.PIECES, when.pieces))
    yield from (_between(fact, given) for fact, given in ranges if given is not None)
    if when.since or when.until:
        yield Between(Fact.PAID_AT, when.since, when.until)


def _whole(provinces: tuple[str, ...]) -> Places:
    return frozenset((province, "") for province in provinces)


def _between(fact: Fact, given: Amount | Range) -> Between:
    """Return the range with its end excluded, as times have it."""
    return Between(fact, given.min, None if given.max is None else given.max + 1)
