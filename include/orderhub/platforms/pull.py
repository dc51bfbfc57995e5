"""One entrance for pulling a shop, whatever its platform is: tasks and the command line call this."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy import text

from orderhub.clock import Clock
from orderhub.config.models import MerchantConfig, Shop
from orderhub.connections import load_connection
from orderhub.db.engine import Database
from orderhub.db.staging_tables import refuse_absent
from orderhub.errors import ConfigError, ShopError
from orderhub.platforms.spec import Platform, load_platform
from orderhub.settings import Settings

if TYPE_CHECKING:
    from orderhub.platforms.client import Client

log = structlog.get_logger(__name__)


def pull(
    database: Database,
    clock: Clock,
    settings: Settings,
    config: MerchantConfig,
    platform_name: str,
    shop_id: str,
) -> dict[str, Any]:
    """Pull what is due for one shop and return counts.

    Raises:
        ConfigError: the shop is not one of this platform, or has no connection.
        ShopError: the shop waits for a person, who was told, and nothing new came in; or its platform was
            added and waits for its tables.
        RetryError: try again later; what was committed stays.
    """
    platform = load_platform(platform_name, config)
    shop = shop_on(config, platform_name, shop_id)
    with database.read() as connection:
        refuse_absent(connection, platform_name)
    if platform.spec.kind == "files":
        counts = _pull_files(database, clock, settings, shop)
    else:
        counts = _pull_api(database, clock, settings, config, platform, shop)
    log.info("shop pulled", platform=platform_name, shop_id=shop_id, **counts)
    return counts


def shop_on(config: MerchantConfig, platform_name: str, shop_id: str) -> Shop:
    """Return shop `shop_id` of a platform.

    Raises:
        ConfigError: it is not a shop there; names those that are.
    """
    for shop in config.shops_of(platform_name):
        if shop.id == shop_id:
            return shop
    known = ", ".join(shop.id for shop in config.shops_of(platform_name)) or "none"
    raise ConfigError(f"shop {shop_id!r} is not a shop on {platform_name}; shops there: {known}")


@contextmanager
def open_client(
    database: Database,
    clock: Clock,
    settings: Settings,
    config: MerchantConfig,
    platform: Platform,
    shop: Shop,
) -> Iterator["Client"]:
    """Yield a client with the credentials of `shop`, and close it.

    What stops the shop is noted and mailed once (`stopped.noting_stops`).

    Raises:
        ConfigError: the shop has no connection, or its platform gives files.
    """
    from orderhub.platforms.client import shop_client
    from orderhub.platforms.stopped import noting_stops

    if shop.connection is None:
        raise ConfigError(f"shops.yaml: shop {shop.id} has no connection; name the one with its credentials")
    connection = load_connection(shop.connection, settings.connections)
    client = shop_client(database, clock, platform, shop, connection, settings.token_key)
    with closing(client), noting_stops(database, clock, config, shop, client):
        yield client


def _pull_api(
    database: Database,
    clock: Clock,
    settings: Settings,
    config: MerchantConfig,
    platform: Platform,
    shop: Shop,
) -> dict[str, Any]:
    from orderhub.platforms.extract import pull_shop

    started_at = clock.now()
    try:
        with open_client(database, clock, settings, config, platform, shop) as client:
            return asdict(pull_shop(database, clock, platform, shop, client, config, settings.hash_key))
    except ShopError as error:
        if not _has_staged(database, shop, started_at):
            raise
        return {"stopped": str(error)}  # What came in before must reach transform.


def _has_staged(database: Database, shop: Shop, since: datetime) -> bool:
    statement = text("""
        select exists (
            select from ops.loads where shop_id = :shop and committed_at >= :since and staged_count > 0)""")
    with database.read() as connection:
        return bool(connection.execute(statement, {"shop": shop.id, "since": since}).scalar_one())


def _pull_files(database: Database, clock: Clock, settings: Settings, shop: Shop) -> dict[str, Any]:
    from orderhub.platforms.spreadsheet import extract_shop

    return asdict(extract_shop(database, clock, settings, shop))
