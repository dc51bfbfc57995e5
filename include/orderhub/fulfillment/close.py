"""Closes due cut-offs: one transaction fixes what a warehouse gets, and orders the files to be written.

What a late shop could not bring in time follows as an amendment of the same cut-off, numbered from 1.
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection, text

from orderhub.alerts.manifests import UNCONFIRMED, unconfirmed
from orderhub.alerts.raising import close_alerts, raise_alerts
from orderhub.clock import Clock
from orderhub.config.models import MerchantConfig
from orderhub.db.document_locks import CLOSE_BESIDE, LOCK_DOCUMENTS, TURN_OF_WAREHOUSE
from orderhub.db.engine import Database
from orderhub.db.leases import CUTOFFS, hold_row
from orderhub.db.outbox import Effect, enqueue
from orderhub.db.sql_files import statement
from orderhub.errors import ClosesAlone, ClosesLater, LeaseTaken
from orderhub.fulfillment.beside import done_beside
from orderhub.fulfillment.cutoffs import Cutoff, due_cutoffs, next_cutoff_at, waiting_amendments
from orderhub.fulfillment.manifest_files import PARTS
from orderhub.fulfillment.merge import merge_documents
from orderhub.fulfillment.owed import fix_amounts
from orderhub.fulfillment.plans import WITH_FIGURES, WITHOUT_FIGURES
from orderhub.fulfillment.readiness import read_readiness
from orderhub.fulfillment.waybill.errands import request_waybills
from orderhub.fulfillment.wms.handover import enqueue_delivery_orders

#: API platform → how late its orders become visible.
Lags = Mapping[str, timedelta]
log = structlog.get_logger(__name__)
#: Warehouses that close beside one another: a closing keeps one core of the server busy.
AT_ONCE = 2
#: How long a manifest waits for a shop whose pull is late, and for orders that are being checked.
GRACE = timedelta(minutes=10)
#: A shop is up to date when the last pull due before the cut-off has landed; pulls come every 10 minutes.
PULL_CADENCE = timedelta(minutes=10)
#: What a pull brought so long before a cut-off has long been mapped and routed.
SEEN_AFTER = timedelta(days=1)
#: An order whose state at the platform is not known since then is not handed over (`ops.last_looks`).
UNSEEN_AFTER = timedelta(minutes=30)

_IS_OPEN = text("select state = 'open' from ops.cutoffs where cutoff_id = :cutoff_id")
_CLOSE = text("""
    update ops.cutoffs
    set state = 'closed', closed_at = coalesce(closed_at, :now), left_shops = cast(:left_shops as text[])
    where cutoff_id = :cutoff_id""")
_LEFT_SHOPS = text("select left_shops from ops.cutoffs where cutoff_id = :cutoff_id")
_SHOPS_LEFT_OUT = text("""
    select distinct shop_id from due_documents where reason in ('source_stale', 'status_unconfirmed')""")
_NEXT_AMENDMENT = text("""
    select coalesce(max(amendment), 0) + 1 from core.manifests where cutoff_id = :cutoff_id""")
_ALL_CONFIRMED = text("""
    update ops.alerts set closed_at = :now
    where closed_at is null and rule_id = :rule_id and fingerprint = :cutoff_id""")
#: Their version is marked as checked, so that what keeps them is a large pass that is not finished.
_IS_BEING_JUDGED = text("""
    select exists (
        select from due_documents as d join core.orders as o on o.order_id = d.order_id
        where d.reason = 'order_unchecked' and o.checked_version = o.version_id)""")
_ORDERS_DUE = text("""
    create temporary table asked_orders on commit drop as
    select distinct order_id from due_reservations""")
_MANIFESTED = text("""
    update core.fulfillment_orders as f set state = 'manifested'
    from (
        select fulfillment_order_id from due_documents where reason is null order by fulfillment_order_id
    ) as m
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
    """Close what `all_due` names, as `close_cutoffs` does, without a last look at it."""
    return close_cutoffs(database, clock, config, lags, all_due(database, clock, config, lags))


