"""Holds the orders that a pass decided to hold: an anomaly, a hold that a person decides about, an alert.

Not for checks (`orderhub.quality.check`): what is wrong here is the warehouse's, not the order's.
"""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection

from orderhub.alerts.telling import tell
from orderhub.alerts.wording import HELD
from orderhub.clock import Clock
from orderhub.config.models import MerchantConfig
from orderhub.db.sql_files import statement
from orderhub.fulfillment.desk import NO_STOCK

#: Rule → what is wrong, in Chinese and in English.
WORDS: Mapping[str, tuple[str, str]] = {
    NO_STOCK: (
        "没有仓库凑得齐,按分仓规则等人决定",
        "No warehouse can fill it; its routing rule asks a person",
    ),
}


def hold_refused(
    connection: Connection, clock: Clock, config: MerchantConfig, *, pass_id: int, now: datetime
) -> int:
    """Place the holds of the temporary table `decisions`, tell of them, and return how many are new.

    Releasing one lets the order wait for goods like any other; it is not held again while its version and its
    rule are the same. What routing raised before about an order that it does not hold now closes.
    """
    given = {"pass_id": pass_id, "now": now, "config_version": config.version}
    connection.execute(statement("core/close_routing_anomalies"), given)
    placed = connection.execute(statement("core/routing_holds"), given).scalars().all()
    if placed:
        titles_zh, titles_en = zip(*WORDS.values(), strict=True)
        words = {"rule_ids": list(WORDS), "titles_zh": list(titles_zh), "titles_en": list(titles_en)}
        told = {**words, "hold_ids": list(placed), "now": now}
        if connection.execute(statement("ops/routing_held_alerts"), told).scalar_one():
            tell(connection, clock, config, [HELD])
    return len(placed)
