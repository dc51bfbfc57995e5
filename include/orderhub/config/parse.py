"""Turns the merchant's files (path → text) into one checked `MerchantConfig`."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from orderhub import paths
from orderhub.config import blacklist, models
from orderhub.config.calendar_file import read_calendar
from orderhub.config.carrier_files import Known, read_carriers
from orderhub.config.carriers import Carriers
from orderhub.config.checks import ChecksFile, check_shops
from orderhub.config.csv_table import read_table
from orderhub.config.goods import GOODS_FILES, Goods, canonical_mappings, read_goods
from orderhub.config.located_yaml import LocatedDocument, nearest, parse, read_document
from orderhub.config.routing_files import (
    PROFILES,
    check_backups,
    read_profiles,
    read_regions,
    read_routing,
    read_tiers,
)
from orderhub.config.shares import check_pushing, read_shares
from orderhub.domain.calendar import Closing
from orderhub.domain.province import PROVINCES
from orderhub.domain.sku import normalise_sku
from orderhub.errors import ConfigError

REQUIRED = ("shops.yaml", "warehouses.yaml", "routing.yaml", "alerts.yaml", "regions.csv", "sku_mappings.csv")
OPTIONAL = (
    "safety_stock.csv", "holds.yaml", "carriers.yaml", "checks.yaml", "blacklist.csv", "tiers.csv",
    "calendar.csv", "shares.csv", *GOODS_FILES,
)  # fmt: skip
#: Read by `./hub stock import`, when a person says so.
ELSEWHERE = ("stock.csv",)
_LOOKS_READ = {".csv", ".yaml", ".yml", ".xlsx", ".xls", ".txt"}
_PATTERNS = ("platforms/*/fields.csv", "expectations/*.json", PROFILES)


def read_directory(directory: Path) -> dict[str, str]:
    """Return the files of a configuration directory, path → text.

    Raises:
        ConfigError: the directory or a required file is missing, or is not UTF-8.
    """
    if not directory.is_dir():
        raise ConfigError(f"{directory}: no such directory; set ORDERHUB_CONFIG or copy include/config")
    missing = [name for name in REQUIRED if not (directory / name).is_file()]
    if missing:
        raise ConfigError(f"{directory / missing[0]}: missing; copy it from include/config and edit it")
    names = [*REQUIRED, *(name for name in OPTIONAL if (directory / name).is_file())]
    names += [str(p.relative_to(directory)) for pattern in _PATTERNS for p in sorted(directory.glob(pattern))]
    return {name: _read_text(directory / name) for name in names}


def unread_files(directory: Path) -> list[str]:
    """Return a warning for each file of tables or settings that is not read: a name that is not quite one."""
    known = [*REQUIRED, *OPTIONAL]
    strange = sorted(
        file.name
        for file in directory.iterdir()
        if file.suffix.lower() in _LOOKS_READ
        and file.name not in (*known, *ELSEWHERE)
        and file.name[0] not in ".~"
    )
    return [f"{name}: 没有读这个文件 / this file is not read; {nearest(name, known)}" for name in strange]


def version_of(files: Mapping[str, str]) -> str:
    """Return the version: SHA-256 over names and texts, hex."""
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(f"{name}\0{files[name]}\0".encode())
    return digest.hexdigest()


def parse_config(files: Mapping[str, str]) -> models.MerchantConfig:
    """Return the typed configuration.

    Raises:
        ConfigError: the first thing wrong, with file, line, key, value and the nearest valid one.
    """
    warehouses = parse(models.Warehouses, files["warehouses.yaml"], "warehouses.yaml").warehouses
    shops = parse(models.Shops, files["shops.yaml"], "shops.yaml").shops
    goods = read_goods(files, [shop.id for shop in shops], [w.id for w in warehouses])
    mappings = _sku_mappings(files["sku_mappings.csv"], [shop.id for shop in shops])
    alerts = parse(models.Alerts, files["alerts.yaml"], "alerts.yaml")
    _check_recipients(
        read_document(files["alerts.yaml"], "alerts.yaml"),
        alerts,
        [shop.id for shop in shops],
        [w.id for w in warehouses],
    )
    checks = _checks(files.get("checks.yaml"), [shop.id for shop in shops])
    regions = read_regions(files["regions.csv"])
    carriers = read_carriers(files.get("carriers.yaml"), _known(regions, shops, warehouses, goods))
    shares = read_shares(files.get("shares.csv"), [shop.id for shop in shops])
    check_pushing([shop.id for shop in shops if shop.push_stock], shares)
    return models.MerchantConfig(
        version=version_of(files),
        shops=shops,
        warehouses=warehouses,
        regions=regions,
        **_routing(files, shops, warehouses, regions, goods, checks),
        sku_mappings=canonical_mappings(mappings, goods.skus),
        skus=goods.skus,
        bundle_parts=goods.bundle_parts,
        gift_rules=goods.gift_rules,
        safety_stock=_safety_stock(files.get("safety_stock.csv", ""), [w.id for w in warehouses]),
        alerts=alerts,
        checks=checks,
        blacklist=_blacklist(files.get("blacklist.csv"), [shop.id for shop in shops]),
        holds=_holds(files.get("holds.yaml"), [shop.id for shop in shops]),
        carriers=carriers,
        shares=shares,
        closings=_closings(files, warehouses, regions, carriers),
        field_maps={n.split("/")[1]: t for n, t in files.items() if n.startswith("platforms/")},
        suites={n.split("/")[1]: t for n, t in files.items() if n.startswith("expectations/")},
    )


def check_platforms(shops: tuple[models.Shop, ...]) -> None:
    """Refuse a shop on a platform that this code does not ship: nothing would ever pull it.

    Raises:
        ConfigError: naming the shop and the nearest platform.
    """
    known = sorted(file.parent.name for file in paths.platforms_directory().glob("*/platform.yaml"))
    for shop in shops:
        if shop.platform not in known:
            raise ConfigError(
                f"shops.yaml: shop {shop.id}: platform {shop.platform!r} does not exist; "
                f"{nearest(shop.platform, known)}"
            )


def is_buyer_named(platform: str) -> bool:
    """Return whether a platform gives a stable id of the buyer; true also when its spec cannot be read."""
    file = paths.platforms_directory() / platform / "platform.yaml"
    try:
        spec = read_document(file.read_text(encoding="utf-8"), file.name).value
    except (ConfigError, OSError):
        return True  # Its DAG says what is wrong with it.
    downstream = spec.get("downstream") if isinstance(spec, dict) else None
    return not (isinstance(downstream, dict) and downstream.get("buyer") == "none")


def _read_text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigError(f"{file}: not UTF-8; save it as UTF-8 (Excel: CSV UTF-8)") from None
    except OSError as error:
        raise ConfigError(
            f"{file}: cannot be read: {error.strerror}; make it readable for the user who runs the hub"
        ) from None


def _routing(
    files: Mapping[str, str],
    shops: Sequence[models.Shop],
    warehouses: Sequence[models.Warehouse],
    regions: Mapping[str, Sequence[tuple[str, str]]],
    goods: Goods,
    checks: ChecksFile,
) -> dict[str, Any]:
    """Return the parts of the configuration that routing decides by."""
    shop_ids, warehouse_ids = [shop.id for shop in shops], [warehouse.id for warehouse in warehouses]
    names: dict[str, Sequence[str]] = {
        "warehouses": warehouse_ids,
        "region": list(regions),
        "province": PROVINCES,
        "shop": shop_ids,
        "platform": sorted({shop.platform for shop in shops}),
        "tag": sorted({tag for sku in goods.skus for tag in sku.tags}),
        "promotion": [promotion.id for promotion in checks.promotions],
    }
    if goods.skus:
        names["sku"] = [sku.sku_id for sku in goods.skus]
    routing = read_routing(files["routing.yaml"], names)
    backups = {warehouse.id: warehouse.backup for warehouse in warehouses if warehouse.backup}
    check_backups(files["warehouses.yaml"], backups, warehouse_ids)
    tiers = files.get("tiers.csv")
    return {
        "rules": routing.rules,
        "profiles": read_profiles(files, {**names, "tier": routing.tiers}),
        "settle_minutes": routing.settle_minutes,
        "reservation_days": routing.reservation_days,
        "closing_days": routing.closing_days,
        "copies_days": routing.copies_days,
        "merge": routing.merge,
        "no_split": routing.no_split,
        "tiers": routing.tiers,
        "customer_tiers": read_tiers(tiers, shop_ids, routing.tiers) if tiers else {},
    }


def _closings(
    files: Mapping[str, str],
    warehouses: Sequence[models.Warehouse],
    regions: Mapping[str, Sequence[tuple[str, str]]],
    carriers: Carriers,
) -> tuple[Closing, ...]:
    """Return the rows of calendar.csv; without carriers.yaml any name of a carrier is taken."""
    if "calendar.csv" not in files:
        return ()
    known = [carrier.id for carrier in carriers.carriers] or None
    return read_calendar(files["calendar.csv"], [warehouse.id for warehouse in warehouses], regions, known)


def _check_recipients(
    document: LocatedDocument, alerts: models.Alerts, shops: list[str], warehouses: list[str]
) -> None:
    """Refuse a shop or a warehouse that does not exist: nobody would hear of it."""
    for number, entry in enumerate(alerts.recipients):
        for key, values, known in (("shop", entry.shop, shops), ("warehouse", entry.warehouse, warehouses)):
            for position, value in enumerate(values):
                if value not in known:
                    line = document.line_of(("recipients", number, key, position))
                    raise ConfigError(
                        f"alerts.yaml:{line}: {key} {value!r} does not exist; {nearest(value, known)}"
                    )


def _sku_mappings(source: str, shops: list[str]) -> tuple[models.SkuMapping, ...]:
    mappings: dict[tuple[str, str], models.SkuMapping] = {}
    ids: set[str] = set()
    for row in read_table(
        source, "sku_mappings.csv", ("mapping_id", "shop_id", "platform_sku", "sku_id"), ("comment",)
    ):
        if row["shop_id"] != "*" and row["shop_id"] not in shops:
            raise row.refuse("shop_id", f"is not a shop; {nearest(row['shop_id'], [*shops, '*'])}")
        if not row["mapping_id"] or not row["sku_id"] or not row["platform_sku"]:
            raise row.refuse("mapping_id", "must all be given: mapping_id, platform_sku, sku_id")
        if row["mapping_id"] in ids:
            raise row.refuse("mapping_id", "is used twice; the id says later which row decided")
        ids.add(row["mapping_id"])
        key = (row["shop_id"], normalise_sku(row["platform_sku"]))
        if key in mappings:
            raise row.refuse("platform_sku", f"is mapped twice (also by {mappings[key].mapping_id})")
        mappings[key] = models.SkuMapping(
            mapping_id=row["mapping_id"], shop_id=key[0], platform_sku=key[1], sku_id=row["sku_id"]
        )
    return tuple(mappings.values())


def _known(
    regions: Mapping[str, object],
    shops: tuple[models.Shop, ...],
    warehouses: tuple[models.Warehouse, ...],
    goods: Goods,
) -> Known:
    return Known(
        regions=list(regions),
        platforms=sorted({shop.platform for shop in shops}),
        shops=[shop.id for shop in shops],
        warehouses=[warehouse.id for warehouse in warehouses],
        nameless=[each.id for each in warehouses if each.wms is None and each.sender is None],
        tags=sorted({tag for sku in goods.skus for tag in sku.tags}),
    )


def _checks(source: str | None, shops: list[str]) -> ChecksFile:
    """Return what checks.yaml says; without the file, the words and thresholds that orderhub ships."""
    if source is None:
        source = (paths.shipped_config_directory() / "checks.yaml").read_text(encoding="utf-8")
    checks = parse(ChecksFile, source, "checks.yaml")
    try:
        check_shops(checks, shops)
    except ValueError as error:
        raise ConfigError(f"checks.yaml: {error}") from None
    return checks


def _blacklist(source: str | None, shops: list[str]) -> tuple[blacklist.BlacklistEntry, ...]:
    return blacklist.read_blacklist(source, shops) if source else ()


def _holds(source: str | None, shops: list[str]) -> models.Holds:
    if source is None:
        return models.Holds()
    holds = parse(models.Holds, source, "holds.yaml")
    located = read_document(source, "holds.yaml")
    for number, care in enumerate(holds.rules):
        if care.shop is not None and care.shop not in shops:
            line = located.line_of(("rules", number, "shop"))
            raise ConfigError(
                f"holds.yaml:{line}: shop {care.shop!r} does not exist; {nearest(care.shop, shops)}"
            )
    return holds


def _safety_stock(source: str, warehouses: list[str]) -> dict[tuple[str, str], int]:
    floors: dict[tuple[str, str], int] = {}
    if not source:
        return floors
    for row in read_table(source, "safety_stock.csv", ("warehouse_id", "sku_id", "quantity"), ("comment",)):
        if row["warehouse_id"] not in warehouses:
            raise row.refuse("warehouse_id", f"does not exist; {nearest(row['warehouse_id'], warehouses)}")
        if not row["quantity"].isdecimal():
            raise row.refuse("quantity", "is not a whole number of pieces")
        if not row["sku_id"]:
            raise row.refuse("sku_id", "must be given; * means every SKU")
        if (row["warehouse_id"], row["sku_id"]) in floors:
            raise row.refuse("sku_id", f"is given twice for {row['warehouse_id']}")
        floors[row["warehouse_id"], row["sku_id"]] = int(row["quantity"])
    return floors
