"""Races the hub's pull against a bare loop and against dlt: same server, same PostgreSQL, same run.

The racers are the programs of `examples/pull_benchmark/`, each a process of its own; they take turns.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import requests

from orderhub import paths
from orderhub.clock import Clock
from orderhub.db.engine import Database
from orderhub.db.migrations import migrate
from orderhub.db.postgres import Server, free_port, open_cluster, running_server
from orderhub.errors import EnvironmentFault
from orderhub.guard import Guard
from orderhub.operate.databases import Passwords, create_roles
from orderhub.operate.ports import LOOPBACK

_FOLDER = paths.project_root() / "examples" / "pull_benchmark"
PASSWORDS = Passwords(owner="owner", app="app", analyst="analyst", pii="pii", airflow="airflow")
#: The sandbox makes 3,000 orders a second before it answers.
READY_WITHIN_S = 300
Say = Callable[[str], None]


@dataclass(frozen=True)
class Lap:
    """One racer's run: orders, seconds, peak memory of its process in MiB."""

    orders: int
    seconds: float
    peak_mib: float

    @property
    def rate(self) -> float:
        """Return orders per second."""
        return self.orders / self.seconds


@dataclass
class Race:
    """All laps by racer."""

    laps: dict[str, list[Lap]] = field(default_factory=dict)

    def rate(self, racer: str) -> float:
        """Return the median of a racer's orders per second."""
        return statistics.median(lap.rate for lap in self.laps[racer])

    def peak_mib(self, racer: str) -> float:
        """Return the highest memory of a racer's laps, MiB."""
        return max(lap.peak_mib for lap in self.laps[racer])


@dataclass(frozen=True)
class Track:
    """What every racer is handed."""

    server: Server
    given: list[str]


def race_pulls(clock: Clock, orders: int, rounds: int, dlt_python: Path | None, say: Say) -> Race:
    """Pull `orders` orders of the sandbox's list-complete shop with each racer in turn, `rounds` times.

    Args:
        clock: says until when the shop is read.
        orders: size of the sandbox's world.
        rounds: laps of each racer.
        dlt_python: the Python of an environment that has dlt; None leaves it out.
        say: receives progress.

    Raises:
        EnvironmentFault: server, sandbox or a racer failed.
    """
    race = Race()
    with tempfile.TemporaryDirectory() as folder, _track(clock, orders, Path(folder), say) as track:
        racers = ["drain", "bare_loop", "hub_pull", *(["dlt_source"] if dlt_python else [])]
        _lap("drain", track, sys.executable, 0)  # The sandbox writes each order once; nobody pays for that.
        for number in range(1, rounds + 1):
            for racer in racers:
                python = str(dlt_python) if racer == "dlt_source" else sys.executable
                lap = _lap(racer, track, python, number)
                race.laps.setdefault(racer, []).append(lap)
                figures = f"{lap.rate:,.0f} /s, {lap.seconds:.1f} s, {lap.peak_mib:.0f} MiB"
                say(f"{number}/{rounds} {racer}: {figures}")
    return race


@contextmanager
def _track(clock: Clock, orders: int, folder: Path, say: Say) -> Iterator[Track]:
    """Yield a fresh server and a sandbox with `orders` orders."""
    cluster = open_cluster(folder / "cluster")
    ports = free_port(), free_port()
    with running_server(cluster, free_port(), folder / "postgres.log") as server, Guard() as guard:
        create_roles(admin := Database(server.url("postgres"), "bench"), PASSWORDS)
        admin.close()
        say(f"沙箱生成 {orders} 单 / the sandbox makes {orders} orders …")
        options = ["--http-port", str(ports[0]), "--smtp-port", str(ports[1]), "--shops", _shop()["shop"]]
        world = [*options, "--orders", str(orders), "--trickle", "0"]
        with (folder / "sandbox.log").open("ab") as log:
            process = subprocess.Popen(  # noqa: S603 - our own program and arguments
                [sys.executable, "-m", "sandbox", *world], cwd=paths.project_root(), stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        guard.watch(process)
        _wait_for(ports[0], process, folder / "sandbox.log")
        yield Track(server, _given(clock, ports))


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if requests.get(f"http://{LOOPBACK}:{port}/admin/state", timeout=5).ok:
                return
        except requests.RequestException:
            time.sleep(0.2)
    words = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
    raise EnvironmentFault(f"the sandbox did not start: {' '.join(words) or 'it said nothing'}")


def _given(clock: Clock, ports: tuple[int, int]) -> list[str]:
    """Return the options of every racer, except for the database."""
    shop = _shop()
    options = ["--http-port", str(ports[0]), "--smtp-port", str(ports[1]), "--shops", shop["shop"]]
    said = subprocess.run(  # noqa: S603 - our own program and arguments
        [sys.executable, "-m", "sandbox", "connections", *options],
        cwd=paths.project_root(), capture_output=True, check=True,
    ).stdout  # fmt: skip
    account = json.loads(said)[shop["connection"]]
    until = clock.now() + timedelta(minutes=1)
    window = {"since": int((until - timedelta(days=2)).timestamp()), "until": int(until.timestamp())}
    token = account["extra"]["access_token"]
    named = {"base": account["host"], "key": account["login"], "secret": account["password"], "token": token}
    return [text for name, value in {**named, **window}.items() for text in (f"--{name}", str(value))]


def _shop() -> dict[str, str]:
    """Return which shop of the sandbox the racers read: they speak its platform's protocol."""
    said: dict[str, str] = json.loads((_FOLDER / "shop.json").read_text(encoding="utf-8"))
    return said


def _lap(racer: str, track: Track, python: str, number: int) -> Lap:
    """Run one racer on a database of its own and return what it reports."""
    url = _fresh_database(track.server, f"{racer}_{number}", is_hub=racer == "hub_pull")
    program = _FOLDER / f"{racer}.py"
    done = subprocess.run(  # noqa: S603 - our own program and arguments
        [python, str(program), *track.given, "--dsn", url], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        words = done.stderr.strip().splitlines()[-1:] or ["it said nothing"]
        raise EnvironmentFault(f"{racer} ended with {done.returncode}: {words[0]}")
    return Lap(**json.loads(done.stdout.strip().splitlines()[-1]))


def _fresh_database(server: Server, name: str, *, is_hub: bool) -> str:
    from orderhub.clock import SystemClock

    admin = Database(server.url("postgres"), "bench")
    with admin.session() as session:
        session.exec_driver_sql(f'drop database if exists "{name}" with (force)')
        session.exec_driver_sql(f'create database "{name}" owner orderhub_owner')
    admin.close()
    if not is_hub:
        return server.url(name)
    owner = Database(server.url(name, "orderhub_owner", PASSWORDS.owner), "bench")
    migrate(owner, SystemClock())
    owner.close()
    return server.url(name, "orderhub_app", PASSWORDS.app)
