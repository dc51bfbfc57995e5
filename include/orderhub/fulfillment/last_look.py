"""The last look: orders that a manifest is about to take are read again from their platforms.

What is new enters as it always does, through staging, mapping and checks, so that there is one truth; this
module decides what to ask for and notes until when each order's state is known. Files have nothing to ask.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta

import structlog

from orderhub.clock import Clock
from orderhub.config.models import MerchantConfig, Shop
from orderhub.db.engine import Database
from orderhub.db.leases import hold_scope
from orderhub.db.sql_files import statement
from orderhub.errors import ConfigError, LeaseTaken, RetryError, ShopError
from orderhub.fulfillment.cutoffs import Cutoff
from orderhub.platforms.backfill import Access
from orderhub.platforms.client import Client
from orderhub.platforms.pull import open_client
from orderhub.platforms.rereading import Reread, reread
from orderhub.platforms.spec import load_platform
from orderhub.settings import Settings

log = structlog.get_logger(__name__)
SCOPE = "last_look"
#: All shops together; a manifest is never later than this for a platform that is slow.
BUDGET = timedelta(minutes=3)
#: Read again so shortly ago is good enough: a closing that is tried again asks nothing twice.
STILL_FRESH = timedelta(minutes=2)
#: More than any platform gives one by one within the budget.
MOST_ORDERS = 50_000
_SHOPS_AT_ONCE = 3

Opener = Callable[[Access], AbstractContextManager[Client]]


@dataclass(frozen=True)
class Looked:
    """What a last look did: orders read again, versions that were new, shop → why not all could be read."""

    reread: int
    staged: int
    said: Mapping[str, str]


def open_shop(access: Access) -> AbstractContextManager[Client]:
    """Return a client with the credentials of the shop."""
    return open_client(
        access.database, access.clock, access.settings, access.config, access.platform, access.shop
    )


def look_again(
    database: Database, clock: Clock, settings: Settings, config: MerchantConfig, due: Iterable[Cutoff],
    opener: Opener = open_shop,
) -> Looked:  # fmt: skip
    """Read the orders that are due at the warehouses of `due` again, and note until when each is known.

    The calls are inside the platforms' budgets; those seen longest ago come first. A shop that cannot be
    asked, as the spec of its platform is broken, say, stops no other; its orders are known as of then.

    Raises:
        LeaseTaken: another last look runs now.
        DatabaseFault: the database failed.
    """
    warehouses = sorted({cutoff.warehouse_id for cutoff in due})
    with hold_scope(database, SCOPE) as lease:
        access = {
            shop.id: one
            for shop in config.shops
            if (one := shop_access(database, clock, settings, config, shop))
        }
        broken = _broken_shops(config)
        wanted = _wanted(database, clock, warehouses, [*access, *broken])
        deadline = clock.now() + BUDGET

        def look(shop_id: str) -> Reread:
            if shop_id in broken:
                return Reread(said=broken[shop_id])
            try:
                with opener(access[shop_id]) as client:
                    return reread(access[shop_id], client, wanted[shop_id], deadline)
            except (RetryError, ShopError, ConfigError, LeaseTaken) as error:
                return Reread(said=str(error))

        with ThreadPoolExecutor(_SHOPS_AT_ONCE) as pool:
            found = dict(zip(wanted, pool.map(look, wanted), strict=True))
        with database.transaction(lease) as connection:
            connection.execute(statement("ops/last_looks"), _notes(found, warehouses) | {"now": clock.now()})
    looked = Looked(
        sum(len(one.seen) for one in found.values()),
        sum(one.staged for one in found.values()),
        {shop_id: one.said for shop_id, one in found.items() if one.said},
    )
    log.info("last look", reread=looked.reread, staged=looked.staged, failed=dict(looked.said))
    return looked


def shop_access(
    database: Database, clock: Clock, settings: Settings, config: MerchantConfig, shop: Shop
) -> Access | None:
    """Return access to a live shop of an API platform; None for others, and where the spec is broken."""
    try:
        platform = load_platform(shop.platform, config)
    except ConfigError:
        return None  # Its DAG says so.
    is_asked = platform.spec.kind == "api" and shop.mode == "live"
    return Access(database, clock, settings, config, platform, shop) if is_asked else None


def _broken_shops(config: MerchantConfig) -> dict[str, str]:
    """Return live shops of which nobody knows how they are asked → why."""
    broken: dict[str, str] = {}
    for shop in config.shops:
        try:
            load_platform(shop.platform, config)
        except ConfigError as error:
            broken |= {shop.id: str(error)} if shop.mode == "live" else {}
    return broken


def _wanted(
    database: Database, clock: Clock, warehouses: list[str], shops: list[str]
) -> dict[str, list[str]]:
    given = {
        "warehouses": warehouses, "shops": shops, "since": clock.now() - STILL_FRESH, "most": MOST_ORDERS
    }  # fmt: skip
    wanted: dict[str, list[str]] = defaultdict(list)
    with database.read() as connection:
        for row in connection.execute(statement("ops/orders_to_look_at"), given):
            wanted[row.shop_id].append(row.record_id)
    return wanted


def _notes(found: Mapping[str, Reread], warehouses: list[str]) -> dict[str, object]:
    reread_ones = [(shop, key, at) for shop, one in found.items() for key, at in one.seen.items()]
    refused = [(shop, key) for shop, one in found.items() for key in one.refused]
    return {
        "warehouses": warehouses,
        "shops": list(found),
        "known_untils": [one.known_until for one in found.values()],
        "read_shops": [shop for shop, _, _ in reread_ones],
        "read_ids": [key for _, key, _ in reread_ones],
        "read_ats": [at for _, _, at in reread_ones],
        "refused_shops": [shop for shop, _ in refused],
        "refused_ids": [key for _, key in refused],
    }
