"""Takes a whole reading of one warehouse's stock, from its WMS or from a file it dropped.

A reading has an as-of: what left the building later is subtracted again, what left earlier is not subtracted
twice. Where less was counted than is promised, reservations go back in the same transaction: whole
fulfillment orders that no warehouse has, those of shops in shadow mode first, then the latest paid, then the
greater order id. The next pass routes them again. A figure below what manifests hold is not believed, and
its SKU keeps the as-of that it had: what explains it is still to come. So it is with every figure of a WMS
below what is promised while its warehouse counts; a file is what was counted.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import structlog
from sqlalchemy import Connection, text

from orderhub.alerts.raising import Alert, keep_alerts
from orderhub.clock import Clock
from orderhub.config.models import MerchantConfig
from orderhub.db.copy import copy_rows
from orderhub.db.document_locks import LOCK_DOCUMENTS
from orderhub.db.engine import Database
from orderhub.db.leases import hold_scope
from orderhub.db.sql_files import statement
from orderhub.errors import AlreadyDone
from orderhub.fulfillment.freeze import frozen_warehouses
from orderhub.fulfillment.stock import COUNTS, SCOPE, give_back, unknown_skus

log = structlog.get_logger(__name__)
_RULE = "stock_below_promised"
_NEWER = text("""
    select exists (
        select from core.stock_snapshots where warehouse_id = :warehouse_id and as_of >= :as_of)""")
#: A person may have counted since.
_COUNTED_SINCE = text("""
    delete from counts as c using core.stock as s
    where (c.warehouse_id, c.sku_id) = (s.warehouse_id, s.sku_id) and s.counted_at > :as_of""")
_SNAPSHOT = text("""
    insert into core.stock_snapshots values (
        :snapshot_id, :warehouse_id, :source, :as_of, :is_locked_inside, :skus, :changed, :returned, :now)""")
_BELOW = text("""
    select s.sku_id, c.on_hand, s.reserved from counts as c
    join core.stock as s using (warehouse_id, sku_id) where c.on_hand < s.reserved order by s.sku_id""")
_AS_PROMISED = text("""
    update counts as c set on_hand = s.reserved, is_doubted = true from core.stock as s
    where (c.warehouse_id, c.sku_id) = (s.warehouse_id, s.sku_id) and c.on_hand < s.reserved""")


@dataclass(frozen=True)
class Reading:
    """What a warehouse says lies in it.

    Attributes:
        warehouse_id: the building.
        source: its WMS or a file.
        as_of: when the reading began.
        is_locked_inside: whether the figures as given hold the pieces that the WMS locked.
        pieces: SKU → pieces in the building, locked ones included, defects not.
    """

    warehouse_id: str
    source: Literal["wms", "file"]
    as_of: datetime
    is_locked_inside: bool
    pieces: Mapping[str, int]


@dataclass(frozen=True)
class SyncedStock:
    """What one reading changed.

    Attributes:
        warehouse_id: the building.
        skus: SKUs with a figure.
        changed: figures that changed on_hand.
        returned: fulfillment orders whose reservations went back.
        below: SKUs of which manifests hold more than was counted; a person must look.
        unknown: SKUs of a file that the goods master does not have: typing mistakes, perhaps.
    """

    warehouse_id: str
    skus: int
    changed: int
    returned: int
    below: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


def take_reading(database: Database, clock: Clock, config: MerchantConfig, reading: Reading) -> SyncedStock:
    """Make a reading the stock of its warehouse; SKUs without a figure keep theirs and grow old.

    Those that a person counted after the reading began keep theirs, too.
    What a WMS leaves out is promised no longer (`orderhub.fulfillment.route`) and told.

    Raises:
        AlreadyDone: a reading as of then or later was taken before.
        LeaseTaken: another count is being taken.
    """
    with hold_scope(database, SCOPE) as lease, database.transaction(lease) as connection:
        named = {"warehouse_id": reading.warehouse_id, "as_of": reading.as_of}
        if connection.execute(_NEWER, named).scalar_one():
            raise AlreadyDone(f"stock of {reading.warehouse_id}: a later reading was taken already")
        connection.execute(LOCK_DOCUMENTS)
        connection.execute(COUNTS)
        rows = [(reading.warehouse_id, sku_id, pieces) for sku_id, pieces in sorted(reading.pieces.items())]
        copy_rows(connection, "counts", ("warehouse_id", "sku_id", "on_hand"), rows)
        connection.execute(statement("core/lock_stock_of_warehouse"), named)
        connection.execute(_COUNTED_SINCE, named)
        connection.execute(statement("core/counts_with_parcels"), named)
        connection.execute(statement("core/counts_with_returns"), named)
        connection.execute(
            statement("core/counts_with_doubt"), {**named, "is_file": reading.source == "file"}
        )
        is_counting = reading.source == "wms" and reading.warehouse_id in frozen_warehouses(connection)
        returned = 0 if is_counting else give_back(connection, clock, only_shadow=False)
        below = () if is_counting else _told_of_below(connection, clock, config, reading)
        connection.execute(_AS_PROMISED)
        unknown = unknown_skus(connection) if reading.source == "file" else ()
        changed = _write(connection, clock, reading)
        synced = SyncedStock(reading.warehouse_id, len(rows), changed, returned, below, unknown)
        connection.execute(_SNAPSHOT, _snapshot(clock, reading, synced))
    log.info("stock read", **vars(synced))
    return synced


def _told_of_below(
    connection: Connection, clock: Clock, config: MerchantConfig, reading: Reading
) -> tuple[str, ...]:
    """Return the SKUs of which manifests hold more than was counted, and tell about them."""
    below = connection.execute(_BELOW).all()
    alerts = [
        Alert(
            rule_id=_RULE,
            severity="critical",
            subject=f"{reading.warehouse_id}/{row.sku_id}",
            fingerprint="below",
            title_zh=f"实存少于已交仓的数量:{row.sku_id}",
            title_en=f"Fewer pieces than were handed over: {row.sku_id}",
            text_zh=(
                f"{reading.warehouse_id} 只有 {row.on_hand} 件 {row.sku_id},清单要 {row.reserved} 件。"
                "请与仓库核对;发不出的订单在平台上取消或退款,系统会撤单。"
            ),
            text_en=(
                f"{reading.warehouse_id} has {row.on_hand} of {row.sku_id}, manifests want {row.reserved}. "
                "Recount with the warehouse; cancel or refund on the platform what cannot leave."
            ),
            warehouse_id=reading.warehouse_id,
        )
        for row in below
    ]
    keep_alerts(connection, clock, config, _RULE, alerts, warehouse_id=reading.warehouse_id)
    return tuple(row.sku_id for row in below)


def _write(connection: Connection, clock: Clock, reading: Reading) -> int:
    source_id = f"{reading.source}:{reading.warehouse_id}@{reading.as_of.isoformat()}"
    stamp = {"now": clock.now(), "source_id": source_id}
    changed = connection.execute(statement("core/stock_ledger"), stamp).rowcount
    connection.execute(statement("core/synced_stock"), {"as_of": reading.as_of})
    connection.execute(statement("core/parcels_in_on_hand"))
    return changed


def _snapshot(clock: Clock, reading: Reading, synced: SyncedStock) -> dict[str, Any]:
    return {
        "snapshot_id": f"{reading.warehouse_id}@{reading.as_of.isoformat()}",
        "warehouse_id": reading.warehouse_id,
        "source": reading.source,
        "as_of": reading.as_of,
        "is_locked_inside": reading.is_locked_inside,
        "skus": synced.skus,
        "changed": synced.changed,
        "returned": synced.returned,
        "now": clock.now(),
    }
