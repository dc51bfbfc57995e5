"""How far the demo's pass has come, read from the hub's own tables."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text

from orderhub.db.engine import Database

_PROGRESS = text("""
    with finished as (
        select kind, max(started_at) as started_at, max(finished_at) as finished_at
        from ops.passes where finished_at is not null group by kind
    )
    select
        (select count(*) from ops.pull_windows) as windows,
        (select count(*) from ops.pull_windows where state = 'covered') as covered,
        (select count(*) from ops.loads l where not exists (
            select from ops.pass_loads t join ops.passes p using (pass_id)
            where t.load_id = l.load_id and p.finished_at is not null)) as untaken,
        (select count(*) from core.orders) as orders,
        (select count(*) from core.anomalies where state = 'open') as anomalies,
        (select count(*) from core.fulfillment_orders where state <> 'cancelled') as routed,
        coalesce((select f.started_at > t.finished_at from finished f, finished t
            where f.kind = 'fulfill' and t.kind = 'transform'), false) as is_routed_since
    """)
_HANDED_OVER = text("""
    select not exists (select from ops.cutoffs where cutoff_id = any(:cutoffs) and state = 'open')
        and not exists (select from core.manifests where cutoff_id = any(:cutoffs) and state = 'closed')
        and exists (select from core.manifests where state = 'published')
        and not exists (select from ops.outbox where state in ('pending', 'claimed') and attempts = 0)
    """)


@dataclass(frozen=True)
class Progress:
    """Counts of one moment; windows are pull windows, untaken loads were not transformed yet."""

    windows: int = 0
    covered: int = 0
    untaken: int = 0
    orders: int = 0
    anomalies: int = 0
    routed: int = 0
    is_routed_since: bool = False

    @property
    def is_settled(self) -> bool:
        """Tell whether everything that was pulled has been transformed and routed."""
        pulled = self.windows > 0 and self.covered == self.windows
        return pulled and self.untaken == 0 and self.orders > 0 and self.is_routed_since

    def told(self) -> tuple[int, ...]:
        """Return what the line shows; a new line is printed when it changes."""
        return (self.covered, self.orders, self.anomalies, self.routed)

    def zh(self) -> str:
        """Return the line in Chinese."""
        return (
            f"拉取窗口 {self.covered}/{self.windows} · 订单 {self.orders} · "
            f"异常 {self.anomalies} · 已分仓 {self.routed}"
        )

    def en(self) -> str:
        """Return the line in English."""
        return (
            f"windows {self.covered}/{self.windows} · orders {self.orders} · "
            f"anomalies {self.anomalies} · routed {self.routed}"
        )


def read_progress(database: Database) -> Progress:
    """Return the counts of now."""
    with database.read() as connection:
        return Progress(*connection.execute(_PROGRESS).one())


def are_handed_over(database: Database, cutoffs: Sequence[str]) -> bool:
    """Tell whether these cut-offs are closed, files and mails are out, and any manifest is published."""
    with database.read() as connection:
        return bool(connection.execute(_HANDED_OVER, {"cutoffs": list(cutoffs)}).scalar_one())


def has_stock(database: Database) -> bool:
    """Tell whether stock was ever counted."""
    with database.read() as connection:
        return bool(connection.execute(text("select exists (select from core.stock)")).scalar_one())
