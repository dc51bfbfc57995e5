"""Finds the goods that orders wait for because no warehouse has enough."""

from sqlalchemy import Connection

from orderhub.alerts.raising import Alert
from orderhub.db.sql_files import statement

RULE = "stock_out"


def stock_outs(connection: Connection) -> list[Alert]:
    """Return an alert per SKU that orders wait for, and the warehouse that would ship them."""
    return [
        Alert(
            rule_id=RULE,
            severity="warning",
            subject=f"{row.warehouse_id}/{row.sku_id}",
            fingerprint="waiting",
            title_zh=f"缺货:{row.sku_id}",
            title_en=f"Out of stock: {row.sku_id}",
            text_zh=(
                f"{row.order_count} 个订单在等 {row.sku_id},共需 {row.needed} 件,"
                f"本应由 {row.warehouse_id} 发出。"
                f"例如 {', '.join(row.examples)}。补货并 ./hub stock import 后自动继续。"
            ),
            text_en=(
                f"{row.order_count} order(s) wait for {row.sku_id}, {row.needed} piece(s) in all, which "
                f"{row.warehouse_id} would ship: {', '.join(row.examples)}. They go on by themselves after "
                "./hub stock import."
            ),
            warehouse_id=row.warehouse_id,
        )
        for row in connection.execute(statement("ops/short_skus"))
    ]
