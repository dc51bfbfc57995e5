"""Puts rows of core and ops straight into a database: for tests that start after transform."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, text

from orderhub.config.models import MerchantConfig
from orderhub.config.parse import parse_config
from orderhub.db.engine import Database

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
SHOP = """\
  - id: {id}
    platform: {platform}
    name: {id}
    go_live_at: "2026-01-01T00:00:00+08:00"
    mode: {mode}
    export_policy: {export_policy}
    on_stale: {on_stale}
"""
FILES = {
    "warehouses.yaml": """\
warehouses:
  - {id: hangzhou, name: 杭州仓, cutoffs: ["10:00"]}
  - {id: yiwu, name: 义乌保税仓, cutoffs: ["10:00"]}
""",
    "routing.yaml": """\
rules:
  - {id: jiangzhehu, when: {region: [jiangzhehu]}, warehouses: [hangzhou, yiwu], reason: {zh: 江浙沪, en: east}}
  - {id: remote, when: {region: [remote]}, warehouses: [yiwu, hangzhou], reason: {zh: 偏远, en: remote}}
  - {id: elsewhere, warehouses: [hangzhou, yiwu], reason: {zh: 其余, en: rest}}
""",
    "alerts.yaml": "supervisors: [supervisor@example.test]\n",
    "regions.csv": "region,province,city\njiangzhehu,江苏省,\njiangzhehu,浙江省,\njiangzhehu,上海市,\nremote,新疆维吾尔自治区,\nremote,西藏自治区,\n",
    "sku_mappings.csv": "mapping_id,shop_id,platform_sku,sku_id\n",
    "safety_stock.csv": "warehouse_id,sku_id,quantity\nhangzhou,SAFE,2\n",
}


def shops_file(
    mode: str = "live",
    export_policy: str = "token_only",
    on_stale: str = "wait",
    others: Iterable[tuple[str, str]] = (("group", "spreadsheet"),),
) -> str:
    """shops.yaml with one Taobao shop `tb` and `others` (id, platform)."""
    tb = SHOP.format(id="tb", platform="taobao", mode=mode, export_policy=export_policy, on_stale=on_stale)
    rest = [
        SHOP.format(id=shop, platform=platform, mode=mode, export_policy="masked", on_stale="wait")
        for shop, platform in others
    ]
    return "shops:\n" + tb + "".join(rest)


def merchant(**shop: str) -> MerchantConfig:
    """The configuration of these tests; keyword arguments as for `shops_file`."""
    return parse_config({**FILES, "shops.yaml": shops_file(**shop)})


def activate(
    connection: Connection,
    alerts: str = FILES["alerts.yaml"],
    warehouses: str = FILES["warehouses.yaml"],
    more: Mapping[str, str] | None = None,
    **shop: str,
) -> MerchantConfig:
    """Store `merchant(**shop)`, perhaps with other and more files, as the active version and return it."""
    files = {**FILES, "alerts.yaml": alerts, "warehouses.yaml": warehouses, "shops.yaml": shops_file(**shop)}
    files |= more or {}
    config = parse_config(files)
    connection.execute(text("delete from core.shops"))
    for each in config.shops:
        _put_shop(connection, each.id, each.platform, is_shadow=each.mode == "shadow")
    connection.execute(text("update ops.config_versions set is_active = false"))
    connection.execute(
        text(
            "insert into ops.config_versions values (:v, cast(:files as jsonb), null, :now, 'test', true) "
            "on conflict (config_version) do update set is_active = true"
        ),
        {"v": config.version, "files": json.dumps(files, ensure_ascii=False), "now": NOON},
    )
    return config


def _put_shop(connection: Connection, shop_id: str, platform: str, *, is_shadow: bool = False) -> None:
    connection.execute(
        text(
            "insert into core.shops values (:id, :platform, :id, true, :shadow, 'CNY', 'structured', "
            "'2026-01-01T00:00:00+08:00') on conflict do nothing"
        ),
        {"id": shop_id, "platform": platform, "shadow": is_shadow},
    )


@dataclass(frozen=True)
class Line:
    """One order line."""

    sku_id: str | None = "MUG"
    quantity: int = 1
    gate: str = "ship"
    kind: str = "goods"
    title: str = "马克杯"
    line_id: str | None = None


@dataclass(frozen=True)
class Order:
    """One order with its lines and receiver; the defaults are shippable."""

    number: str = "1001"
    lines: tuple[Line, ...] = (Line(),)
    shop_id: str = "tb"
    platform: str = "taobao"
    province: str | None = "浙江省"
    city: str | None = "杭州市"
    gate: str = "ship"
    lifecycle: str = "live"
    version_id: str = "v1"
    is_checked: bool = True
    ship_by_at: datetime | None = NOON + timedelta(days=2)
    paid_at: datetime | None = NOON - timedelta(hours=1)
    paid_fen: int | None = 10_000
    customer_id: str | None = None
    promotion_mark: str | None = None
    receiver: dict[str, str] = field(default_factory=dict)

    @property
    def order_id(self) -> str:
        return f"{self.shop_id}/{self.number}"


def put(connection: Connection, *orders: Order) -> None:
    """Write orders as transform would after a finished pass, with their staging rows."""
    load_id = connection.execute(
        text(
            "insert into ops.loads (platform, shop_id, stream, source, row_count, staged_count, committed_at) "
            "values ('taobao', 'tb', 'orders', 'test', 1, 1, :now) returning load_id"
        ),
        {"now": NOON},
    ).scalar_one()
    pass_id = connection.execute(
        text(
            "insert into ops.passes (kind, started_at, finished_at) values ('transform', :now, :now) returning pass_id"
        ),
        {"now": NOON},
    ).scalar_one()
    connection.execute(text("insert into ops.pass_loads values (:p, :l)"), {"p": pass_id, "l": load_id})
    for order in orders:
        _put_shop(connection, order.shop_id, order.platform)
        _put_one(connection, order, load_id, pass_id)


def _put_one(connection: Connection, order: Order, load_id: int, pass_id: int) -> None:
    connection.execute(
        text(
            f"insert into staging.{order.platform}_orders "
            "(load_id, shop_id, record_id, payload, payload_sha256, position, fetched_at) "
            "values (:load, :shop, :number, '{}', :version, 0, :now)"
        ),
        {
            "load": load_id,
            "shop": order.shop_id,
            "number": order.number,
            "version": order.version_id,
            "now": NOON,
        },
    )
    connection.execute(
        text(
            "insert into core.orders (order_id, platform, shop_id, platform_order_id, status, status_rank, is_terminal, "
            "payment_state, gate, lifecycle, paid_at, ship_by_at, version_id, merge_key, mapping_version, "
            "checked_version, _load_id, _pass_id, _seen_at, paid_fen, customer_id, promotion_mark) "
            "values (:id, :platform, :shop, :number, 'to_ship', 2, false, 'paid', :gate, :lifecycle, :paid, :ship_by, "
            ":version, 'k', 'm', :checked, :load, :pass, :now, :paid_fen, :customer, :mark)"
        ),
        {
            "id": order.order_id, "platform": order.platform, "shop": order.shop_id, "number": order.number,
            "gate": order.gate, "lifecycle": order.lifecycle, "paid": order.paid_at, "ship_by": order.ship_by_at,
            "version": order.version_id, "checked": order.version_id if order.is_checked else None,
            "load": load_id, "pass": pass_id, "now": NOON, "paid_fen": order.paid_fen,
            "customer": order.customer_id, "mark": order.promotion_mark,
        },
    )  # fmt: skip
    for position, line in enumerate(order.lines, start=1):
        connection.execute(
            text(
                "insert into core.order_lines (order_id, line_id, line_no, sku_id, title, kind, quantity, refund_state, "
                "gate) values (:id, :line, :no, :sku, :title, :kind, :quantity, 'none', :gate)"
            ),
            {
                "id": order.order_id, "line": line.line_id or str(position), "no": position, "sku": line.sku_id,
                "title": line.title, "kind": line.kind, "quantity": line.quantity, "gate": line.gate,
            },
        )  # fmt: skip
    values = {
        "name_masked": "张**", "phone_masked": "138****0000", "address_masked": "文三路***", "token": "OAID-1",
        "district": "西湖区", **order.receiver,
    }  # fmt: skip
    connection.execute(
        text(
            "insert into core.receivers (order_id, receiver_state, province, city, district, name_masked, phone_masked, "
            "address_masked, token, version_id, merge_key) values (:id, 'masked', :province, :city, :district, "
            ":name_masked, :phone_masked, :address_masked, :token, :version, 'k')"
        ),
        {
            "id": order.order_id,
            "province": order.province,
            "city": order.city,
            "version": order.version_id,
            **values,
        },
    )


def stock(connection: Connection, **pieces: int) -> None:
    """Put opening stock: `stock(c, hangzhou__MUG=5)`."""
    for key, on_hand in pieces.items():
        warehouse_id, sku_id = key.split("__")
        values = {"w": warehouse_id, "s": sku_id, "n": on_hand, "now": NOON}
        connection.execute(text("insert into core.stock values (:w, :s, :n, 0, :now)"), values)
        connection.execute(
            text(
                "insert into core.stock_ledger (warehouse_id, sku_id, delta, reason, source_id, recorded_at) "
                "values (:w, :s, :n, 'opening', 'test', :now)"
            ),
            values,
        )


def hold(
    connection: Connection,
    order_id: str,
    line_id: str | None = None,
    rule_id: str = "memo",
    document: int = 0,
) -> str:
    """Place an active hold on an order, one of its lines or its n-th document, and return its id."""
    subject, kind = (order_id, "order") if line_id is None else (f"{order_id}#{line_id}", "order_line")
    if document:
        subject, kind = f"{order_id}@{document}", "fulfillment_order"
    values = {
        "a": hashlib.sha256(f"{rule_id}|{subject}".encode()).hexdigest(), "rule": rule_id, "type": kind,
        "subject": subject, "order": order_id, "line": line_id, "now": NOON,
    }  # fmt: skip
    connection.execute(
        text(
            "insert into core.anomalies (anomaly_id, rule_id, severity, action, subject_type, subject_id, order_id, "
            "line_id, version_id, evidence, checks_version, first_seen_at, _pass_id) values (:a, :rule, 'warning', "
            "'hold', :type, :subject, :order, :line, 'v1', '{}', 'c', :now, 1)"
        ),
        values,
    )
    connection.execute(
        text(
            "insert into core.holds (hold_id, anomaly_id, rule_id, subject_type, subject_id, order_id, line_id, placed_at) "
            "values ('hold:' || :a, :a, :rule, :type, :subject, :order, :line, :now)"
        ),
        values,
    )
    return f"hold:{values['a']}"


def rows(database: Database, query: str) -> list[tuple[object, ...]]:
    """Run a query and return its rows as plain tuples."""
    with database.read() as connection:
        return [tuple(row) for row in connection.execute(text(query))]
