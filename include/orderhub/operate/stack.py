"""Starts everything a hub consists of, in the order that is ready soonest."""

import json
import os
import sys
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from signal import SIGINT

from orderhub.clock import Clock
from orderhub.db.engine import Database
from orderhub.db.migrations import migrate
from orderhub.db.postgres import end_leftover, open_cluster, server_command, wait_until_ready
from orderhub.errors import ConfigError
from orderhub.operate.airflow_api import AirflowApi
from orderhub.operate.airflow_env import COMPONENTS, airflow_environment
from orderhub.operate.databases import Passwords, create_databases, create_roles
from orderhub.operate.home import Home, Memory, write_private
from orderhub.operate.outside import ALL_LIVES, Outside, plain_environment
from orderhub.operate.ports import LOOPBACK, Ports
from orderhub.operate.supervisor import Service, Supervisor
from orderhub.operate.voice import Voice

_HEALTH_SECONDS = 180.0


@dataclass(frozen=True)
class Addresses:
    """Where the databases are, one URL per role.

    Attributes:
        app: the hub's database as orderhub_app.
        owner: the same as orderhub_owner.
        analyst: the same as orderhub_analyst; empty with a server of the user's own.
        airflow: Airflow's own database.
        embedded: the hub runs the server itself.
    """

    app: str
    owner: str
    analyst: str
    airflow: str
    embedded: bool


@dataclass(frozen=True)
class Stack:
    """One hub that is being started or runs.

    Attributes:
        root: the checkout.
        home: its state.
        memory: ports, keys, seed.
        voice: speaks to the terminal.
        supervisor: runs the processes.
        clock: the time.
        sandboxed: the outside world is the sandbox; without login.
    """

    root: Path
    home: Home
    memory: Memory
    voice: Voice
    supervisor: Supervisor
    clock: Clock
    sandboxed: bool

    @property
    def ports(self) -> Ports:
        """Return the ports of this hub."""
        return Ports(self.memory.port)

    @property
    def outside(self) -> Outside:
        """Return the sandbox of this hub."""
        return Outside(self.root, self.ports.sandbox, self.ports.smtp, self.memory.seed)

    @property
    def api(self) -> AirflowApi:
        """Return its Airflow."""
        return AirflowApi(self.ports.airflow, self.memory.admin, self.clock)

    def service(self, name: str, *command: str, **extra: str) -> Service:
        """Return a Python process of this hub: `python -m <command>` with the hub's environment."""
        environment = {**plain_environment(), **extra, "ORDERHUB_HOME": str(self.home.root)}
        return Service(name, [sys.executable, "-m", *command], environment, self.root)


def start_stack(stack: Stack) -> Addresses:
    """Start database, sandbox and Airflow, migrate both databases, and return when all answer.

    Raises:
        EnvironmentFault: a process did not get ready; the message quotes its log.
        ConfigError: `ORDERHUB_DATABASE_URL` is set without its two companions.
    """
    addresses = _start_database(stack)
    if stack.sandboxed:
        _start_sandbox(stack)
    _write_files(stack, addresses)
    airflow = airflow_environment(
        stack.root, stack.home, stack.memory, addresses.airflow, open_to_all=stack.sandboxed
    )
    _migrate(stack, addresses, airflow)
    for name, arguments in COMPONENTS.items():
        stack.supervisor.start(stack.service(name, "airflow", *arguments, **airflow))
    if stack.sandboxed:
        _wait_for_sandbox(stack)
    return addresses


def wait_until_healthy(stack: Stack) -> None:
    """Return once Airflow's API, scheduler and DAG processor report themselves healthy.

    Raises:
        EnvironmentFault: not within three minutes.
    """
    stack.supervisor.wait_for(stack.api.is_healthy, "api-server", _HEALTH_SECONDS)


