"""Fixtures of the whole suite: one embedded PostgreSQL per worker, one fresh database per test."""

import gc
import itertools
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from sqlalchemy import text

from orderhub.clock import SystemClock
from orderhub.config.located_yaml import nearest
from orderhub.config.parse import parse_config
from orderhub.db.engine import Database
from orderhub.db.migrations import migrate
from orderhub.db.postgres import Server, free_port, open_cluster, running_server
from orderhub.operate.databases import Passwords, create_roles
from orderhub.platforms.spec import platform_names
from orderhub.quality.active import active_suites
from tests.builders import FILES, shops_file

#: The contract's cases assert outside of test files; what they compared is shown all the same.
pytest.register_assert_rewrite(
    *(f"tests.contract.cases_{area}" for area in ("requests", "paging", "trouble", "records", "mapping"))
)
#: A generated example may take long where Airflow starts at the same time.
hypothesis.settings.register_profile("hub", deadline=None)
hypothesis.settings.load_profile("hub")
PASSWORDS = Passwords(owner="owner", app="app", analyst="analyst", pii="pii", airflow="airflow")
TEMPLATE = "template_hub"
#: A test server may lose everything in a crash of the machine; a hub's never does.
FAST = {
    "fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "shared_buffers": "64MB",
    "scram_iterations": "1", "max_connections": "300",
}  # fmt: skip
#: Making and deleting a database is thousands of small files: a disk takes four times as long as memory.
IN_MEMORY = Path("/dev/shm")
ROOM_BYTES = 4 * 2**30
_numbers = itertools.count(1)
_left: list[str] = []


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--slow`, full sizes and many seeds, and `--platform`, the contract of one connector."""
    parser.addoption("--slow", action="store_true", help="also run the tests marked slow")
    parser.addoption("--platform", metavar="NAME", help="run the tests of this platform's connector only")


def pytest_configure(config: pytest.Config) -> None:
    """Refuse a `--platform` that does not exist: nothing run must not look like nothing broken."""
    name = config.getoption("--platform")
    if name is not None and name not in platform_names():
        pytest.exit(f"platform {name!r} does not exist; {nearest(name, platform_names())}", returncode=2)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip what is marked slow unless `--slow` is given; with several workers, each has Airflow to start."""
    workers = getattr(config, "workerinput", {"workercount": 1})["workercount"]
    if workers > 1:
        items[:] = _led_by_airflow(items, workers)
    if config.getoption("--slow"):
        return
    for item in items:
        if item.get_closest_marker("slow"):
            item.add_marker(pytest.mark.skip(reason="slow; run with --slow"))


def pytest_collection_finish() -> None:
    """Leave what was collected to itself: looking for garbage in thousands of tests takes a tenth of the time."""
    gc.freeze()


def _led_by_airflow(items: list[pytest.Item], workers: int) -> list[pytest.Item]:
    """Put the modules that start Airflow, in turn, at the heads of the workers' shares.

    They take minutes and wait for much of it, so that the last thing to end would be they. `worksteal` gives
    each worker an equal run of the list, and another steals from the end of it.
    """
    modules: dict[str, list[pytest.Item]] = {}
    rest: list[pytest.Item] = []
    for item in items:
        module = item.nodeid.partition("::")[0]
        (modules.setdefault(module, []) if item.get_closest_marker("airflow") else rest).append(item)
    heads = [list(itertools.chain(*list(modules.values())[worker::workers])) for worker in range(workers)]
    ordered: list[pytest.Item] = []
    for worker, head in enumerate(heads):
        share = (len(items) - len(ordered)) // (workers - worker) - len(head)
        ordered += [*head, *rest[: max(share, 0)]]
        rest = rest[max(share, 0) :]
    return ordered + rest


@pytest.fixture(scope="session")
def postgres_folder() -> Iterator[Path]:
    """A folder for this worker's PostgreSQL, in memory where there is room."""
    is_roomy = IN_MEMORY.is_dir() and shutil.disk_usage(IN_MEMORY).free >= ROOM_BYTES
    with tempfile.TemporaryDirectory(prefix="orderhub-tests-", dir=IN_MEMORY if is_roomy else None) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def server(postgres_folder: Path) -> Iterator[Server]:
    """A PostgreSQL of this worker, with the migrated database `template_hub`."""
    folder = postgres_folder
    cluster = open_cluster(folder / "cluster", durable=False)
    with running_server(cluster, free_port(), folder / "postgres.log", FAST) as running:
        _make_template(running)
        yield running


def _make_template(running: Server) -> None:
    admin = Database(running.url("postgres"), "tests")
    create_roles(admin, PASSWORDS)
    create_database(admin, TEMPLATE, "template1")
    admin.close()
    owner = Database(running.url(TEMPLATE, "orderhub_owner", PASSWORDS.owner), "tests")
    migrate(owner, SystemClock())
    with owner.engine.begin() as connection:
        # Proving the shipped suites is a tenth of a short test; active they are not.
        active_suites(connection, SystemClock(), parse_config({**FILES, "shops.yaml": shops_file()}))
        connection.execute(text("update ops.suite_versions set is_active = false"))
    owner.close()


def create_database(admin: Database, name: str, template: str = TEMPLATE) -> None:
    """Make a database of the owner; copying the files costs a fifth of writing their pages to the log."""
    with admin.session() as session:
        session.execute(
            text(f"create database {name} template {template} strategy file_copy owner orderhub_owner")
        )


def drop_database(admin: Database, name: str) -> None:
    """Drop what was left to drop before, and leave this one for the next time.

    Its sessions are still ending, and the server would sleep a tenth of a second on them.
    """
    for left in _left:
        with admin.session() as session:
            session.execute(text(f"drop database {left} with (force)"))
    _left[:] = [name]


@pytest.fixture(scope="session")
def admin(server: Server) -> Iterator[Database]:
    """The worker's server as its superuser."""
    opened = Database(server.url("postgres"), "tests")
    yield opened
    opened.close()


@pytest.fixture
def database_name(admin: Database) -> Iterator[str]:
    """Name of a fresh, migrated, empty database of this test alone."""
    name = f"test_{next(_numbers)}"
    create_database(admin, name)
    yield name
    drop_database(admin, name)


@pytest.fixture
def database(server: Server, database_name: str) -> Iterator[Database]:
    """The fresh database as role orderhub_app, as tasks see it."""
    opened = Database(server.url(database_name, "orderhub_app", PASSWORDS.app), "tests")
    yield opened
    opened.close()


@pytest.fixture
def owner(server: Server, database_name: str) -> Iterator[Database]:
    """The same fresh database as role orderhub_owner: for arranging what the application may not."""
    opened = Database(server.url(database_name, "orderhub_owner", PASSWORDS.owner), "tests")
    yield opened
    opened.close()


@pytest.fixture
def analyst(server: Server, database_name: str) -> Iterator[Database]:
    """The same fresh database as role orderhub_analyst: read-only, no personal data."""
    opened = Database(server.url(database_name, "orderhub_analyst", PASSWORDS.analyst), "tests")
    yield opened
    opened.close()
