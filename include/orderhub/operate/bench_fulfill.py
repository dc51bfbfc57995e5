"""Times fulfilling a large stock of checked orders: route, carriers, reserve, manifests, their CSV files.

The orders are made inside the database by `examples/million_orders/checked.sql`; the merchant with five
warehouses is `examples/million_orders/merchant`. The server has the settings of a hub on two cores. At
the end one session writes the same rows again, ready made (`fulfill_floor.sql`): the floor.
"""

import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from threading import Event

from pydantic import SecretStr
from sqlalchemy import text

from orderhub import paths
from orderhub.clock import Clock, FixedClock
from orderhub.config.models import MerchantConfig
from orderhub.config.store import apply_directory
from orderhub.db.engine import Database
from orderhub.fulfillment.close import ClosedManifest, close_due
from orderhub.fulfillment.cutoffs import ensure_first_start, request_extra
from orderhub.fulfillment.manifest_files import publish
from orderhub.fulfillment.run import run_fulfillment
from orderhub.operate.explain import explain
from orderhub.operate.floor import measure_floor
from orderhub.operate.own_hub import OwnHub, own_hub
from orderhub.operate.stopwatch import Say, timed, watching
from orderhub.settings import Settings

_FOLDER = paths.project_root() / "examples" / "million_orders"
_DECIDED = text("""
    select d.order_id, d.rule_id from core.routing_decisions as d
    where d.outcome in ('allocated', 'split') order by md5(d.order_id) limit :many""")
_SPLIT = text("select count(*) from core.routing_decisions where outcome = 'split'")
_MERGED = text("select count(*) from core.merge_decisions where parcel_id is not null")
_CARRIED = text("select count(*) from core.fulfillment_orders where carrier_id is not null")
_CLOSED = text(
    "select manifest_id from core.manifests where state = 'closed' order by closed_at, manifest_id"
)
#: How long the lists of a manifest that has just closed may wait for whoever writes them.
_LOOK_SECONDS = 0.1
#: Orders whose story is read at the end.
EXPLAINED = 100


@dataclass
class FulfillTimes:
    """Seconds by step, peak memory in MiB, and what came of it.

    Attributes:
        orders: checked orders that could be routed.
        routed: seconds to decide, to choose carriers and to reserve.
        again: seconds of the same pass once more, which finds nothing new.
        closed: seconds to close a manifest per warehouse, two at once; the lists of those closed are written
            beside it, as the outbox does while the next cut-off closes.
        written: seconds after that until the shipping and pick lists (CSV) of all manifests are there.
        files_mib: size of these files.
        allocated: orders that got a document.
        lines: lines on the manifests.
        carried: documents that have a carrier.
        split: orders that leave in two documents.
        merged: documents that leave in one parcel with another.
        explained: of `EXPLAINED` orders, those whose every rule is a row of the configuration.
        floor: step of `fulfill_floor.sql` → seconds that one session takes to write the same rows.
        peak_mib: of this process and the server together (PSS).
    """

    orders: int
    routed: float = 0.0
    again: float = 0.0
    closed: float = 0.0
    written: float = 0.0
    files_mib: float = 0.0
    allocated: int = 0
    lines: int = 0
    carried: int = 0
    split: int = 0
    merged: int = 0
    explained: int = 0
    floor: dict[str, float] = field(default_factory=dict)
    peak_mib: float = 0.0
    manifests: list[ClosedManifest] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """Return what a warehouse waits for: route, carriers, reserve, close, lists."""
        return self.routed + self.closed + self.written

    @property
    def ratio(self) -> float:
        """Return how many times the floor that is."""
        return self.seconds / sum(self.floor.values())


