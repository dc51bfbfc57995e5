"""What the demo shows at its end: pulled, held and why, routed, handed over, and where to look."""

import sys
from collections.abc import Sequence

import requests
from rich.console import Console
from rich.table import Table
from sqlalchemy import text

from orderhub.config.store import load_active
from orderhub.db.engine import Database
from orderhub.operate.ports import LOOPBACK
from orderhub.operate.stack import Stack
from orderhub.quality.suites import load_suites

#: Where there is no terminal to ask, for example in a log.
_WIDTH = 120
_PULLED = text("""
    select platform, shop_id, count(*), count(*) filter (where gate = 'ship'),
        coalesce(sum(paid_fen), 0)::bigint
    from core.orders group by platform, shop_id order by platform, shop_id""")
_ANOMALIES = text("""
    select rule_id, severity, count(*), min(order_id) from core.anomalies
    where state = 'open' group by rule_id, severity order by count(*) desc, rule_id""")
_ROUTED = text("""
    select warehouse_id, routing_rule_id, count(*) from core.fulfillment_orders
    where state <> 'cancelled' group by warehouse_id, routing_rule_id order by 1, 3 desc""")
_UNROUTED = text("""
    select outcome, count(*) from core.routing_decisions
    where outcome not in ('allocated', 'split') group by outcome""")
_FILES = text("""
    select m.warehouse_id, m.order_count, m.quantity_total, f.file_name
    from core.manifests m join core.manifest_files f using (manifest_id)
    where m.state = 'published' and m.closed_at > now() - interval '1 hour'
    order by m.closed_at, f.file_name""")


def show_summary(stack: Stack, database: Database, broken: Sequence[str]) -> None:
    """Print the tables.

    Args:
        stack: the running hub.
        database: the hub's.
        broken: invariants that `verify` found violated.
    """
    console = Console(highlight=False, width=None if sys.stdout.isatty() else _WIDTH)
    for table in (
        _pulled(stack, database),
        _anomalies(stack, database),
        _routed(stack, database),
        _manifests(stack, database),
    ):
        console.print(table)
    pick = stack.voice.pick
    console.print(
        pick(f"邮件:{_mails(stack)} 封", f"mails: {_mails(stack)}"),
        pick("核对:", "verify: ") + ("; ".join(broken) or pick("全部通过", "clean")),
        sep=" · ",
    )
    airflow = f"http://{LOOPBACK}:{stack.ports.airflow}"
    sandbox = f"http://{LOOPBACK}:{stack.ports.sandbox}"
    console.print(f"Airflow  {airflow}")
    console.print(pick(f"邮箱     {sandbox}/mailbox", f"mailbox  {sandbox}/mailbox"))
    console.print(pick(f"沙箱     {sandbox}/", f"sandbox  {sandbox}/"))
    console.print(
        pick(f"清单目录 {stack.home.manifests}", f"manifests {stack.home.manifests}"), soft_wrap=True
    )


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _pulled(stack: Stack, database: Database) -> Table:
    pick = stack.voice.pick
    table = _table(
        pick("已拉取的订单", "Orders pulled"),
        *(pick("平台", "platform"), pick("店铺", "shop"), pick("订单", "orders")),
        *(pick("可发货", "to ship"), pick("实付(元)", "paid (CNY)")),
    )
    with database.read() as connection:
        for platform, shop, orders, shippable, paid_fen in connection.execute(_PULLED):
            table.add_row(
                platform, shop, str(orders), str(shippable), f"{paid_fen // 100:,}.{paid_fen % 100:02d}"
            )
    return table


def _anomalies(stack: Stack, database: Database) -> Table:
    pick = stack.voice.pick
    checks = [check for suite in load_suites(load_active(database)).suites for check in suite.checks]
    reasons = {check.id: pick(check.message_zh, check.message_en) for check in checks}
    table = _table(
        pick("异常及原因", "Anomalies and why"),
        *(pick("规则", "rule"), pick("级别", "severity"), pick("数量", "count")),
        *(pick("原因", "reason"), pick("例", "example")),
    )
    with database.read() as connection:
        for rule, severity, count, example in connection.execute(_ANOMALIES):
            table.add_row(rule, severity, str(count), reasons.get(rule, ""), example)
    return table


def _routed(stack: Stack, database: Database) -> Table:
    pick = stack.voice.pick
    table = _table(
        pick("分仓结果", "Routed"), pick("仓库", "warehouse"), pick("规则", "rule"), pick("发货单", "parcels")
    )
    with database.read() as connection:
        for warehouse, rule, count in connection.execute(_ROUTED):
            table.add_row(warehouse, rule, str(count))
        for outcome, count in connection.execute(_UNROUTED):
            table.add_row("—", outcome, str(count))
    return table


def _manifests(stack: Stack, database: Database) -> Table:
    pick = stack.voice.pick
    table = _table(
        pick("发货清单文件", "Manifest files"),
        *(pick("仓库", "warehouse"), pick("发货单", "parcels"), pick("件数", "pieces"), pick("文件", "file")),
    )
    with database.read() as connection:
        for warehouse, orders, pieces, file_name in connection.execute(_FILES):
            table.add_row(warehouse, str(orders), str(pieces), file_name)
    return table


def _mails(stack: Stack) -> int:
    """Return how many mails the sandbox's mailbox holds."""
    address = f"http://{LOOPBACK}:{stack.ports.sandbox}/admin/mails"
    answer = requests.get(address, timeout=5).json()
    return len(answer if isinstance(answer, list) else answer["mails"])
