"""How far the demo's pass has come, read from the hub's own tables."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from orderhub.db.engine import Database
from orderhub.operate.voice import Voice

_LINE_SECONDS = 5.0

_PROGRESS = text("""
    select
        (select count(*) from ops.pull_windows) as windows,
        (select count(*) from ops.pull_windows where state = 'covered') as covered,
        (select count(*) from ops.loads l where not exists (
            select from ops.pass_loads t join ops.passes p using (pass_id)
            where t.load_id = l.load_id and p.finished_at is not null)) as untaken,
        (select count(*) from core.orders) as orders,
        (select count(*) from core.anomalies where state = 'open') as anomalies,
        (select count(*) from core.fulfillment_orders where state <> 'cancelled') as routed,
        (select max(started_at) from ops.passes
            where kind = 'transform' and finished_at is not null) as transformed_at
    """)
_HANDED_OVER = text("""
    select not exists (select from ops.cutoffs where cutoff_id = any(:cutoffs) and state = 'open')
        and not exists (select from core.manifests where cutoff_id = any(:cutoffs) and state = 'closed')
        and exists (select from core.manifests where state = 'published')
        and not exists (select from ops.outbox where state in ('pending', 'claimed') and attempts = 0)
    """)


@dataclass(frozen=True)
class Progress:
    """Counts of one moment; windows are pull windows, untaken loads were not transformed yet.

    `transformed_at` (UTC) is when the last complete pass over loads began.
    """

    windows: int = 0
    covered: int = 0
    untaken: int = 0
    orders: int = 0
    anomalies: int = 0
    routed: int = 0
    transformed_at: datetime | None = None

    @property
    def is_pulled(self) -> bool:
        """Tell whether every planned window is covered."""
        return self.windows > 0 and self.covered == self.windows

    def has_transformed(self, pulled_at: datetime) -> bool:
        """Tell whether everything that was pulled until `pulled_at` has become orders."""
        is_since = self.transformed_at is not None and self.transformed_at >= pulled_at
        return self.orders > 0 and (self.untaken == 0 or is_since)

    def shown(self) -> tuple[int, ...]:
        """Return what the line shows."""
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


class Story:
    """Tells the counts while they change, a line every few seconds at most, and where a stage ends."""

    def __init__(self, voice: Voice, database: Database) -> None:
        self._voice = voice
        self._database = database
        self._last = Progress()
        self._next = 0.0

    def told(self) -> Progress:
        """Return the counts of now, after printing them when that is worth a line."""
        now, moment = read_progress(self._database), time.monotonic()
        is_stage = (now.orders, now.routed) != (self._last.orders, self._last.routed)
        if now.shown() != self._last.shown() and (is_stage or now.is_pulled or moment >= self._next):
            self._voice.say(now.zh(), now.en())
            self._last, self._next = now, moment + _LINE_SECONDS
        return now


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
