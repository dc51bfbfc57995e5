"""Gives SQL the goods master and the gift rules: whole tables of a few thousand rows, replaced at apply."""

import json
from collections.abc import Iterable, Iterator
from itertools import groupby

from sqlalchemy import Connection, text

from orderhub.config.models import BundlePart, MerchantConfig
from orderhub.db.copy import Value, copy_rows

_SKU_COLUMNS = (
    "sku_id", "name", "barcode", "weight_g", "is_weight_assumed", "cost_fen", "list_price_fen", "tags",
    "kind", "locations",
)  # fmt: skip
_PART_COLUMNS = (
    "bundle_sku_id", "part_no", "part_sku_id", "quantity", "weight", "total_weight", "earlier_weights",
    "list_price_fen",
)  # fmt: skip
_RULE_COLUMNS = (
    "rule_id", "gift_sku_id", "quantity", "shop_id", "sku_id", "min_amount_fen", "since_at", "until_at",
    "first_count",
)  # fmt: skip


def replace_goods(connection: Connection, config: MerchantConfig) -> None:
    """Replace core.skus, core.bundle_parts and core.gift_rules with what the files say."""
    connection.execute(text("delete from core.gift_rules"))
    connection.execute(text("delete from core.skus"))
    copy_rows(connection, "core.skus", _SKU_COLUMNS, _sku_rows(config))
    copy_rows(connection, "core.bundle_parts", _PART_COLUMNS, _part_rows(config))
    copy_rows(connection, "core.gift_rules", _RULE_COLUMNS, _rule_rows(config))


def _sku_rows(config: MerchantConfig) -> Iterator[tuple[Value, ...]]:
    for sku in config.skus:
        yield (
            sku.sku_id, sku.name, sku.barcode, sku.weight_g, sku.is_weight_assumed, sku.cost_fen,
            sku.list_price_fen, _array(sku.tags), sku.kind, json.dumps(sku.locations, ensure_ascii=False),
        )  # fmt: skip


def _part_rows(config: MerchantConfig) -> Iterator[tuple[Value, ...]]:
    """Yield each bundle itself as part 0, then its parts; a line joined with them is exploded in one scan."""
    prices = {sku.sku_id: sku.list_price_fen for sku in config.skus}
    for bundle, group in groupby(config.bundle_parts, key=lambda part: part.bundle_sku_id):
        parts = list(group)
        weights = _weights(parts)
        yield (bundle, 0, bundle, 1, 0, sum(weights), None, prices[bundle])
        for part, weight in zip(parts, weights, strict=True):
            earlier = _array(map(str, weights[:-1])) if part is parts[-1] else None
            yield (
                bundle, part.part_no, part.part_sku_id, part.quantity, weight, sum(weights), earlier,
                prices[part.part_sku_id],
            )  # fmt: skip


def _weights(parts: list[BundlePart]) -> list[int]:
    """Return what the parts weigh in sharing; without any list price, pieces count."""
    weights = [part.weight for part in parts]
    return weights if any(weights) else [part.quantity for part in parts]


def _rule_rows(config: MerchantConfig) -> Iterator[tuple[Value, ...]]:
    for rule in config.gift_rules:
        yield (
            rule.rule_id, rule.gift_sku_id, rule.quantity, rule.shop_id, rule.sku_id, rule.min_amount_fen,
            rule.since_at.isoformat() if rule.since_at else None,
            rule.until_at.isoformat() if rule.until_at else None, rule.first_count,
        )  # fmt: skip


def _array(values: Iterable[str]) -> str:
    quoted = ('"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"' for value in values)
    return "{" + ",".join(quoted) + "}"
