"""Ctrl-C, `kill` and a time limit end a long statement: here, and on the server."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from orderhub import paths
from orderhub.clock import SystemClock
from orderhub.config.store import apply_directory
from orderhub.db.engine import Database
from orderhub.db.interrupts import ending_statements
from orderhub.db.leases import hold_scope
from orderhub.db.migrations import _ADVISORY_LOCK
from orderhub.operate.ports import suggest_base
from tests.integration.long_statements import LONG, PROGRAMS
from tests.integration.waiting import wait_until

BUSY = """exists (
    select from pg_stat_activity
    where application_name like '%:{pid}' and state = 'active' and clock_timestamp() > query_start + '50 ms')"""
AT_ONCE_SECONDS = 2
#: What a shell runs in its background is deaf to Ctrl-C, and so are its children: tests, too.
PYTHON = ["env", "--default-signal=INT", sys.executable]
Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(database: Database, owner: Database, admin: Database) -> Iterator[Start]:
    """Start a Python program, and return once the server is busy for it."""
    processes: list[subprocess.Popen[str]] = []
    url = database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    owner_url = owner.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    environment = {
        **os.environ,
        "ORDERHUB_DATABASE_URL": url,
        "ORDERHUB_OWNER_URL": owner_url,
        "ORDERHUB_AIRFLOW_DATABASE_URL": owner_url,
        "ORDERHUB_HASH_KEY": "test",
    }

    def started(*arguments: str) -> subprocess.Popen[str]:
        command = [*PYTHON, "-m", *arguments]
        process = subprocess.Popen(
            command, cwd=paths.project_root(), env=environment, stderr=subprocess.PIPE, text=True
        )
        processes.append(process)
        wait_until(admin, BUSY.format(pid=process.pid))
        return process

    yield started
    for process in processes:
        process.kill()
        process.wait()
        process.stderr.close()


@pytest.fixture
def program(start: Start, database: Database) -> Callable[[str], subprocess.Popen[str]]:
    url = database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    return lambda name: start("tests.integration.long_statements", name, url)


def ended(process: subprocess.Popen[str], number: signal.Signals) -> int:
    """Send a signal, and return the exit code, within two seconds."""
    process.send_signal(number)
    return process.wait(AT_ONCE_SECONDS)


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_statement_of_a_stopped_program_ends_on_the_server_too(
    program: Start, admin: Database, name: str, number: signal.Signals
):
    process = program(name)

    assert ended(process, number) in (-signal.SIGINT, 128 + signal.SIGTERM)
    wait_until(admin, f"not {BUSY.format(pid=process.pid)}")
    assert "DatabaseFault" not in process.stderr.read()


def test_transaction_of_a_stopped_program_leaves_nothing_and_frees_its_lease(
    program: Start, database: Database
):
    ended(program("writing"), signal.SIGINT)

    with hold_scope(database, "stopped"), database.read() as connection:
        assert connection.execute(text("select scope from ops.leases")).scalars().all() == ["stopped"]


def test_server_notices_within_seconds_that_a_program_was_killed(program: Start, admin: Database):
    process = program("writing")

    process.kill()

    wait_until(admin, f"not {BUSY.format(pid=process.pid)}")


def test_time_limit_holds_in_a_long_statement(database: Database):
    def over(_number: int, _frame: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, over)
    began = time.monotonic()
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        with (
            pytest.raises(TimeoutError),
            ending_statements(signal.SIGALRM),
            database.read() as connection,
        ):
            connection.execute(LONG)
    finally:
        signal.signal(signal.SIGALRM, before)

    assert time.monotonic() - began < AT_ONCE_SECONDS


def test_handlers_are_as_before_when_the_block_ends():
    before = signal.getsignal(signal.SIGINT), signal.set_wakeup_fd(-1)

    with ending_statements(signal.SIGINT):
        pass

    assert (signal.getsignal(signal.SIGINT), signal.set_wakeup_fd(-1)) == before


def test_database_works_on_after_an_interrupt(database: Database):
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        with ending_statements(signal.SIGALRM):
            signal.setitimer(signal.ITIMER_REAL, 0.2)
            with pytest.raises(KeyboardInterrupt), database.read() as connection:
                connection.execute(LONG)
            with database.read() as connection:
                assert connection.execute(text("select 1")).scalar_one() == 1
    finally:
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("number, code", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_command_in_a_long_statement_is_gone_within_two_seconds_and_says_what_is_kept(
    start: Start, owner: Database, admin: Database, number: signal.Signals, code: int
):
    with owner.engine.begin() as other:
        other.execute(text("lock table core.orders in access exclusive mode"))
        process = start("orderhub.cli", "verify")

        assert ended(process, number) == code

    wait_until(admin, f"not {BUSY.format(pid=process.pid)}")
    assert "repeat the command to go on" in process.stderr.read()


def test_task_in_a_long_statement_ends_when_airflow_asks(start: Start, database: Database, tmp_path: Path):
    apply_directory(database, SystemClock(), paths.shipped_config_directory(), tmp_path, "test")
    process = start("tests.integration.killed_task")

    assert ended(process, signal.SIGTERM) == 128 + signal.SIGTERM


def test_hub_that_waits_for_another_migrator_stops_at_ctrl_c(
    start: Start, owner: Database, admin: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    with owner.session() as other:
        other.exec_driver_sql(f"select pg_advisory_lock({_ADVISORY_LOCK})")
        process = start(
            "orderhub.operate.launch", "up", "--home", str(tmp_path), "--port", str(suggest_base(27000))
        )

        assert ended(process, signal.SIGINT) == 130


PRESS = "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n"
STOPPED = (130, "", "\n已停止 / stopped\n")


def run_pressed(folder: Path, command: list[str]) -> tuple[int, str, str]:
    """Run a command that loads modules of `folder` first; return its exit code and what it said."""
    done = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": str(folder)}, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    ("module", "command"),
    [
        ("structlog", [*PYTHON, "-m", "orderhub.command", "verify"]),
        ("sqlalchemy", [*PYTHON, "-m", "orderhub.command", "demo"]),
        ("argparse", [*PYTHON, str(paths.project_root() / "hub"), "verify"]),
    ],
)
def test_ctrl_c_while_a_command_is_still_loading_ends_it_with_a_word(
    tmp_path: Path, module: str, command: list[str]
):
    """A module that is loaded early presses Ctrl-C."""
    (tmp_path / f"{module}.py").write_text(PRESS, encoding="utf-8")

    assert run_pressed(tmp_path, command) == STOPPED


def test_ctrl_c_while_python_starts_is_heard_by_the_first_line(tmp_path: Path):
    (tmp_path / "sitecustomize.py").write_text(PRESS, encoding="utf-8")

    command = [*PYTHON[:-1], "--block-signal=INT", PYTHON[-1], "-m", "orderhub.command", "verify"]  # as ./hub
    assert run_pressed(tmp_path, command) == STOPPED


def test_ctrl_c_is_not_heard_by_a_command_in_the_background(tmp_path: Path):
    (tmp_path / "structlog.py").write_text(f"{PRESS}raise SystemExit(7)\n", encoding="utf-8")

    command = ["env", "--ignore-signal=INT", sys.executable, "-m", "orderhub.command", "verify"]
    assert run_pressed(tmp_path, command) == (7, "", "")


def test_ctrl_c_after_a_command_is_done_loses_nothing_of_what_it_said(tmp_path: Path):
    late = "import atexit, os, signal\natexit.register(lambda: os.kill(os.getpid(), signal.SIGINT))\n"
    (tmp_path / "sitecustomize.py").write_text(late, encoding="utf-8")

    code, shown, said = run_pressed(tmp_path, [*PYTHON, "-m", "orderhub.command", "--help"])

    assert (code, "verify" in shown, said) == (130, True, STOPPED[2])
