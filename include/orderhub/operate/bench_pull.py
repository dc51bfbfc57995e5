"""Races the hub's pull against a bare loop and against dlt: same server, same PostgreSQL, same run.

The racers are the programs of `examples/pull_benchmark/`, each a process of its own; they take turns, and
what is compared is the laps of one round. Which shop they read stands in a file beside them.
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
from sqlalchemy import text

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
_SHOP = "_orders"
PASSWORDS = Passwords(owner="owner", app="app", analyst="analyst", pii="pii", airflow="airflow")
#: The sandbox makes 3,000 orders a second before it answers.
READY_WITHIN_S = 300
Say = Callable[[str], None]


@dataclass(frozen=True)
class Lap:
    """One racer's run.

    Attributes:
        orders: how many it stored, or read when it stores none.
        seconds: for all of them.
        peak_mib: highest memory of its process, and of its greatest child.
        bytes_read: length of all answers; only of the one that counts them.
        again_seconds: for the same windows once more; only of the one that does it.
        again_staged: rows that this second time stored.
        table_mib: what its database has on disk afterwards.
    """

    orders: int
    seconds: float
    peak_mib: float
    bytes_read: int = 0
    again_seconds: float = 0
    again_staged: int = 0
    table_mib: float = 0

    @property
    def rate(self) -> float:
        """Return orders per second."""
        return self.orders / self.seconds


@dataclass
class Race:
    """All laps by racer; lap `n` of one was run beside lap `n` of the others."""

    laps: dict[str, list[Lap]] = field(default_factory=dict)

    def rate(self, racer: str) -> float:
        """Return the median of a racer's orders per second."""
        return statistics.median(lap.rate for lap in self.laps[racer])

    def peak_mib(self, racer: str) -> float:
        """Return the highest memory of a racer's laps, MiB."""
        return max(lap.peak_mib for lap in self.laps[racer])

    def ratios(self, racer: str, other: str) -> list[float]:
        """Return a racer's speed over another's, round by round: the machine's mood is the same in both."""
        pairs = zip(self.laps[racer], self.laps[other], strict=True)
        return [mine.rate / theirs.rate for mine, theirs in pairs]

    def again(self, racer: str) -> list[float]:
        """Return the time of the second pull of the same data over the first's, round by round."""
        return [lap.again_seconds / lap.seconds for lap in self.laps[racer]]


@dataclass(frozen=True)
class Track:
    """What every racer is handed."""

    server: Server
    given: list[str]


def shops() -> list[str]:
    """Return the names of the shops that can be raced on; each is a file beside the racers."""
    return sorted(file.stem.removesuffix(_SHOP) for file in _FOLDER.glob(f"*{_SHOP}.json"))


def race_pulls(clock: Clock, shop: str, orders: int, rounds: int, dlt_python: Path | None, say: Say) -> Race:
    """Pull `orders` orders of a list-complete shop of the sandbox with each racer in turn, `rounds` times.

    Args:
        clock: says until when the shop is read.
        shop: one of `shops()`.
        orders: size of the sandbox's world.
        rounds: laps of each racer.
        dlt_python: the Python of an environment that has dlt; None leaves it out.
        say: receives progress.

    Raises:
        EnvironmentFault: there is no such shop; server, sandbox or a racer failed; one missed an order.
    """
    race = Race()
    read = _shop(shop)
    with tempfile.TemporaryDirectory() as folder, _track(clock, read, orders, Path(folder), say) as track:
        racers = ["drain", "bare_loop", "hub_pull", *(["dlt_source"] if dlt_python else [])]
        _lap("drain", track, sys.executable, 0)  # The sandbox writes each order once; nobody pays for that.
        for number in range(1, rounds + 1):
            for racer in racers:
                python = str(dlt_python) if racer == "dlt_source" else sys.executable
                lap = _lap(racer, track, python, number)
                if lap.orders != orders:
                    raise EnvironmentFault(f"{racer} has {lap.orders} orders, the shop {orders}")
                race.laps.setdefault(racer, []).append(lap)
                say(f"{number}/{rounds} {racer}: {_figures(lap)}")
    return race


def _figures(lap: Lap) -> str:
    said = f"{lap.rate:,.0f} /s, {lap.seconds:.1f} s, {lap.peak_mib:.0f} MiB"
    if lap.bytes_read:
        said += f", {lap.bytes_read / lap.orders:,.0f} B / order"
    if lap.table_mib:
        said += f", {lap.table_mib:,.0f} MiB on disk"
    if lap.again_seconds:
        said += f"; again {lap.again_seconds:.1f} s, {lap.again_staged} staged"
    return said


@contextmanager
def _track(clock: Clock, shop: dict[str, str], orders: int, folder: Path, say: Say) -> Iterator[Track]:
    """Yield a fresh server and a sandbox with `orders` orders."""
    cluster = open_cluster(folder / "cluster")
    ports = free_port(), free_port()
    with running_server(cluster, free_port(), folder / "postgres.log") as server, Guard() as guard:
        create_roles(admin := Database(server.url("postgres"), "bench"), PASSWORDS)
        admin.close()
        say(f"沙箱生成 {orders} 单 / the sandbox makes {orders} orders …")
        options = ["--http-port", str(ports[0]), "--smtp-port", str(ports[1]), "--shops", shop["shop"]]
        world = [*options, "--orders", str(orders), "--trickle", "0"]
        with (folder / "sandbox.log").open("ab") as log:
            process = subprocess.Popen(  # noqa: S603 - our own program and arguments
                [sys.executable, "-m", "sandbox", *world], cwd=paths.project_root(), stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        guard.watch(process)
        _wait_for(ports[0], process, folder / "sandbox.log")
        yield Track(server, _given(clock, shop, ports))


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


def _given(clock: Clock, shop: dict[str, str], ports: tuple[int, int]) -> list[str]:
    """Return the options of every racer, except for the database."""
    options = ["--http-port", str(ports[0]), "--smtp-port", str(ports[1]), "--shops", shop["shop"]]
    said = subprocess.run(  # noqa: S603 - our own program and arguments
        [sys.executable, "-m", "sandbox", "connections", *options],
        cwd=paths.project_root(), capture_output=True, check=True,
    ).stdout  # fmt: skip
    account = json.loads(said)[shop["connection"]]
    until = clock.now()  # A window that ends later would stay open until then.
    window = {"since": int((until - timedelta(days=2)).timestamp()), "until": int(until.timestamp())}
    token = account.get("extra", {}).get("access_token", "")
    named = {"base": account["host"], "key": account["login"], "secret": account["password"], "token": token}
    whose = {"platform": shop["platform"], "shop": shop["shop"]}
    return [f"--{name}={value}" for name, value in {**whose, **named, **window}.items()]


def _shop(name: str) -> dict[str, str]:
    """Return which shop of the sandbox the racers read, and whose protocol they speak."""
    file = _FOLDER / f"{name}{_SHOP}.json"
    if not file.is_file():
        raise EnvironmentFault(f"there is no shop {name!r} to race on; there are {', '.join(shops())}")
    said: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
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
    said = json.loads(done.stdout.strip().splitlines()[-1])
    return Lap(**said, table_mib=0 if racer == "drain" else _size_mib(url))


def _size_mib(url: str) -> float:
    database = Database(url, "bench")
    statement = text("""
        select sum(pg_total_relation_size(c.oid)) from pg_class c join pg_namespace n on n.oid = relnamespace
        where relkind = 'r' and nspname !~ '^(pg_|information_schema)'""")
    with database.read() as connection:
        size = float(connection.execute(statement).scalar_one())
    database.close()
    return size / (1 << 20)


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
