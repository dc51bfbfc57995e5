"""Measures a running demo: what it costs to idle, and how long a tick takes. `./hub bench idle|tick`."""

import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import requests
from sqlalchemy import text

from orderhub.clock import Clock
from orderhub.db.engine import Database
from orderhub.errors import EnvironmentFault
from orderhub.operate.airflow_api import AirflowApi
from orderhub.operate.home import Home, Memory
from orderhub.operate.ports import LOOPBACK, Ports
from orderhub.operate.processes import cpu_seconds, descendants, pss_mib

_PROGRESS = text("""
    select
        count(*) as orders,
        count(*) filter (where o.gate = 'ship' and d.order_id is null and h.order_id is null) as waiting,
        (select min(committed_at) from ops.loads where committed_at >= :since and staged_count > 0)
            as first_page,
        (select max(reserved_at) from core.reservations where reserved_at >= :since) as last_reserved
    from core.orders as o
    left join core.routing_decisions as d using (order_id)
    left join (select distinct order_id from core.holds where state = 'active') as h using (order_id)
    where o._seen_at >= :since""")
Say = Callable[[str], None]


@dataclass(frozen=True)
class IdleCost:
    """What all processes of a hub cost while nothing happens.

    Attributes:
        processes: how many.
        pss_mib: proportional set size, MiB, by kind of process.
        core_share: CPU time ÷ wall time; 1.0 is one core.
        seconds: how long it was watched.
    """

    processes: int
    pss_mib: dict[str, float]
    core_share: float
    seconds: float

    @property
    def total_mib(self) -> float:
        """Return the sum, MiB."""
        return sum(self.pss_mib.values())


@dataclass(frozen=True)
class Tick:
    """One tick through the real scheduler.

    Attributes:
        orders: orders that were new.
        first_page_to_reserved: seconds from the first page's commit to the last reservation.
        trigger_to_reserved: seconds from triggering extract_taobao to the last reservation.
    """

    orders: int
    first_page_to_reserved: float
    trigger_to_reserved: float


def running_hub(home: Home) -> tuple[int, Memory]:
    """Return the process id and the memory of the hub that runs on `home`.

    Raises:
        EnvironmentFault: none does.
    """
    memory = home.recall()
    try:
        pid = int((home.root / "hub.pid").read_text(encoding="ascii"))
        os.kill(pid, 0)
    except (OSError, ValueError):
        pid = 0
    if memory is None or pid == 0:
        raise EnvironmentFault(f"no hub runs on {home.root}; start `./hub demo` in another terminal first")
    return pid, memory


def measure_idle(home: Home, seconds: float) -> IdleCost:
    """Watch every process of the running hub for `seconds`.

    Raises:
        EnvironmentFault: no hub runs on this home.
    """
    pid, _ = running_hub(home)
    before, started = cpu_seconds(descendants(pid)), time.monotonic()
    time.sleep(seconds)
    family = descendants(pid)
    elapsed = time.monotonic() - started
    used = sum(after - before.get(p, 0.0) for p, after in cpu_seconds(family).items())
    by_kind: dict[str, float] = {}
    for process in family:
        kind = _kind(process)
        by_kind[kind] = by_kind.get(kind, 0.0) + pss_mib(process)
    return IdleCost(len(family), by_kind, used / elapsed, elapsed)


def measure_ticks(
    home: Home, database: Database, clock: Clock, orders: int, rounds: int, say: Say
) -> list[Tick]:
    """Place `orders` new orders in the sandbox, pull them by the real scheduler, and time it; `rounds` times.

    Raises:
        EnvironmentFault: no hub runs on this home, or the orders are not reserved within three minutes.
    """
    _, memory = running_hub(home)
    ports = Ports(memory.port)
    api = AirflowApi(ports.airflow, memory.admin, clock)
    ticks = []
    for number in range(1, rounds + 1):
        placed = requests.post(
            f"http://{LOOPBACK}:{ports.sandbox}/admin/place",
            json={"n": orders, "shop": "tb_flagship"},
            timeout=60,
        )
        placed.raise_for_status()
        say(f"{number}/{rounds}: {orders} 单已下,等待平台的可见延迟 / placed, waiting for the platform's lag")
        time.sleep(65)
        ticks.append(_tick(api, database, clock, orders))
        say(f"{number}/{rounds}: {ticks[-1].first_page_to_reserved:.1f} s")
    return ticks


def median_seconds(ticks: list[Tick]) -> float:
    """Return the median of first page → reserved, seconds."""
    return statistics.median(tick.first_page_to_reserved for tick in ticks)


def _tick(api: AirflowApi, database: Database, clock: Clock, orders: int) -> Tick:
    triggered = clock.now()
    api.trigger("extract_taobao")
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        row = _progress(database, triggered)
        if row["orders"] >= orders * 0.9 and row["waiting"] == 0 and row["last_reserved"]:
            return Tick(
                row["orders"],
                (row["last_reserved"] - row["first_page"]).total_seconds(),
                (row["last_reserved"] - triggered).total_seconds(),
            )
        time.sleep(0.2)
    raise EnvironmentFault(f"the tick of {orders} orders did not end within 180 s; look at the Airflow UI")


def _progress(database: Database, since: datetime) -> dict[str, Any]:
    """Count the orders that came since: how many, how many still wait for routing, first and last instant."""
    with database.read() as connection:
        return dict(connection.execute(_PROGRESS, {"since": since}).mappings().one())


def _kind(process: int) -> str:
    try:
        command = Path(f"/proc/{process}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return "ended"
    for kind in ("api-server", "api_server", "scheduler", "dag-processor", "sandbox", "postgres", "airflow"):
        if kind in command:
            return kind.replace("_", "-")
    return "hub"