def measure_fulfill(clock: Clock, orders: int, demand: str, say: Say) -> FulfillTimes:
    """Make `orders` checked orders, route them, route again, close the manifests and write their lists.

    Args:
        clock: the present.
        orders: how many.
        demand: `zipf`, `uniform`, or `hot`: one SKU in every order.
        say: receives progress.

    Raises:
        EnvironmentFault: the server did not start.
    """
    times, day = FulfillTimes(orders), FixedClock(clock.now())
    with tempfile.TemporaryDirectory() as folder, own_hub(clock, Path(folder)) as hub:
        database = hub.open()
        settings = Settings(
            home=Path(folder) / "home", database_url=SecretStr(hub.app_url()), hash_key=SecretStr("bench")
        )
        config = apply_directory(database, day, _FOLDER / "merchant", settings.home, "bench")
        with timed(say, f"{orders:,} 单已备好 / ready"):
            _make(hub, day, orders, demand)
        hub.rest()
        with watching() as peak:
            with timed(say, "分仓与预占 / route and reserve") as routed:
                times.allocated = run_fulfillment(database, day, config).allocated
            with timed(say, "再来一次 / the same again") as again:
                run_fulfillment(database, day, config)
            day.move(timedelta(hours=1))
            _hand_over(database, day, config, settings, times, say)
        times.routed, times.again, times.peak_mib = routed[0], again[0], max(peak)
        times.files_mib = _size(settings.manifests)
        _look(database, config, times)
        database.close()
        times.floor = measure_floor(hub, "fulfill", say)
    return times


def _make(hub: OwnHub, clock: Clock, orders: int, demand: str) -> None:
    owner = hub.open_owner()
    ensure_first_start(owner, clock)
    given = {"orders": orders, "demand": demand, "now": clock.now().isoformat()}
    with owner.session() as session:
        session.execute(text((_FOLDER / "checked.sql").read_text(encoding="utf-8")), given)
        session.exec_driver_sql("vacuum (analyze)")
    owner.close()


def _hand_over(
    database: Database, clock: Clock, config: MerchantConfig, settings: Settings, times: FulfillTimes,
    say: Say,
) -> None:  # fmt: skip
    """Close a manifest per warehouse; another thread writes the lists of those closed, as the outbox does."""
    is_over = Event()
    with ThreadPoolExecutor(1) as outbox:
        writing = outbox.submit(_write_lists, database, clock, settings, is_over)
        try:
            with timed(say, "截单 / manifests closed") as closed:
                for warehouse in config.warehouses:
                    request_extra(database, clock, config, warehouse.id, "bench")
                times.manifests = close_due(database, clock, config, {})
        finally:
            is_over.set()
        with timed(say, "写完 CSV 清单 / lists written") as written:
            writing.result()
    times.closed, times.written = closed[0], written[0]


def _write_lists(database: Database, clock: Clock, settings: Settings, is_over: Event) -> None:
    """Write the lists of every manifest that has none, until nothing is left and no more will come."""
    is_last = False
    while not is_last:
        is_last = is_over.wait(_LOOK_SECONDS)
        with database.read() as connection:
            closed = connection.execute(_CLOSED).scalars().all()
        for manifest_id in closed:
            publish(database, clock, settings, {"manifest_id": manifest_id}, "lists")


def _size(folder: Path) -> float:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / (1 << 20)


def _look(database: Database, config: MerchantConfig, times: FulfillTimes) -> None:
    """Count what came of it."""
    times.lines = sum(manifest.line_count for manifest in times.manifests)
    with database.read() as connection:
        times.split = connection.execute(_SPLIT).scalar_one()
        times.merged = connection.execute(_MERGED).scalar_one()
        times.carried = connection.execute(_CARRIED).scalar_one()
    times.explained = _explained(database, config)


def _explained(database: Database, config: MerchantConfig) -> int:
    """Return of how many routed orders the story names a rule that the configuration has."""
    known = {rule.id for rule in config.rules}
    with database.read() as connection:
        decided = connection.execute(_DECIDED, {"many": EXPLAINED}).all()
    return sum(
        rule_id in known and any(rule_id in str(step) for step in explain(database, order_id).steps)
        for order_id, rule_id in decided
    )
