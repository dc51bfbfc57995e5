"""The goods master and the gift rules: `skus.csv`, `bundles.csv`, `gifts.csv`; all three may be absent."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from orderhub.config import models
from orderhub.config.csv_table import Row, read_table
from orderhub.config.located_yaml import nearest
from orderhub.config.moments import beijing_instant
from orderhub.domain.sku import normalise_sku, suggest_sku
from orderhub.errors import ConfigError

GOODS_FILES = ("skus.csv", "bundles.csv", "gifts.csv")
SKU_COLUMNS = ("sku_id", "name")
SKU_OPTIONAL = ("barcode", "weight_g", "cost", "list_price", "tags", "kind", "comment")
BUNDLE_COLUMNS = ("bundle_sku_id", "part_sku_id", "quantity")
GIFT_COLUMNS = ("rule_id", "gift_sku_id")
GIFT_OPTIONAL = ("quantity", "shop_id", "sku_id", "min_amount", "since", "until", "first", "comment")
#: What a piece without a weight counts as, grams: heavier than most, so that no parcel is under-declared.
DEFAULT_WEIGHT_G = 500
#: What shelves of a warehouse are called in the header of skus.csv.
_SHELF = "location_"
_KINDS = ("goods", "bundle", "gift", "service")
_YUAN = re.compile(r"[0-9]{1,9}(\.[0-9]{1,2})?")
_MOST_PIECES = 10_000


@dataclass(frozen=True)
class Goods:
    """What the three files say."""

    skus: tuple[models.Sku, ...] = ()
    bundle_parts: tuple[models.BundlePart, ...] = ()
    gift_rules: tuple[models.GiftRule, ...] = ()


def read_goods(files: Mapping[str, str], shops: Sequence[str], warehouses: Sequence[str]) -> Goods:
    """Return the goods master and the gift rules of the merchant's files.

    Raises:
        ConfigError: the first thing wrong, with file and line.
    """
    skus = _skus(files["skus.csv"], warehouses) if "skus.csv" in files else {}
    parts = _bundle_parts(files.get("bundles.csv", ""), skus)
    gifts = _gift_rules(files.get("gifts.csv", ""), skus, shops)
    return Goods(tuple(skus.values()), parts, gifts)


def canonical_mappings(
    mappings: Sequence[models.SkuMapping], skus: Sequence[models.Sku]
) -> tuple[models.SkuMapping, ...]:
    """Return the mappings with our SKUs as the goods master spells them, whatever case or width was typed."""
    spelled = {normalise_sku(sku.sku_id): sku.sku_id for sku in skus}
    return tuple(
        mapping.model_copy(update={"sku_id": spelled.get(normalise_sku(mapping.sku_id), mapping.sku_id)})
        for mapping in mappings
    )


def warnings_of(config: models.MerchantConfig) -> list[str]:
    """Return what a clerk should know of files that are valid all the same."""
    if not config.skus:
        return []
    known = [(sku.sku_id, sku.sku_id) for sku in config.skus]
    spelled = {sku.sku_id for sku in config.skus}
    weightless = [sku.sku_id for sku in config.skus if sku.is_weight_assumed and sku.kind != "service"]
    assumed = f"weight_g 空,按 {DEFAULT_WEIGHT_G} 克 / assumed"
    warnings = [f"skus.csv: {sku_id}: {assumed}" for sku_id in weightless]
    codes = known + [(mapping.platform_sku, mapping.sku_id) for mapping in config.sku_mappings]
    named = [(f"sku_mappings.csv: {row.mapping_id}", row.sku_id, known) for row in config.sku_mappings]
    named += [(f"shares.csv: {row.shop_id}", row.sku_id, codes) for row in config.shares]
    named += [(f"safety_stock.csv: {place}", sku_id, codes) for place, sku_id in config.safety_stock]
    for where, sku_id, choices in named:
        if sku_id not in spelled and sku_id != "*":
            suggestion = suggest_sku(sku_id, choices)
            hint = f";是不是 / did you mean {suggestion.sku_id}?" if suggestion else ""
            warnings.append(f"{where}: {sku_id} 不在 / is not in skus.csv{hint}")
    return warnings


def _skus(source: str, warehouses: Sequence[str]) -> dict[str, models.Sku]:
    shelves = {f"{_SHELF}{warehouse}": warehouse for warehouse in warehouses}
    skus: dict[str, models.Sku] = {}
    for row in read_table(source, "skus.csv", SKU_COLUMNS, (*SKU_OPTIONAL, *shelves)):
        key = normalise_sku(row["sku_id"])
        if not key or not row["name"]:
            raise row.refuse("sku_id", "and name must both be given")
        if key in skus:
            raise row.refuse("sku_id", "is given twice; letter case and full width make no difference")
        kind = row["kind"] or "goods"
        if kind not in _KINDS:
            raise row.refuse("kind", f"is not known; {nearest(kind, list(_KINDS))}")
        skus[key] = models.Sku.model_validate(
            {
                "sku_id": row["sku_id"],
                "name": row["name"],
                "barcode": row["barcode"] or None,
                "weight_g": _whole(row, "weight_g") or DEFAULT_WEIGHT_G,
                "is_weight_assumed": not row["weight_g"],
                "cost_fen": _fen(row, "cost"),
                "list_price_fen": _fen(row, "list_price"),
                "tags": tuple(tag for tag in (part.strip() for part in row["tags"].split("|")) if tag),
                "kind": kind,
                "locations": {shelves[column]: row[column] for column in shelves if row[column]},
            }
        )
    return skus


def _bundle_parts(source: str, skus: Mapping[str, models.Sku]) -> tuple[models.BundlePart, ...]:
    parts: dict[str, dict[str, models.BundlePart]] = {}
    for row in read_table(source, "bundles.csv", BUNDLE_COLUMNS, ("comment",)) if source else ():
        bundle, part = _known(row, "bundle_sku_id", skus), _known(row, "part_sku_id", skus)
        if bundle.kind != "bundle":
            raise row.refuse("bundle_sku_id", f"has the kind {bundle.kind} in skus.csv; it must be bundle")
        if part.kind not in ("goods", "gift"):
            raise row.refuse("part_sku_id", f"is a {part.kind}; parts are goods or gifts")
        known = parts.setdefault(bundle.sku_id, {})
        if part.sku_id in known:
            raise row.refuse("part_sku_id", f"is given twice for {bundle.sku_id}; add the pieces up")
        quantity = _whole(row, "quantity") or 0
        if quantity == 0:
            raise row.refuse("quantity", "must be at least 1")
        known[part.sku_id] = models.BundlePart(
            bundle_sku_id=bundle.sku_id,
            part_sku_id=part.sku_id,
            part_no=len(known) + 1,
            quantity=quantity,
            weight=(part.list_price_fen or 0) * quantity,
        )
    for sku in skus.values():
        if sku.kind == "bundle" and sku.sku_id not in parts:
            raise ConfigError(f"skus.csv: {sku.sku_id} is a bundle, and bundles.csv names no part of it")
    return tuple(part for known in parts.values() for part in known.values())


def _gift_rules(
    source: str, skus: Mapping[str, models.Sku], shops: Sequence[str]
) -> tuple[models.GiftRule, ...]:
    rules: dict[str, models.GiftRule] = {}
    for row in read_table(source, "gifts.csv", GIFT_COLUMNS, GIFT_OPTIONAL) if source else ():
        shop = row["shop_id"]
        if shop not in ("", "*") and shop not in shops:
            raise row.refuse("shop_id", f"is not a shop; {nearest(shop, [*shops, '*'])}")
        if row["rule_id"] in rules:
            raise row.refuse("rule_id", "is used twice; the id says later which rule gave the gift")
        if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,39}", row["rule_id"]):
            raise row.refuse("rule_id", "must be lower-case letters, digits, - and _")
        gift = _known(row, "gift_sku_id", skus)
        if gift.kind not in ("goods", "gift"):
            raise row.refuse("gift_sku_id", f"is a {gift.kind}; a gift is a gift or goods")
        rules[row["rule_id"]] = models.GiftRule(
            rule_id=row["rule_id"],
            gift_sku_id=gift.sku_id,
            quantity=_whole(row, "quantity") or 1,
            shop_id=None if shop in ("", "*") else shop,
            sku_id=_known(row, "sku_id", skus).sku_id if row["sku_id"] else None,
            min_amount_fen=_fen(row, "min_amount"),
            since_at=_instant(row, "since"),
            until_at=_instant(row, "until", is_end=True),
            first_count=_whole(row, "first"),
        )
    return tuple(rules.values())


def _known(row: Row, column: str, skus: Mapping[str, models.Sku]) -> models.Sku:
    found = skus.get(normalise_sku(row[column]))
    if found is None:
        spelled = [sku.sku_id for sku in skus.values()]
        hint = nearest(row[column], spelled) if spelled else "there is no skus.csv"
        raise row.refuse(column, f"is not in skus.csv; {hint[:200]}")
    return found


def _whole(row: Row, column: str) -> int | None:
    if not row[column]:
        return None
    if not (row[column].isascii() and row[column].isdecimal()) or int(row[column]) > _MOST_PIECES * 10:
        raise row.refuse(column, "is not a whole number that makes sense here")
    return int(row[column])


def _fen(row: Row, column: str) -> int | None:
    if not row[column]:
        return None
    if not _YUAN.fullmatch(row[column]):
        raise row.refuse(column, "is not an amount in yuan, for example 129.00")
    return int(Decimal(row[column]) * 100)


def _instant(row: Row, column: str, *, is_end: bool = False) -> datetime | None:
    """Return a Beijing date or time; the end of a day is the start of the next."""
    if not row[column]:
        return None
    try:
        return beijing_instant(row[column], is_end=is_end)
    except ValueError as error:
        raise row.refuse(column, str(error)) from None
