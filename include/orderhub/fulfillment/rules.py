"""Turns the merchant's configuration into the rule table that `orderhub.domain.routing` works on."""

from orderhub.config.models import MerchantConfig
from orderhub.domain.routing import Rule, RuleTable


def rule_table(config: MerchantConfig) -> RuleTable:
    """Return the rules of `config`, in their order."""
    rules = [
        Rule(
            rule_id=rule.id,
            regions=frozenset(rule.when.region),
            platforms=frozenset(rule.when.platform),
            shops=frozenset(rule.when.shop),
            warehouses=rule.warehouses,
        )
        for rule in config.rules
    ]
    return RuleTable(rules, config.regions)


def shadow_shops(config: MerchantConfig) -> list[str]:
    """Return the shops whose orders are decided and never sent."""
    return [shop.id for shop in config.shops if shop.mode == "shadow"]
