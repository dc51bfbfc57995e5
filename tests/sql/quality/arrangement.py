"""Puts orders into `core` as transform would, from the few columns that a test cares about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection, text

from orderhub.clock import FixedClock
from orderhub.config.models import MerchantConfig
from orderhub.config.parse import parse_config
from orderhub.db.engine import Database
from orderhub.db.leases import hold_scope
from orderhub.quality.check import CheckCounts, Judging, conclude, count_judged, mark_judged
from orderhub.quality.scan import Found, scan
from orderhub.quality.suites import Suites, load_suites

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
SHOPS = """insert into core.shops values
    ('tb', 'taobao', '旗舰店', true, false, 'CNY', 'structured', '2026-01-01'),
    ('shadow', 'taobao', '试运行店', true, true, 'CNY', 'structured', '2026-01-01'),
    ('sheet', 'spreadsheet', '团购表格', false, false, 'CNY', 'free_text', '2026-01-01'),
    ('blind', 'spreadsheet', '无地址', false, false, 'CNY', 'none', '2026-01-01')"""
FILES = {
    "shops.yaml": "shops: [{id: tb, platform: taobao, name: 旗舰店, go_live_at: '2026-01-01T00:00:00+08:00'}]",
    "warehouses.yaml": "warehouses: [{id: hz, name: 杭州仓}]",
    "routing.yaml": "rules: [{id: all, warehouses: [hz], reason: {zh: 默认, en: default}}]",
    "alerts.yaml": "supervisors: [supervisor@example.test]",
    "regions.csv": "region,province,city\n",
    "sku_mappings.csv": "mapping_id,shop_id,platform_sku,sku_id\n",
}
ORDER = {
    "order_id": "tb/1", "platform": "taobao", "customer_id": "buyer-1", "status": "to_ship", "platform_status": "WAIT_SELLER_SEND_GOODS",
    "status_rank": 3, "is_terminal": False, "payment_state": "paid", "gate": "ship", "lifecycle": "live", "currency": "CNY",
    "paid_fen": 1000, "freight_fen": 0, "placed_at": "2026-03-02T01:00:00Z", "paid_at": "2026-03-02T01:01:00Z", "version_id": "v1",
    "merge_key": "k", "mapping_version": "m", "_load_id": 1, "_pass_id": 1, "_seen_at": "2026-03-02T02:00:00Z",
}  # fmt: skip
LINE = {
    "order_id": "tb/1", "line_id": "1", "line_no": 1, "sku_id": "SKU-1", "merchant_code": "A1", "title": "棉袜", "kind": "goods",
    "quantity": 1, "unit_price_fen": 1000, "paid_fen": 1000, "refund_state": "none", "gate": "ship",
}  # fmt: skip
RECEIVER = {
    "order_id": "tb/1", "receiver_state": "masked", "name_masked": "张**", "phone_masked": "138****5678", "province": "浙江省", "city": "杭州市",
    "district": "西湖区", "version_id": "v1", "merge_key": "k",
}  # fmt: skip


def check_orders(connection: Connection, judging: Judging) -> CheckCounts:
    """Judge what is to be judged in one transaction, as a pass of one slice does."""
    mark_judged(connection, judging)
    judged = partial(count_judged, connection, judging.pass_id)
    verdicts = scan(connection, judging.suites, judging.pass_id)
    return conclude(connection, judging, [verdicts], Found(), judged)


#: The pass that brought the orders of the past; those that `put` writes are of the first one after it.
PASS_BEFORE = """
    insert into ops.passes (pass_id, kind, started_at, finished_at)
    overriding system value values (0, 'transform', '2026-03-01Z', '2026-03-01Z')"""


@dataclass
class Hub:
    """A database with four shops, a clock and the shipped suites."""

    database: Database
    clock: FixedClock
    config: MerchantConfig
    suites: Suites

    def put(
        self, order: Mapping[str, Any], *lines: Mapping[str, Any], receiver: Mapping[str, Any] | None = None
    ) -> str:
        """Insert one order with its lines (one by default) and its receiver; what is not given is good."""
        key = {"order_id": order.get("order_id", "tb/1")}
        shop_id, platform_order_id = key["order_id"].split("/")
        with self.write() as connection:
            insert(
                connection,
                "core.orders",
                [{**ORDER, "shop_id": shop_id, "platform_order_id": platform_order_id, **order}],
            )
            rows = [
                {**LINE, **key, "line_id": str(n), "line_no": n, **line}
                for n, line in enumerate(lines or [{}], 1)
            ]
            insert(connection, "core.order_lines", rows)
            insert(connection, "core.receivers", [{**RECEIVER, **key, **(receiver or {})}])
        return key["order_id"]

    def execute(self, sql: str, **parameters: Any) -> None:
        """Run one statement in its own transaction."""
        with self.write() as connection:
            connection.execute(text(sql), parameters)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        with self.database.read() as connection:
            return [tuple(row) for row in connection.execute(text(sql))]

    def check(self) -> tuple[int, CheckCounts]:
        """Run one pass of checks; return its id and its counts."""
        with self.write() as connection:
            pass_id = connection.execute(
                text(
                    "insert into ops.passes (kind, started_at) values ('transform', :now) returning pass_id"
                ),
                {"now": self.clock.now()},
            ).scalar_one()
            counts = check_orders(connection, Judging(pass_id, self.suites, self.config, self.clock))
            connection.execute(
                text("update ops.passes set finished_at = :now where pass_id = :pass_id"),
                {"pass_id": pass_id, "now": self.clock.now()},
            )
            return pass_id, counts

    def write(self):
        """Open a write transaction under the transform lease."""
        return _Writing(self.database)


class _Writing:
    def __init__(self, database: Database) -> None:
        self._lease = hold_scope(database, "transform")
        self._database = database

    def __enter__(self) -> Connection:
        self._transaction = self._database.transaction(self._lease.__enter__())
        return self._transaction.__enter__()

    def __exit__(self, *error: object) -> None:
        self._transaction.__exit__(*error)
        self._lease.__exit__(*error)


def insert(connection: Connection, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert `rows`; each names its own columns."""
    for row in rows:
        columns = ", ".join(row)
        values = ", ".join(f":{name}" for name in row)
        connection.execute(text(f"insert into {table} ({columns}) values ({values})"), dict(row))


def open_hub(database: Database) -> Hub:
    """Return a hub with the shops of this file."""
    config = parse_config(FILES)
    hub = Hub(database, FixedClock(NOW), config, load_suites(config))
    hub.execute(SHOPS)
    hub.execute("insert into core.check_settings (shop_id) select shop_id from core.shops")
    return hub
