"""The hub's own pull of the same shop: windows, coverage, masks, versions, leases and refunds included."""

import json
import os
import tempfile
import time
from pathlib import Path

from backend import options, report

SHOP = "mp_own"
SHOPS = f"""\
shops:
  - id: {SHOP}
    platform: miniprogram
    name: benchmark
    connection: benchmark
    go_live_at: "2026-01-01T00:00:00+08:00"
    since_days: 2
"""


def main() -> None:
    """Pull every window of the shop once into staging."""
    given = options()
    connection = {"conn_type": "http", "host": given.base, "login": given.key, "password": given.secret}
    os.environ["AIRFLOW_CONN_BENCHMARK"] = json.dumps(connection)
    os.environ["ORDERHUB_DATABASE_URL"] = given.dsn
    os.environ["ORDERHUB_HASH_KEY"] = "of this benchmark alone"
    with tempfile.TemporaryDirectory() as home:
        os.environ["ORDERHUB_HOME"] = home
        _pull()


def _pull() -> None:
    from orderhub import paths
    from orderhub.clock import SystemClock
    from orderhub.config.parse import parse_config
    from orderhub.db.engine import Database
    from orderhub.platforms.pull import pull
    from orderhub.settings import load_settings

    settings = load_settings()
    shipped = Path(paths.shipped_config_directory())
    files = {file.name: file.read_text(encoding="utf-8") for file in shipped.iterdir() if file.is_file()}
    config = parse_config(
        {**files, "shops.yaml": SHOPS, "sku_mappings.csv": "mapping_id,shop_id,platform_sku,sku_id\n"}
    )
    database = Database(settings.database_url.get_secret_value(), "benchmark")
    started, left, staged = time.perf_counter(), 1, 0
    while left:
        counts = pull(database, SystemClock(), settings, config, "miniprogram", SHOP)
        left, staged = counts["windows_left"], staged + counts["staged"]
    seconds = time.perf_counter() - started
    report(staged, seconds)
    database.close()


if __name__ == "__main__":
    import cProfile, os; cProfile.run("main()", "/tmp/hub.prof") if os.environ.get("PROF") else main()
