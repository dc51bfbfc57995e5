"""Judges what a transform pass has merged, and finishes the pass.

A pass of one slice is judged in the transaction that merged it. Of several, the merge is committed first, so
that two sessions may ask the checks side by side; until the pass is finished none of its orders is ready to
ship (`core.line_readiness`). One that dies in between is judged by the next, before anything else.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from sqlalchemy import Connection, text

from orderhub.clock import Clock
from orderhub.config.check_tables import judge_again
from orderhub.config.models import MerchantConfig
from orderhub.db.engine import Database
from orderhub.db.leases import Lease
from orderhub.db.mapped import BESIDE
from orderhub.db.sql_files import statement
from orderhub.quality.active import active_suites
from orderhub.quality.check import Judged, Judging, conclude, count_judged, mark_judged
from orderhub.quality.scan import Asking, Found, Verdict, scan, scan_beside, show_failures
from orderhub.quality.suites import Suites
from orderhub.transform.indexes import builders
from orderhub.transform.passes import NEW_CONFIG, TransformCounts, finish_pass, merged_passes

_LOCK_SHOPS = text("select from core.shops order by shop_id for share")
_IS_CONFIG_NEW = text(f"select exists({NEW_CONFIG})")
_ACTIVE_VERSION = text("select config_version from ops.config_versions where is_active")
#: Other suites than those that the merge was marked with.
_STAMP = text("""
    update core.orders set checks_version = :version
    where _checked_pass_id = :pass_id and checks_version is distinct from :version""")


@dataclass(frozen=True)
class Judge:
    """Judges under the lease of the transform."""

    database: Database
    lease: Lease
    config: MerchantConfig
    clock: Clock

    def at_once(self, connection: Connection, suites: Suites, counts: TransformCounts) -> None:
        """Judge and finish a pass in the transaction that has merged and marked it."""
        verdicts = scan(connection, suites, counts.pass_id)
        judged = partial(count_judged, connection, counts.pass_id)
        counts.checks = conclude(connection, self.judging(suites, counts), [verdicts], Found(), judged)
        self._finish(connection, counts)

    def beside(self, suites: Suites, counts: TransformCounts) -> None:
        """Judge a committed pass with two sessions, build the indexes that it laid aside, finish it.

        Raises:
            DatabaseFault: a session failed; the next pass judges this one.
            FencedError: the lease was taken over.
        """
        asking = scan_beside(self.database, self.lease, suites, counts.pass_id, builders())
        free: list[Future[None]] = []
        with asking as asked, ThreadPoolExecutor(1, "count") as session:
            judged = session.submit(self._count_judged, counts.pass_id)
            with self.database.transaction(self.lease) as connection:
                connection.exec_driver_sql(BESIDE)
                found = show_failures(connection, counts.pass_id)
                rounds = _rounds(connection, asked, lambda: free.append(session.submit(self.count_anew)))
                judging = self.judging(suites, counts)
                counts.checks = conclude(connection, judging, rounds, found, judged.result)
                self._finish(connection, counts)
        for counted in free:
            counted.result()

    def left(self) -> None:
        """Judge what was merged by a pass that died, and finish it."""
        with self.database.transaction(self.lease) as connection:
            merged = merged_passes(connection)
            if not merged:
                return
            suites = active_suites(connection, self.clock, self.config)
            for counts in merged:
                connection.execute(_STAMP, {"version": suites.version, "pass_id": counts.pass_id})
        for counts in merged:
            self.beside(suites, counts)

    def count_anew(self) -> None:
        """Let the planner know what a large pass has written: the next one may be small, and soon."""
        with self.database.transaction(self.lease) as connection:
            connection.exec_driver_sql("select ops.count_orders_anew()")

    def mark(self, connection: Connection, suites: Suites, counts: TransformCounts) -> None:
        """Mark what this pass judges; with new files, what they decide, too."""
        if connection.execute(_IS_CONFIG_NEW).scalar_one():
            judge_again(connection)
        mark_judged(connection, self.judging(suites, counts))

    def _count_judged(self, pass_id: int) -> Judged:
        with self.database.read() as connection:
            return count_judged(connection, pass_id)

    def judging(self, suites: Suites, counts: TransformCounts) -> Judging:
        """Return what judges a pass."""
        return Judging(counts.pass_id, suites, self.config, self.clock)

    def _finish(self, connection: Connection, counts: TransformCounts) -> None:
        self._settle_lifecycles(connection)
        finish_pass(connection, self.clock, counts)

    def _settle_lifecycles(self, connection: Connection) -> None:
        """Let a configuration that became active since the last pass, or during this one, say what is ours.

        Applying one leaves us the rows that somebody held; it waits for the shops locked here, or is seen. Of
        one that came during this pass, its checks knew nothing.
        """
        connection.execute(_LOCK_SHOPS)
        active = connection.execute(_ACTIVE_VERSION).scalar_one_or_none()
        is_new = connection.execute(_IS_CONFIG_NEW).scalar_one()
        is_other = active not in {None, self.config.version}
        if is_new or is_other:
            connection.execute(statement("core/settle_lifecycles"))
        if is_other:
            judge_again(connection)


def _rounds(connection: Connection, asked: Asking, then: Callable[[], None]) -> Iterator[Sequence[Verdict]]:
    """Give what row checks said, and what query checks said; `then` a core is free."""
    yield asked.rows()
    yield asked.rest(connection)
    then()
