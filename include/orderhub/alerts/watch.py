"""Looks at the hub every few minutes: what is late, what is short, whose time has come to be told.

Everything it finds is in the data, so that a look missed is made good by the next one.
"""

from dataclasses import dataclass
from datetime import timedelta

import structlog
from sqlalchemy import Connection, text

from orderhub.alerts.absent_platforms import RULE as ABSENT_PLATFORM
from orderhub.alerts.absent_platforms import absent_platforms
from orderhub.alerts.backorders import RULE as BACKORDER_DUE
from orderhub.alerts.backorders import due_backorders
from orderhub.alerts.closings import RULE as CLOSING_AHEAD
from orderhub.alerts.closings import closings_ahead
from orderhub.alerts.digest import send_digest
from orderhub.alerts.held import close_ended
from orderhub.alerts.late_pulls import RULE as LATE_PULL
from orderhub.alerts.late_pulls import late_pulls
from orderhub.alerts.offers import RULE as STOCK_UNTOLD
from orderhub.alerts.offers import untold_stock
from orderhub.alerts.parcels import parcel_alerts
from orderhub.alerts.raising import keep_alerts
from orderhub.alerts.stock_outs import RULE as STOCK_OUT
from orderhub.alerts.stock_outs import stock_outs
from orderhub.alerts.telling import tell
from orderhub.alerts.warehouses import warehouse_alerts
from orderhub.alerts.waybills import waybill_alerts
from orderhub.clock import Clock
from orderhub.config.models import MerchantConfig
from orderhub.db.engine import Database
from orderhub.db.leases import hold_scope
from orderhub.db.sql_files import statement

#: Removed by one look at most; the next goes on.
REMOVED_AT_ONCE = 10_000
_REMOVE = text("""
    delete from ops.alerts where alert_id in (
        select alert_id from ops.alerts
        where closed_at < cast(:now as timestamptz) - make_interval(days => :keep_days)
        order by alert_id limit :most
    )""")

log = structlog.get_logger(__name__)
SCOPE = "watch"
#: Looks come every 15 minutes; after a longer break the hub was asleep, and gets time to catch up.
LONGEST_BREAK = timedelta(minutes=45)


@dataclass(frozen=True)
class Looked:
    """What one look found: new alerts by kind, messages put into the outbox, whether the digest was due."""

    late_pulls: int
    stock_outs: int
    warehouses: int
    backorders: int
    closings: int
    parcels: int
    waybills: int
    offers: int
    platforms: int
    messages: int
    is_digest_sent: bool


def look_around(database: Database, clock: Clock, config: MerchantConfig) -> Looked:
    """Raise and close what is seen by looking, tell what waited for quiet hours to end, send the digest.

    Raises:
        LeaseTaken: somebody else looks now.
        DatabaseFault: the database failed; nothing was changed.
    """
    with hold_scope(database, SCOPE) as lease, database.transaction(lease) as connection:
        looked = _look(connection, clock, config)
    log.info("looked around", **vars(looked))
    return looked


def _look(connection: Connection, clock: Clock, config: MerchantConfig) -> Looked:
    now = clock.now()
    seen = {"now": now, "longest_break": LONGEST_BREAK}
    awake_since = connection.execute(statement("ops/watch"), seen).scalar_one()
    close_ended(connection, clock)
    forgotten = {"now": now, "keep_days": config.alerts.keep_days, "most": REMOVED_AT_ONCE}
    connection.execute(_REMOVE, forgotten)
    late = late_pulls(connection, config, now, awake_since)
    return Looked(
        late_pulls=keep_alerts(connection, clock, config, LATE_PULL, late),
        stock_outs=keep_alerts(connection, clock, config, STOCK_OUT, stock_outs(connection)),
        warehouses=sum(
            keep_alerts(connection, clock, config, rule, alerts)
            for rule, alerts in warehouse_alerts(connection, config, now, awake_since).items()
        ),
        backorders=keep_alerts(connection, clock, config, BACKORDER_DUE, due_backorders(connection, now)),
        closings=keep_alerts(
            connection, clock, config, CLOSING_AHEAD, closings_ahead(connection, config, now)
        ),
        parcels=sum(
            keep_alerts(connection, clock, config, rule, alerts)
            for rule, alerts in parcel_alerts(connection, config, now).items()
        ),
        waybills=sum(
            keep_alerts(connection, clock, config, rule, alerts)
            for rule, alerts in waybill_alerts(connection, config, now).items()
        ),
        offers=keep_alerts(connection, clock, config, STOCK_UNTOLD, untold_stock(connection, config, now)),
        platforms=keep_alerts(connection, clock, config, ABSENT_PLATFORM, absent_platforms(connection)),
        messages=tell(connection, clock, config),
        is_digest_sent=send_digest(connection, clock, config),
    )
