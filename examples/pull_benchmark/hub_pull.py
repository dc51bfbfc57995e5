"""The hub's own pull of the same shop: windows, coverage, versions, leases, and the refunds beside.

The platform's call budget is left out: it is the platform's limit, not the hub's.
"""

import argparse
import time

from backend import options, report
from pydantic import SecretStr

from orderhub import paths
from orderhub.clock import SystemClock
from orderhub.config.models import MerchantConfig
from orderhub.config.parse import parse_config
from orderhub.connections import Connection
from orderhub.db.engine import Database
from orderhub.platforms.client import shop_client
from orderhub.platforms.extract import pull_shop
from orderhub.platforms.spec import Platform, load_platform

SHOPS = """\
shops:
  - id: dy_live
    platform: douyin
    name: benchmark
    connection: benchmark
    go_live_at: "2026-01-01T00:00:00+08:00"
    since_days: 2
"""


def main() -> None:
    """Pull every window of the shop once into staging."""
    given = options()
    database, clock = Database(given.dsn, "benchmark"), SystemClock()
    config, platform = _config(), _without_budgets(load_platform("douyin"))
    shop = config.shops[0]
    client = shop_client(database, clock, platform, shop, _connection(given), None)
    started, left, staged = time.perf_counter(), 1, 0
    while left:
        counts = pull_shop(database, clock, platform, shop, client, config, SecretStr("of this benchmark"))
        left, staged = counts.windows_left, staged + counts.staged
    report(staged, time.perf_counter() - started)
    client.close()
    database.close()


def _config() -> MerchantConfig:
    folder = paths.shipped_config_directory()
    files = {file.name: file.read_text(encoding="utf-8") for file in folder.iterdir() if file.is_file()}
    mappings = "mapping_id,shop_id,platform_sku,sku_id\n"
    return parse_config({**files, "shops.yaml": SHOPS, "sku_mappings.csv": mappings})


def _without_budgets(platform: Platform) -> Platform:
    assert platform.spec.api is not None
    api = platform.spec.api.model_copy(update={"budgets": ()})
    return Platform(platform.spec.model_copy(update={"api": api}), platform.field_map, platform.source)


def _connection(given: argparse.Namespace) -> Connection:
    return Connection(
        host=given.base,
        login=given.key,
        password=SecretStr(given.secret),
        extra={"access_token": given.token},
    )


if __name__ == "__main__":
    main()