def all_due(database: Database, clock: Clock, config: MerchantConfig, lags: Lags) -> list[Cutoff]:
    """Return the open cut-offs that are due, and the closed ones of which a shop that was left out is back.

    Raises:
        LeaseTaken: somebody else writes cut-offs at this moment.
        DatabaseFault: the server failed.
    """
    due, waiting = due_cutoffs(database, clock, config), waiting_amendments(database, clock)
    with database.read() as connection:
        late = {at: late_shops(connection, config, at, lags) for at in {one.cutoff_at for one in waiting}}
    return due + [one for one in waiting if not late[one.cutoff_at].issuperset(one.left_shops)]


def close_cutoffs(
    database: Database, clock: Clock, config: MerchantConfig, lags: Lags, due: Sequence[Cutoff]
) -> list[ClosedManifest]:
    """Close those of `due` that may close, amend those whose late shops arrived, return the manifests.

    A cut-off with a stale shop stays open for `GRACE`, extra ones by hand too; after it, it closes without
    that shop's orders unless the shop says `on_stale: ship`. So does one whose orders a large pass has merged
    and not judged yet. One that somebody else is closing is skipped.
    Warehouses close `AT_ONCE` beside one another; what they would decide together waits for the others, and
    closes in turn.

    Args:
        database: the hub's database.
        clock: decides what is due.
        config: the active configuration.
        lags: API platform → how late its orders become visible (`orderhub.platforms.spec.visibility_lags`);
            a platform that is not in it is never stale.
        due: some of `all_due`; what rang since is for whoever looks at it.

    Raises:
        DatabaseFault: the server failed; a cut-off is closed whole or not at all.
    """
    turn = _Turn(database, clock, config, lags)
    turn.take_beside(due)
    turn.take_alone(due)
    return [manifest for cutoff in dict.fromkeys(due) for manifest in turn.closed[cutoff]]


@dataclass(frozen=True)
class _Turn:
    """The cut-offs that are due now, each closed in a transaction of its own.

    Attributes:
        closed: what came of those that are over.
    """

    database: Database
    clock: Clock
    config: MerchantConfig
    lags: Lags
    closed: dict[Cutoff, list[ClosedManifest]] = field(default_factory=dict)

    def take_beside(self, due: Sequence[Cutoff]) -> None:
        """Close warehouses beside one another; one that has to wait keeps its later cut-offs waiting too."""
        of_warehouse: dict[str, list[Cutoff]] = {}
        for cutoff in due:
            of_warehouse.setdefault(cutoff.warehouse_id, []).append(cutoff)
        if len(of_warehouse) > 1:
            done_beside(list(of_warehouse.values()), self._until_alone, AT_ONCE)

    def take_alone(self, due: Sequence[Cutoff]) -> None:
        """Close what is left one after the other."""
        for cutoff in due:
            if cutoff not in self.closed:
                self._close(cutoff, is_alone=True)

    def _until_alone(self, cutoffs: Sequence[Cutoff]) -> None:
        with suppress(ClosesAlone):
            for cutoff in cutoffs:
                self._close(cutoff, is_alone=False)

    def _close(self, cutoff: Cutoff, *, is_alone: bool) -> None:
        manifests: list[ClosedManifest] = []
        try:
            with (
                hold_row(self.database, CUTOFFS, cutoff.cutoff_id) as lease,
                self.database.transaction(lease) as connection,
            ):
                closing = _Closing(connection, self.clock, self.config, cutoff, is_alone=is_alone)
                manifests = closing.close(self.lags)
            for manifest in manifests:
                log.info("manifest closed", **asdict(manifest))
        except LeaseTaken:
            log.info("cut-off is being closed by somebody else", cutoff_id=cutoff.cutoff_id)
        except ClosesLater:
            log.warning("cut-off stays open, its orders are being checked", cutoff_id=cutoff.cutoff_id)
        self.closed[cutoff] = manifests


def late_shops(connection: Connection, config: MerchantConfig, instant: datetime, lags: Lags) -> set[str]:
    """Return the stale shops that a list waits for."""
    stale = stale_shops(connection, config, instant, lags)
    return {shop for shop in stale if config.shop(shop).on_stale == "wait"}


def stale_shops(connection: Connection, config: MerchantConfig, instant: datetime, lags: Lags) -> list[str]:
    """Return the shops whose orders are not known up to `instant` (less lag and cadence), ascending."""
    return [
        shop.id
        for shop in sorted(config.shops, key=lambda shop: shop.id)
        if shop.platform in lags
        and not connection.execute(
            statement("ops/covered_until"),
            {
                "shop_id": shop.id,
                "until": instant - lags[shop.platform] - PULL_CADENCE,
                "recent": instant - SEEN_AFTER,
            },
        ).scalar_one()
    ]


