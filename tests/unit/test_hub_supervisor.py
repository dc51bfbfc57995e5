"""The supervisor restarts what dies and leaves nothing behind, however its owner ends."""

import io
import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from orderhub.errors import EnvironmentFault
from orderhub.guard import Guard, end_sessions
from orderhub.operate.supervisor import Service, Supervisor
from orderhub.operate.voice import Voice

#: A service with a child in a process group of its own, as Airflow's tasks are; tells both numbers.
FAMILY = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(600)"], process_group=0)
print(os.getpid(), child.pid, flush=True)
time.sleep(600)
"""
#: A hub that starts the family under a guard, then is killed.
HUB = f"""
import subprocess, sys, time
from orderhub.guard import Guard
guard = Guard()
family = subprocess.Popen([sys.executable, "-S", "-c", {FAMILY!r}], start_new_session=True)
guard.watch(family)
time.sleep(600)
"""


def _supervisor(folder: Path, guard: Guard, stream: io.StringIO) -> Supervisor:
    return Supervisor(guard, folder, Voice("en", stream))


def _service(name: str, code: str) -> Service:
    return Service(name, [sys.executable, "-S", "-c", code], os.environ, Path("/"))


def _is_gone(pid: int) -> bool:
    try:
        return ") Z " in Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except FileNotFoundError:
        return True


def _ends(pids: list[int]) -> bool:
    """Wait until the kernel says that these processes are gone, half a minute at most."""
    watched = [os.pidfd_open(pid) for pid in pids if not _is_gone(pid)]
    for descriptor in watched:
        if not select.select([descriptor], [], [], 30)[0]:
            return False
        os.close(descriptor)
    return True


def test_killed_owner_leaves_no_process_behind() -> None:
    hub = subprocess.Popen([sys.executable, "-c", HUB], stdout=subprocess.PIPE, text=True)
    family = [int(pid) for pid in hub.stdout.readline().split()]

    hub.kill()
    hub.wait()
    hub.stdout.close()

    assert _ends(family)


def test_closing_the_guard_ends_a_service_with_its_tasks(tmp_path: Path) -> None:
    guard = Guard()
    family = subprocess.Popen(
        [sys.executable, "-S", "-c", FAMILY], stdout=subprocess.PIPE, start_new_session=True
    )
    guard.watch(family)
    pids = [int(pid) for pid in family.stdout.readline().split()]

    guard.close()
    family.stdout.close()

    assert [pid for pid in pids if not _is_gone(pid)] == []


def test_service_that_ignores_the_polite_signal_is_killed() -> None:
    stubborn = (
        "import signal, time; signal.signal(15, signal.SIG_IGN); print('on', flush=True); time.sleep(600)"
    )
    process = subprocess.Popen(
        [sys.executable, "-S", "-c", stubborn], stdout=subprocess.PIPE, start_new_session=True
    )
    process.stdout.readline()

    end_sessions([process.pid], signal.SIGTERM, 0.2)
    process.stdout.close()

    assert process.wait() == -signal.SIGKILL


def test_dead_service_is_restarted_and_said_so(tmp_path: Path) -> None:
    stream = io.StringIO()
    with Guard() as guard:
        supervisor = _supervisor(tmp_path, guard, stream)
        first = supervisor.start(_service("worker", "print('up', flush=True); import time; time.sleep(600)"))
        supervisor.wait_for(lambda: supervisor.log_file("worker").read_text() == "up\n", "worker", 20)

        os.kill(first.pid, signal.SIGKILL)
        supervisor.wait_for(lambda: supervisor.log_file("worker").read_text() == "up\nup\n", "worker", 20)

    assert "worker ended unexpectedly (code -9), restarting in 1 s" in stream.getvalue()


def test_failed_program_is_told_with_its_last_words(tmp_path: Path) -> None:
    with Guard() as guard:
        supervisor = _supervisor(tmp_path, guard, io.StringIO())
        service = _service("migrate", "raise SystemExit('table is locked')")

        with pytest.raises(EnvironmentFault, match="migrate did not get ready: table is locked; log: "):
            supervisor.finish(service, supervisor.begin(service))


def test_missing_program_is_one_sentence(tmp_path: Path) -> None:
    with Guard() as guard:
        supervisor = _supervisor(tmp_path, guard, io.StringIO())

        with pytest.raises(EnvironmentFault, match="cannot be started"):
            supervisor.start(Service("ghost", [str(tmp_path / "ghost")], {}, tmp_path))
