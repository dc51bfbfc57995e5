"""One entrance for pulling a shop, whatever its platform is: tasks and the command line call this."""

from dataclasses import asdict
from typing import Any

import structlog

from orderhub.clock import Clock
from orderhub.config.models import MerchantConfig, Shop
from orderhub.connections import load_connection
from orderhub.db.engine import Database
from orderhub.errors import ConfigError
from orderhub.platforms.spec import Platform, load_platform
from orderhub.settings import Settings

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
    shop = next((shop for shop in config.shops_of(platform_name) if shop.id == shop_id), None)
    if shop is None:
        known = ", ".join(shop.id for shop in config.shops_of(platform_name)) or "none"
        raise ConfigError(f"shop {shop_id!r} is not a shop on {platform_name}; shops there: {known}")
    if platform.spec.kind == "files":
        counts = _pull_files(database, clock, settings, shop)
    else:
        counts = _pull_api(database, clock, settings, config, platform, shop)
    log.info("shop pulled", platform=platform_name, shop_id=shop_id, **counts)
    return counts


def _pull_api(
    database: Database,
    clock: Clock,
    settings: Settings,
    config: MerchantConfig,
    platform: Platform,
    shop: Shop,
) -> dict[str, Any]:
    from orderhub.platforms.client import Client
    from orderhub.platforms.extract import pull_shop

    if shop.connection is None or platform.spec.api is None:
        raise ConfigError(f"shops.yaml: shop {shop.id} has no connection; name the one with its credentials")
    client = Client(platform.spec.api, load_connection(shop.connection, settings.connections), clock)
    try:
        counts = pull_shop(database, clock, platform, shop, client, config, settings.hash_key)
        return asdict(counts)
    finally:
        client.close()


def _pull_files(database: Database, clock: Clock, settings: Settings, shop: Shop) -> dict[str, Any]:
    from orderhub.platforms.spreadsheet import extract_shop

    return asdict(extract_shop(database, clock, settings, shop))
