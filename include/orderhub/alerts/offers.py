"""Finds shops whose platform does not show what they may offer, and will not by itself soon."""

from datetime import datetime, timedelta

from sqlalchemy import Connection

from orderhub.alerts.raising import Alert
from orderhub.alerts.worded import Words, worded
from orderhub.config.models import MerchantConfig
from orderhub.db.sql_files import statement

RULE = "stock_untold"
#: A figure that the platform has not taken for so long is told.
UNTOLD_AFTER = timedelta(hours=2)
_WORDS: Words = (
    "warning",
    "可售量没能告诉平台:{subject}",
    "Stock not taken by the platform of {subject}",
    (
        "店铺 {subject} 有可售量平台没收下:{detail}。locked、off_shelf、not_yet 会自动再送;"
        "unknown_listing、by_hand 请在平台上改。见 docs/how-to/offer-stock.md。"
    ),
    (
        "The platform of shop {subject} has not taken some figures: {detail}. locked, off_shelf and not_yet "
        "are told again; set unknown_listing and by_hand there. See docs/how-to/offer-stock.md."
    ),
)


def untold_stock(connection: Connection, config: MerchantConfig, now: datetime) -> list[Alert]:
    """Return one alert per shop that is to be told its stock and whose platform lacks some of it."""
    shops = [shop.id for shop in config.shops if shop.push_stock]
    given = {"shops": shops, "before": now - UNTOLD_AFTER}
    found = connection.execute(statement("ops/untold_stock_alerts"), given)
    return [
        worded(RULE, _WORDS, subject=row.shop_id, detail=row.detail, shop_id=row.shop_id) for row in found
    ]
