"""Closes due cut-offs: one transaction fixes what a warehouse gets, and orders the files to be written."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection, text

from orderhub.clock import Clock
from orderhub.config.models import MerchantConfig
from orderhub.db.engine import Database
from orderhub.db.leases import CUTOFFS, hold_row
from orderhub.db.outbox import Effect, enqueue
from orderhub.db.sql_files import statement
from orderhub.errors import LeaseTaken
from orderhub.fulfillment.cutoffs import Cutoff, due_cutoffs
from orderhub.fulfillment.withdraw import LOCK_DOCUMENTS, WITH_FIGURES, WITHOUT_FIGURES
from orderhub.fulfillment.wms.handover import enqueue_delivery_orders

#: API platform → how late its orders become visible.
Lags = Mapping[str, timedelta]
log = structlog.get_logger(__name__)
#: How long a manifest waits for a shop whose pull is late.
GRACE = timedelta(minutes=10)
#: A shop is up to date when the last pull due before the cut-off has landed; pulls come every 10 minutes.
PULL_CADENCE = timedelta(minutes=10)

_IS_OPEN = text("select state = 'open' from ops.cutoffs where cutoff_id = :cutoff_id")
_CLOSE = text("update ops.cutoffs set state = 'closed', closed_at = :now where cutoff_id = :cutoff_id")
_MANIFESTED = text("""
    update core.fulfillment_orders as f set state = 'manifested'
    from (select distinct fulfillment_order_id from core.manifest_lines where manifest_id = :manifest_id) as m
    where f.fulfillment_order_id = m.fulfillment_order_id and f.state = 'allocated'""")


@dataclass(frozen=True)
class ClosedManifest:
    """A manifest whose membership is fixed. Counts: fulfillment orders, lines, pieces.

    Attributes:
        left_out: reason → fulfillment orders that were due here and are not in.
    """

    manifest_id: str
    warehouse_id: str
    is_shadow: bool
    order_count: int
    line_count: int
    quantity_total: int
    left_out: Mapping[str, int] = field(default_factory=dict)


def close_due(database: Database, clock: Clock, config: MerchantConfig, lags: Lags) -> list[ClosedManifest]:
    """Close every due cut-off that may close, and return its manifests.

    A cut-off with a stale shop stays open for `GRACE`, extra ones by hand too; after it, it closes without
    that shop's orders unless the shop says `on_stale: ship`. One that somebody else is closing is skipped.

    Args:
        database: the hub's database.
        clock: decides what is due.
        config: the active configuration.
        lags: API platform → how late its orders become visible (`orderhub.platforms.spec.visibility_lags`);
            a platform that is not in it is never stale.

    Raises:
        LeaseTaken: somebody else writes cut-offs at this moment.
        DatabaseFault: the server failed; a cut-off is closed whole or not at all.
    """
    closed: list[ClosedManifest] = []
    for cutoff in due_cutoffs(database, clock, config):
        try:
            with (
                hold_row(database, CUTOFFS, cutoff.cutoff_id) as lease,
                database.transaction(lease) as connection,
            ):
                manifests = _Closing(connection, clock, config, cutoff).close(lags)
            closed += manifests
            for manifest in manifests:
                log.info("manifest closed", **asdict(manifest))
        except LeaseTaken:
            log.info("cut-off is being closed by somebody else", cutoff_id=cutoff.cutoff_id)
    return closed


def stale_shops(connection: Connection, config: MerchantConfig, instant: datetime, lags: Lags) -> list[str]:
    """Return the shops whose orders are not known up to `instant` (less lag and cadence), ascending."""
    return [
        shop.id
        for shop in sorted(config.shops, key=lambda shop: shop.id)
        if shop.platform in lags
        and not connection.execute(
            statement("ops/covered_until"),
            {"shop_id": shop.id, "until": instant - lags[shop.platform] - PULL_CADENCE},
        ).scalar_one()
    ]


@dataclass(frozen=True)
class _Closing:
    """One cut-off on its way to being closed, inside the transaction that does it."""

    connection: Connection
    clock: Clock
    config: MerchantConfig
    cutoff: Cutoff

    def close(self, lags: Lags) -> list[ClosedManifest]:
        """Fix membership of the live and the shadow manifest, or leave the cut-off open."""
        if not self.connection.execute(_IS_OPEN, {"cutoff_id": self.cutoff.cutoff_id}).scalar_one():
            return []
        stale = stale_shops(self.connection, self.config, self.cutoff.cutoff_at, lags)
        missed = [shop for shop in stale if self.config.shop(shop).on_stale == "wait"]
        if missed and self.clock.now() < self.cutoff.cutoff_at + GRACE:
            log.warning("cut-off stays open, a pull is late", cutoff_id=self.cutoff.cutoff_id, shops=missed)
            return []
        self.connection.execute(LOCK_DOCUMENTS)
        modes = sorted({shop.mode == "shadow" for shop in self.config.shops})
        closed = [self._fix_membership(missed, is_shadow=mode) for mode in modes]
        self.connection.execute(_CLOSE, {"now": self.clock.now(), "cutoff_id": self.cutoff.cutoff_id})
        return closed

    def _fix_membership(self, missed: list[str], *, is_shadow: bool) -> ClosedManifest:
        due = {
            "warehouse_id": self.cutoff.warehouse_id,
            "is_shadow": is_shadow,
            "until": self.clock.now() if self.cutoff.kind == "extra" else self.cutoff.cutoff_at,
        }
        self.connection.execute(text("drop table if exists due_reservations, due_documents"))
        self.connection.execute(WITHOUT_FIGURES)
        self.connection.execute(statement("core/due_reservations"), due)
        self.connection.execute(text("analyze due_reservations"))
        self.connection.execute(WITH_FIGURES)
        self.connection.execute(statement("core/due_documents"), {"left_shops": missed})
        self.connection.execute(text("analyze due_documents"))
        totals = self.connection.execute(statement("core/due_totals")).one()
        manifest_id = f"{self.cutoff.cutoff_id}/shadow" if is_shadow else self.cutoff.cutoff_id
        manifest = ClosedManifest(manifest_id, self.cutoff.warehouse_id, is_shadow, *totals)
        self._write(manifest)
        return manifest

    def _write(self, manifest: ClosedManifest) -> None:
        row = {
            "manifest_id": manifest.manifest_id,
            "warehouse_id": manifest.warehouse_id,
            "cutoff_id": self.cutoff.cutoff_id,
            "cutoff_at": self.cutoff.cutoff_at,
            "is_shadow": manifest.is_shadow,
            "orders": manifest.order_count,
            "lines": manifest.line_count,
            "pieces": manifest.quantity_total,
            "left_out": json.dumps(dict(manifest.left_out)),
            "config_version": self.config.version,
            "now": self.clock.now(),
        }
        self.connection.execute(statement("core/manifests"), row)
        self.connection.execute(statement("core/manifest_lines"), {"manifest_id": manifest.manifest_id})
        self.connection.execute(_MANIFESTED, {"manifest_id": manifest.manifest_id})
        if not manifest.is_shadow:
            enqueue(self.connection, [_files_of(manifest)], self.clock)
            wms = self.config.wms_of(manifest.warehouse_id)
            if wms is not None:
                target = manifest.warehouse_id, manifest.manifest_id
                enqueue_delivery_orders(self.connection, self.clock, wms, *target)


def _files_of(manifest: ClosedManifest) -> Effect:
    return Effect(
        outbox_id=f"manifest_files:{manifest.manifest_id}",
        target="manifest_files",
        subject=manifest.manifest_id,
        payload={"manifest_id": manifest.manifest_id},
    )
