"""The hub's own pull of the same shop: windows, coverage, versions, leases, and the refunds beside.

Then the same windows once more, when nothing has changed. The platform's call budget is left out: it is the
platform's limit, not the hub's.
"""

import argparse
import time
from datetime import UTC, datetime, timedelta

from backend import options, report
from pydantic import SecretStr
from sqlalchemy import text

from orderhub import paths
from orderhub.clock import Clock, SystemClock
from orderhub.config.models import MerchantConfig, Shop
from orderhub.config.parse import parse_config
from orderhub.connections import Connection
from orderhub.db.engine import Database
from orderhub.db.windows import request_range
from orderhub.platforms.client import Client, shop_client
from orderhub.platforms.extract import pull_shop
from orderhub.platforms.spec import Platform, load_platform

SHOPS = """\
shops:
  - id: {shop}
    platform: {platform}
    name: benchmark
    connection: benchmark
    go_live_at: "2026-01-01T00:00:00+08:00"
    since_days: 2
"""
#: The shipped rows of these files name shops that the benchmark does not have; a pull asks none of them.
OF_SHOPS = ("gifts.csv", "sku_mappings.csv")
KEY = SecretStr("of this benchmark")


def main() -> None:
    """Pull every window of the shop once into staging, and then again."""
    given = options()
    database, clock = Database(given.dsn, "benchmark"), SystemClock()
    config, platform = _config(given), _without_budgets(load_platform(given.platform))
    shop = config.shops[0]
    client = shop_client(database, clock, platform, shop, _connection(given), None)
    seconds, _ = _pull(database, clock, platform, shop, client, config)
    with database.read() as connection:
        count = text(f"select count(*) from staging.{platform.spec.name}_orders")  # noqa: S608 - a name
        orders = connection.execute(count).scalar_one()
    _ask_again(given, database, clock, platform, shop)
    again, changed = _pull(database, clock, platform, shop, client, config)
    report(orders, seconds, again_seconds=again, again_staged=changed)
    client.close()
    database.close()


def _pull(
    database: Database, clock: Clock, platform: Platform, shop: Shop, client: Client, config: MerchantConfig
) -> tuple[float, int]:
    """Pull until no window is left, and return seconds and rows staged."""
    started, left, staged = time.perf_counter(), 1, 0
    while left:
        counts = pull_shop(database, clock, platform, shop, client, config, KEY)
        left, staged = counts.windows_left, staged + counts.staged
    return time.perf_counter() - started, staged


def _ask_again(
    given: argparse.Namespace, database: Database, clock: Clock, platform: Platform, shop: Shop
) -> None:
    since, until = (datetime.fromtimestamp(at, UTC) for at in (given.since, given.until))
    for name, stream in platform.spec.streams.items():
        request_range(
            database, clock, platform=platform.spec.name, shop_id=shop.id, stream=name, since=since,
            until=until, length=timedelta(minutes=stream.window.catch_up_minutes), actor="benchmark",
        )  # fmt: skip


def _config(given: argparse.Namespace) -> MerchantConfig:
    folder = paths.shipped_config_directory()
    files = {file.name: file.read_text(encoding="utf-8") for file in folder.iterdir() if file.is_file()}
    shops = SHOPS.format(shop=given.shop, platform=given.platform)
    headings = {name: files[name].partition("\n")[0] + "\n" for name in OF_SHOPS}
    return parse_config({**files, **headings, "shops.yaml": shops})


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