def _start_database(stack: Stack) -> Addresses:
    given = _given_addresses()
    if given is not None:
        stack.voice.say("使用外部 PostgreSQL", "using your PostgreSQL")
        return given
    cluster = open_cluster(stack.home.postgres)
    end_leftover(cluster)
    port = stack.ports.postgres
    command = server_command(cluster, port)
    log = stack.supervisor.log_file("postgres")
    process = stack.supervisor.start(Service("postgres", command, os.environ, Path("/"), SIGINT))
    wait_until_ready(cluster, process, log)
    memory = stack.memory
    admin = Database(f"postgresql://postgres:{cluster.password}@{LOOPBACK}:{port}/postgres", "hub")
    create_roles(admin, Passwords(memory.owner, memory.app, memory.analyst, memory.pii, memory.airflow))
    create_databases(admin)
    admin.close()
    stack.voice.say(f"PostgreSQL 已启动(端口 {port})", f"PostgreSQL answers on port {port}")
    where = f"@{LOOPBACK}:{port}"
    return Addresses(
        app=f"postgresql://orderhub_app:{memory.app}{where}/orderhub",
        owner=f"postgresql://orderhub_owner:{memory.owner}{where}/orderhub",
        analyst=f"postgresql://orderhub_analyst:{memory.analyst}{where}/orderhub",
        airflow=f"postgresql://airflow:{memory.airflow}{where}/airflow",
        embedded=True,
    )


def _given_addresses() -> Addresses | None:
    names = ("ORDERHUB_DATABASE_URL", "ORDERHUB_OWNER_URL", "ORDERHUB_AIRFLOW_DATABASE_URL")
    given = [os.environ.get(name, "") for name in names]
    if not given[0]:
        return None
    missing = [name for name, value in zip(names, given, strict=True) if not value]
    if missing:
        raise ConfigError(
            f"ORDERHUB_DATABASE_URL is set without {' and '.join(missing)}; set all three, "
            "or none of them to use the embedded PostgreSQL"
        )
    analyst = os.environ.get("ORDERHUB_ANALYST_URL", "")
    return Addresses(given[0], given[1], analyst, given[2], embedded=False)


def _start_sandbox(stack: Stack) -> None:
    arguments = stack.outside.serving(stack.memory.orders, ALL_LIVES)
    stack.supervisor.start(stack.service("sandbox", *arguments, "--state-dir", str(stack.home.sandbox)))


def _wait_for_sandbox(stack: Stack) -> None:
    stack.supervisor.wait_for(stack.outside.answers, "sandbox", 60)
    stack.voice.say("沙箱平台与邮箱已就绪", "the sandbox's platforms and mailbox answer")


def _write_files(stack: Stack, addresses: Addresses) -> None:
    """Write what tasks and the command line read: settings, connections, Airflow's password."""
    settings = {
        "connections": str(stack.home.connections),
        "hash_key": stack.memory.hash_key,
        "token_key": stack.memory.token_key,
        "airflow_url": f"http://{LOOPBACK}:{stack.ports.airflow}",
    }
    if addresses.embedded:
        settings |= {
            "database_url": addresses.app,
            "owner_url": addresses.owner,
            "analyst_url": addresses.analyst,
        }
    if "ORDERHUB_CONFIG" in os.environ:
        settings["config"] = str(Path(os.environ["ORDERHUB_CONFIG"]).absolute())
    write_private(stack.home.settings, settings)
    write_private(stack.home.airflow / "passwords.json", {"admin": stack.memory.admin})
    file = stack.home.connections
    known = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    write_private(file, {**known, **(stack.outside.connections() if stack.sandboxed else {})})


def _migrate(stack: Stack, addresses: Addresses, airflow: dict[str, str]) -> None:
    """Migrate both databases side by side; Airflow's only when its version changed (it takes seconds)."""
    installed = version("apache-airflow-core")
    outdated = stack.memory.airflow_version != installed
    service = stack.service("airflow-migrate", "airflow", "db", "migrate", **airflow)
    process = stack.supervisor.begin(service) if outdated else None
    owner = Database(addresses.owner, "hub")
    applied = migrate(owner, stack.clock)
    owner.close()
    if applied:
        stack.voice.say(f"数据库结构已更新({len(applied)} 步)", f"schemas migrated ({len(applied)} steps)")
    if process is not None:
        stack.supervisor.finish(service, process)
        stack.home.remember(stack.memory.model_copy(update={"airflow_version": installed}))
        stack.voice.say("Airflow 数据库已就绪", "Airflow's database is migrated")