@dataclass(frozen=True)
class _Closing:
    """One cut-off on its way to being closed, inside the transaction that does it.

    Attributes:
        is_alone: nothing else closes meanwhile.
        left: shops of which something was left out that may follow.
    """

    connection: Connection
    clock: Clock
    config: MerchantConfig
    cutoff: Cutoff
    is_alone: bool
    left: set[str] = field(default_factory=set)

    def close(self, lags: Lags) -> list[ClosedManifest]:
        """Fix membership of the live and the shadow manifest, or leave the cut-off open."""
        missed = sorted(late_shops(self.connection, self.config, self.cutoff.cutoff_at, lags))
        if not self.connection.execute(_IS_OPEN, {"cutoff_id": self.cutoff.cutoff_id}).scalar_one():
            return self._amend(missed)
        if missed and self.clock.now() < self.cutoff.cutoff_at + GRACE:
            log.warning("cut-off stays open, a pull is late", cutoff_id=self.cutoff.cutoff_id, shops=missed)
            return []
        closed = self._fix_membership(missed, None, 0)
        self.left.update(missed)  # Also one of which nothing is known yet: what it brings follows.
        self._end()
        self._tell(closed)
        return closed

    def _amend(self, missed: list[str]) -> list[ClosedManifest]:
        """Hand over what shops have that were left out and are up to date now; nothing when none has any."""
        waiting = self.connection.execute(_LEFT_SHOPS, {"cutoff_id": self.cutoff.cutoff_id}).scalar_one()
        arrived = [shop for shop in waiting if shop not in missed]
        if not arrived:
            return []
        number = self.connection.execute(_NEXT_AMENDMENT, {"cutoff_id": self.cutoff.cutoff_id}).scalar_one()
        closed = self._fix_membership([], arrived, number)
        # What was late is `source_stale`, and was never told of as unconfirmed.
        are_all_confirmed = not self.left
        self.left.update(set(waiting) - set(arrived))
        self._end()
        if are_all_confirmed:  # A later cut-off of this warehouse may have an alert of its own.
            ended = {"rule_id": UNCONFIRMED, "cutoff_id": self.cutoff.cutoff_id, "now": self.clock.now()}
            self.connection.execute(_ALL_CONFIRMED, ended)
        return closed

    def _end(self) -> None:
        row = {"cutoff_id": self.cutoff.cutoff_id, "left_shops": sorted(self.left), "now": self.clock.now()}
        self.connection.execute(_CLOSE, row)

    def _tell(self, closed: list[ClosedManifest]) -> None:
        """Alert about what nobody could confirm; what a cut-off before said of it is over."""
        close_alerts(self.connection, self.clock, UNCONFIRMED, [self.cutoff.warehouse_id])
        count = sum(one.left_out.get(UNCONFIRMED, 0) for one in closed)
        alerts = [unconfirmed(self.cutoff.warehouse_id, self.cutoff.cutoff_id, count)] if count else []
        raise_alerts(self.connection, self.clock, self.config, alerts)

    def _fix_membership(self, missed: list[str], only: list[str] | None, number: int) -> list[ClosedManifest]:
        if not self.is_alone:
            self.connection.execute(TURN_OF_WAREHOUSE, {"warehouse_id": self.cutoff.warehouse_id})
        self.connection.execute(LOCK_DOCUMENTS if self.is_alone else CLOSE_BESIDE)
        modes = sorted({shop.mode == "shadow" for shop in self.config.shops})
        fixed = [self._fix(missed, only, number, is_shadow=mode) for mode in modes]
        return [manifest for manifest in fixed if manifest.order_count or not number]

    def _fix(
        self, missed: list[str], only: list[str] | None, number: int, *, is_shadow: bool
    ) -> ClosedManifest:
        due = {"warehouse_id": self.cutoff.warehouse_id, "is_shadow": is_shadow, **self._limits(number)}
        self.connection.execute(text("drop table if exists due_reservations, due_documents"))
        self.connection.execute(WITHOUT_FIGURES)
        self.connection.execute(statement("core/due_reservations"), due)
        self.connection.execute(text("analyze due_reservations"))
        self.connection.execute(WITH_FIGURES)
        read_readiness(self.connection, _ORDERS_DUE)
        kept_out = {
            "left_shops": missed, "only_shops": only, "unseen_since": self.clock.now() - UNSEEN_AFTER
        }  # fmt: skip
        self.connection.execute(statement("core/due_documents"), kept_out)
        self.connection.execute(text("analyze due_documents"))
        self._wait_for_judgement()
        if not self.is_alone:
            self._refuse_together()
        self.left.update(self.connection.execute(_SHOPS_LEFT_OUT).scalars())
        totals = self.connection.execute(statement("core/due_totals")).one()
        manifest = ClosedManifest(
            self._id(number, is_shadow=is_shadow), self.cutoff.warehouse_id, is_shadow, *totals
        )
        if manifest.order_count or not number:
            self._write(manifest, number)
        return manifest

    def _wait_for_judgement(self) -> None:
        """Leave the cut-off open while a large pass judges what is due here; its end wakes us again."""
        may_wait = self.clock.now() < self.cutoff.cutoff_at + GRACE
        if may_wait and self.connection.execute(_IS_BEING_JUDGED).scalar_one():
            raise ClosesLater(f"cut-off {self.cutoff.cutoff_id} has orders that are being checked")

    def _refuse_together(self) -> None:
        self.connection.execute(WITHOUT_FIGURES)
        if self.connection.execute(statement("core/is_decided_together")).scalar_one():
            raise ClosesAlone(f"cut-off {self.cutoff.cutoff_id} has orders that another warehouse ships too")
        self.connection.execute(WITH_FIGURES)

    def _limits(self, number: int) -> dict[str, datetime]:
        """Return until when documents are due: a person's cut-off, and an amendment, take those of now."""
        now, at = self.clock.now(), self.cutoff.cutoff_at
        if self.cutoff.kind != "scheduled" or number:
            return {"until": now, "settled": now, "next_cutoff_at": now}
        settled = at - timedelta(minutes=self.config.settle_minutes)
        following = next_cutoff_at(self.config, self.cutoff.warehouse_id, at)
        return {"until": at, "settled": settled, "next_cutoff_at": following}

    def _id(self, number: int, *, is_shadow: bool) -> str:
        return f"{self.cutoff.cutoff_id}{f'#{number}' if number else ''}{'/shadow' if is_shadow else ''}"

    def _write(self, manifest: ClosedManifest, number: int) -> None:
        row = {
            "manifest_id": manifest.manifest_id,
            "warehouse_id": manifest.warehouse_id,
            "cutoff_id": self.cutoff.cutoff_id,
            "cutoff_at": self.cutoff.cutoff_at,
            "amendment": number,
            "is_shadow": manifest.is_shadow,
            "orders": manifest.order_count,
            "lines": manifest.line_count,
            "pieces": manifest.quantity_total,
            "left_out": json.dumps(dict(manifest.left_out)),
            "config_version": self.config.version,
            "now": self.clock.now(),
        }
        self.connection.execute(statement("core/manifests"), row)
        to_merge = manifest.warehouse_id, manifest.manifest_id
        merge_documents(self.connection, self.clock, self.config, *to_merge)
        self.connection.execute(statement("core/manifest_lines"), {"manifest_id": manifest.manifest_id})
        self.connection.execute(_MANIFESTED)
        fix_amounts(self.connection, manifest.manifest_id, is_shadow=manifest.is_shadow)
        if not manifest.is_shadow:
            self._send(manifest)

    def _send(self, manifest: ClosedManifest) -> None:
        enqueue(self.connection, [_files_of(manifest, target) for target in PARTS], self.clock)
        to_label = manifest.warehouse_id, manifest.manifest_id
        request_waybills(self.connection, self.clock, self.config, *to_label)
        wms = self.config.wms_of(manifest.warehouse_id)
        if wms is not None:
            target = manifest.warehouse_id, manifest.manifest_id
            enqueue_delivery_orders(self.connection, self.clock, wms, *target)


def _files_of(manifest: ClosedManifest, target: str) -> Effect:
    return Effect(
        outbox_id=f"{target}:{manifest.manifest_id}",
        target=target,
        subject=manifest.manifest_id,
        payload={"manifest_id": manifest.manifest_id},
    )
