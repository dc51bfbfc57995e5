"""`./hub up` for real: Airflow and PostgreSQL come up on free ports, and nothing outlives the hub."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from orderhub.operate.ports import suggest_base
from tests.family import are_ended, descendants


class RunningHub:
    """A hub in a process of its own, whose lines are read as they come."""

    def __init__(self, home: Path, port: int) -> None:
        self.home = home
        self.port = port
        command = [
            sys.executable,
            "-m",
            "orderhub.operate.launch",
            "up",
            "--home",
            str(home),
            "--port",
            str(port),
        ]
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("ORDERHUB_", "AIRFLOW_"))}
        environment |= {"ORDERHUB_LANGUAGE": "en", "PYTHONUNBUFFERED": "1"}
        self.process = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def read_until(self, words: str) -> list[str]:
        """Return the lines up to the one with `words`; all of them when the hub ends before."""
        lines = []
        for line in self.process.stdout:
            lines.append(line.rstrip())
            if words in line:
                break
        return lines

    def processes(self) -> list[int]:
        return descendants(self.process.pid)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[RunningHub]:
    """A hub that starts now, on free ports and a new home."""
    hub = RunningHub(tmp_path / "home", suggest_base(22000 + os.getpid() % 2000 * 5))
    yield hub
    hub.process.kill()
    hub.process.wait()
    hub.process.stdout.close()


@pytest.mark.airflow
@pytest.mark.slow  # In the usual tier the demo of tests/airflow answers and is stopped.
def test_hub_answers_and_ctrl_c_leaves_nothing_running(running: RunningHub) -> None:
    running.read_until("Ctrl-C stops")
    health = requests.get(f"http://127.0.0.1:{running.port}/api/v2/monitor/health", timeout=30).json()
    processes = running.processes()

    running.process.send_signal(signal.SIGINT)
    last = running.read_until("nothing is running any more")[-1]

    assert health["scheduler"]["status"] == "healthy"
    assert len(processes) > 5
    assert "nothing is running any more" in last
    assert running.process.wait() == 130
    assert are_ended(processes)


@pytest.mark.parametrize(
    "phase", ["PostgreSQL answers", "schemas migrated", "Airflow's database is migrated"]
)
def test_ctrl_c_during_the_start_leaves_nothing_running(running: RunningHub, phase: str) -> None:
    running.read_until(phase)
    processes = running.processes()

    running.process.send_signal(signal.SIGINT)
    running.read_until("nothing is running any more")

    assert running.process.wait() == 130
    assert are_ended(processes)


def test_killed_hub_leaves_nothing_running(running: RunningHub) -> None:
    running.read_until("Airflow's database is migrated")
    processes = running.processes()

    running.process.kill()

    assert are_ended(processes)


def test_second_hub_on_the_same_home_is_refused_in_one_sentence(running: RunningHub) -> None:
    running.read_until("PostgreSQL answers")

    second = RunningHub(running.home, running.port)
    said = second.read_until("another ./hub")[-1]
    code = second.process.wait()
    second.process.stdout.close()

    assert code == 1
    assert f"process {running.process.pid}) works on {running.home}" in said
