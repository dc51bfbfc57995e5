"""Holds the orders that a pass decided to hold: an anomaly, a hold that a person decides about, an alert.

Not for checks (`orderhub.quality.check`): what is wrong here is the warehouse's, not the order's.
"""

from datetime import datetime

from sqlalchemy import Connection

from orderhub.alerts.held import DocumentRule, raise_held_documents
from orderhub.clock import Clock
from orderhub.config.models import MerchantConfig
from orderhub.db.sql_files import statement
from orderhub.fulfillment.desk import NO_STOCK

_NO_STOCK = DocumentRule(
    NO_STOCK,
    "warning",
    "没有仓库凑得齐,按分仓规则等人决定",
    "No warehouse can fill it; its routing rule asks a person",
)


def hold_refused(
    connection: Connection, clock: Clock, config: MerchantConfig, *, pass_id: int, now: datetime
) -> int:
    """Place the holds of the temporary table `decisions`, tell of them, and return how many are new.

    Releasing one lets the order wait for goods like any other; it is not held again while its version and its
    rule are the same. What routing raised before about an order that it does not hold now closes.
    """
    given = {"pass_id": pass_id, "now": now, "config_version": config.version}
    connection.execute(statement("core/close_routing_anomalies"), given)
    placed = connection.execute(statement("core/routing_holds"), given).rowcount
    if placed:
        raise_held_documents(connection, clock, config, _NO_STOCK, placed_at=now)
    return placed
