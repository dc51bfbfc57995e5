"""One entrance for pulling a shop, whatever its platform is: tasks and the command line call this."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import structlog

from orderhub.clock import Clock
from orderhub.config.models import MerchantConfig, Shop
from orderhub.connections import load_connection
from orderhub.db.engine import Database
from orderhub.errors import ConfigError
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
        CredentialError: the platform refuses the shop's account.
        RetryError: try again later; what was committed stays.
    """
    platform = load_platform(platform_name, config)
    shop = shop_on(config, platform_name, shop_id)
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
def open_client(clock: Clock, settings: Settings, platform: Platform, shop: Shop) -> Iterator["Client"]:
    """Yield a client with the credentials of `shop`, and close it.

    Raises:
        ConfigError: the shop has no connection, or its platform gives files.
    """
    from orderhub.platforms.client import Client

    if shop.connection is None or platform.spec.api is None:
        raise ConfigError(f"shops.yaml: shop {shop.id} has no connection; name the one with its credentials")
    client = Client(platform.spec.api, load_connection(shop.connection, settings.connections), clock)
    try:
        yield client
    finally:
        client.close()


def _pull_api(
    database: Database,
    clock: Clock,
    settings: Settings,
    config: MerchantConfig,
    platform: Platform,
    shop: Shop,
) -> dict[str, Any]:
    from orderhub.platforms.extract import pull_shop

    with open_client(clock, settings, platform, shop) as client:
        return asdict(pull_shop(database, clock, platform, shop, client, config, settings.hash_key))


def _pull_files(database: Database, clock: Clock, settings: Settings, shop: Shop) -> dict[str, Any]:
    from orderhub.platforms.spreadsheet import extract_shop

    return asdict(extract_shop(database, clock, settings, shop))
