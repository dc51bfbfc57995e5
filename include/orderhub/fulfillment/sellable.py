"""What each shop may offer of each SKU, after a pass: ATP × share. Changes are told where that is on."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import Connection, text

from orderhub.clock import Clock
from orderhub.config.models import MerchantConfig
from orderhub.config.shares import StockShare, shares_of
from orderhub.db.copy import copy_rows
from orderhub.db.outbox import Effect, enqueue
from orderhub.db.sql_files import statement
from orderhub.domain.shares import Share, bundles_in, share_out
from orderhub.fulfillment.route import read_availability

STOCK = "stock:"
_KNOWN = text("select exists (select from core.sellable)")
_SKUS = text("select distinct sku_id from core.stock order by sku_id")
_FRESH = text("""
    create temporary table fresh_sellable (
        shop_id text collate "C", sku_id text collate "C", sellable_qty bigint, atp_qty bigint,
        percent integer, floor_qty bigint, primary key (shop_id, sku_id)
    ) on commit drop""")
_SWITCHED_OFF = text("delete from core.pushed_shops where shop_id <> all(:shops)")
_SWITCHED_ON = text("""
    insert into core.pushed_shops
    select shop_id, :now from unnest(cast(:shops as text[])) as s (shop_id) order by shop_id
    on conflict do nothing
    returning shop_id""")
#: What was said before it was switched off may be true there no longer.
_NOTHING_TOLD = text("""
    update core.sellable set told_qty = null, told_at = null, answer = null, means = null, retry_at = null
    where shop_id = any(:shops)""")
_COLUMNS = ("shop_id", "sku_id", "sellable_qty", "atp_qty", "percent", "floor_qty")
_Row = tuple[str, str, int, int, int, int]


def refresh_sellable(connection: Connection, clock: Clock, config: MerchantConfig, pass_id: int) -> int:
    """Make core.sellable true again, and return how many (shop, SKU) changed.

    The same stock and the same shares again change no row. Orders that wait for stock have no part in it.
    A shop that is told its stock from now on is told every figure.
    """
    told = [shop.id for shop in config.shops if shop.push_stock and shop.mode == "live"]
    begun = _begin_telling(connection, clock, told)
    if not config.shares and not connection.execute(_KNOWN).scalar_one():
        return 0
    connection.execute(_FRESH)
    # The connection cannot read while it copies.
    rows = list(_rows(connection, config, clock.now()))
    copy_rows(connection, "fresh_sellable", _COLUMNS, rows)
    changed = connection.execute(statement("core/sellable"), {"now": clock.now()}).all()
    effects = [
        Effect(
            outbox_id=f"stock:{shop_id}:{pass_id}",
            target=f"{STOCK}{shop_id}",
            subject=f"{STOCK}{shop_id}",
            payload={"shop_id": shop_id},
        )
        for shop_id in sorted(begun | {row.shop_id for row in changed} & set(told))
    ]
    enqueue(connection, effects, clock)
    return sum(row.skus for row in changed)


def _begin_telling(connection: Connection, clock: Clock, told: list[str]) -> set[str]:
    """Keep which shops are told, forget what those that begin now were told before, and return them."""
    connection.execute(_SWITCHED_OFF, {"shops": told})
    given = {"shops": told, "now": clock.now()}
    begun = set(connection.execute(_SWITCHED_ON, given).scalars())
    if begun:
        connection.execute(_NOTHING_TOLD, {"shops": sorted(begun)})
    return begun


def _rows(connection: Connection, config: MerchantConfig, now: datetime) -> Iterator[_Row]:
    availability = read_availability(connection, config, now)
    buildings = [warehouse.id for warehouse in config.warehouses if warehouse.kind == "ordinary"]
    bundles = _bundles(config)
    skus = [sku for sku in connection.execute(_SKUS).scalars() if sku not in bundles]
    atp = {sku: sum(availability.of(building, sku) for building in buildings) for sku in skus}
    offered: dict[str, dict[str, int]] = {}
    for sku, pieces in atp.items():
        shares = shares_of(config.shares, sku)
        for shop_id, here in share_out(pieces, [_share(share) for share in shares]).items():
            offered.setdefault(shop_id, {})[sku] = here
        for share in shares:
            yield share.shop_id, sku, offered[share.shop_id][sku], pieces, share.percent, share.floor
    for bundle, parts in bundles.items():
        whole = bundles_in(atp, parts)
        for share in shares_of(config.shares, bundle):
            here = bundles_in(offered.get(share.shop_id, {}), parts)
            yield share.shop_id, bundle, here, whole, share.percent, share.floor


def _share(share: StockShare) -> Share:
    return Share(share.shop_id, share.percent, share.floor)


def _bundles(config: MerchantConfig) -> dict[str, Sequence[tuple[str, int]]]:
    bundles: dict[str, list[tuple[str, int]]] = {}
    for part in config.bundle_parts:
        bundles.setdefault(part.bundle_sku_id, []).append((part.part_sku_id, part.quantity))
    return dict(bundles)
