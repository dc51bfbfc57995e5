"""Times map, merge and all checks over a large stock of staged orders, beside what plain SQL needs at least.

The orders are made inside the database by `examples/million_orders/stage.sql`; `transform_floor.sql` is the
floor. Both run on the same server, in the same run.
"""

import json
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import text

from orderhub import paths
from orderhub.clock import Clock
from orderhub.config.models import MerchantConfig, Shop
from orderhub.config.store import apply_directory
from orderhub.operate.floor import measure_floor
from orderhub.operate.own_hub import OwnHub, own_hub
from orderhub.operate.stopwatch import Say, timed, watching
from orderhub.transform.run import run_transform

_FOLDER = paths.project_root() / "examples" / "million_orders"
ORDERS_PER_LOAD = 10_000
#: What comes between two ticks on top of the large stock.
FEW = 600
_LOADS = text("""
    insert into ops.loads (platform, shop_id, stream, source, row_count, staged_count, committed_at)
    select :platform, :shop_id, 'orders', 'bench', :size, :size, cast(:now as timestamptz)
    from generate_series(1, (cast(:orders as bigint) - 1) / :size + 1)
    returning load_id""")


@dataclass
class TransformTimes:
    """Seconds by step, and peak memory in MiB.

    Attributes:
        orders: staged orders; a tenth of them in two versions.
        floor: step of `transform_floor.sql` → seconds.
        passed: seconds of the pass over everything.
        again: seconds of a second pass over the same, which changes nothing.
        changed: rows that the second pass changed; 0 is right.
        few: seconds of a pass over `FEW` new orders on top of them.
        few_changed: orders that it wrote; `FEW` is right.
        peak_mib: of this process and the server together (PSS), during the first pass.
    """

    orders: int
    floor: dict[str, float] = field(default_factory=dict)
    passed: float = 0.0
    again: float = 0.0
    changed: int = 0
    few: float = 0.0
    few_changed: int = 0
    peak_mib: float = 0.0

    @property
    def ratio(self) -> float:
        """Return how many times the floor the pass took."""
        return self.passed / sum(self.floor.values())


def measure_transform(clock: Clock, orders: int, say: Say) -> TransformTimes:
    """Stage `orders` orders; run the floor, a pass over them, one that finds nothing, one with `FEW` more.

    Args:
        clock: the present.
        orders: how many.
        say: receives progress.

    Raises:
        EnvironmentFault: the server did not start.
    """
    times = TransformTimes(orders)
    with tempfile.TemporaryDirectory() as folder, own_hub(clock, Path(folder)) as hub:
        database = hub.open()
        home = Path(folder) / "home"
        config = apply_directory(database, clock, paths.shipped_config_directory(), home, "bench")
        shop = _shop_of(config)
        with timed(say, f"{orders:,} 单已备好 / staged"):
            _stage(hub, shop, clock, orders)
            _vacuum(hub)
        hub.rest()
        times.floor = measure_floor(hub, "transform", say)
        hub.rest()
        with watching() as peak, timed(say, "一次处理 / one pass") as passed:
            run_transform(database, clock, config)
        with timed(say, "再来一次 / the same again") as again:
            counts = run_transform(database, clock, config)
        times.passed, times.again, times.peak_mib = passed[0], again[0], max(peak)
        times.changed = counts.orders_changed + counts.lines
        _stage(hub, shop, clock, FEW, first=orders + 1)
        with timed(say, f"其上 {FEW} 新单 / {FEW} new orders on top") as few:
            times.few_changed = run_transform(database, clock, config).orders_changed
        times.few = few[0]
        database.close()
    return times


def _shop_of(config: MerchantConfig) -> Shop:
    """Return the shop whose platform's form `stage.sql` writes."""
    named: dict[str, str] = json.loads((_FOLDER / "shop.json").read_text(encoding="utf-8"))
    return config.shop(named["shop_id"])


def _stage(hub: OwnHub, shop: Shop, clock: Clock, orders: int, first: int = 1) -> None:
    owner = hub.open_owner()
    given = {"orders": orders, "shop_id": shop.id, "now": clock.now().isoformat()}
    with owner.session() as session:
        size = min(orders, ORDERS_PER_LOAD)
        loads = session.execute(_LOADS, {**given, "platform": shop.platform, "size": size})
        numbered = {**given, "first": first, "first_load": min(loads.scalars())}
        session.execute(text((_FOLDER / "stage.sql").read_text(encoding="utf-8")), numbered)
    owner.close()


def _vacuum(hub: OwnHub) -> None:
    owner = hub.open_owner()
    with owner.session() as session:
        session.exec_driver_sql("vacuum (analyze)")
    owner.close()
