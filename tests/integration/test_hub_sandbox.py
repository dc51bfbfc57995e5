"""`./hub sandbox` as a person starts it: a process, what it prints, how it ends."""

import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from orderhub.operate.ports import is_taken, suggest_base

SECONDS = 60
PROGRAM = [sys.executable, "-m", "orderhub.operate.launch", "sandbox"]
ENVIRONMENT = {**os.environ, "ORDERHUB_LANGUAGE": "en", "PYTHONUNBUFFERED": "1"}


class Running:
    """A sandbox in a process of its own that has said where it is."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.port = suggest_base(23000 + os.getpid() % 900 * 5)
        options = ["--home", str(home), "--port", str(self.port), "--orders", "60", "--trickle", "0"]
        self.process = subprocess.Popen(
            [*PROGRAM, *options], env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self.said = ""
        for line in self.process.stdout:
            self.said += line
            if line.startswith("connections"):
                break

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def is_gone(self) -> bool:
        """Tell whether both ports are free once every process that shares our pipe has ended."""
        self.process.communicate(timeout=SECONDS)
        return not (is_taken(self.port) or is_taken(self.port + 1))


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    sandbox = Running(tmp_path / "home")
    yield sandbox
    sandbox.process.kill()
    if not sandbox.process.stdout.closed:
        assert sandbox.is_gone()


def refused(*options: str) -> tuple[int, str]:
    """Return exit code and words of a start that cannot be."""
    ended = subprocess.run(
        [*PROGRAM, *options], env=ENVIRONMENT, capture_output=True, text=True, check=False, timeout=SECONDS
    )
    return ended.returncode, ended.stderr.strip()


def test_every_address_that_is_printed_answers(running: Running) -> None:
    named = [word for word in running.said.split() if word.startswith("http://")]

    assert [200, 200, 200] == [requests.get(address, timeout=SECONDS).status_code for address in named]


def test_the_connections_file_reaches_every_platform_and_is_private(running: Running) -> None:
    file = running.home / f"sandbox-{running.port}.json"
    connections = json.loads(file.read_text(encoding="utf-8"))
    hosts = [
        known["host"]
        for name, known in connections.items()
        if name != "smtp_default" and not name.startswith(("robot_", "wms_", "waybill_", "kuaidi100"))
    ]

    assert str(file) in running.said
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert 7 == sum(host.startswith(running.address) for host in hosts)
    assert connections["smtp_default"]["port"] == running.port + 1


def test_ctrl_c_is_its_ordinary_end(running: Running) -> None:
    running.process.send_signal(signal.SIGINT)

    assert running.process.wait(SECONDS) == 0
    assert running.is_gone()


def test_nothing_outlives_a_killed_hub(running: Running) -> None:
    running.process.kill()

    assert running.is_gone()


def test_a_taken_port_is_one_sentence_with_the_next_step(running: Running, tmp_path: Path) -> None:
    code, said = refused("--port", str(running.port), "--home", str(tmp_path / "other"))

    assert code == 1
    assert said.startswith(
        f"hub: port {running.port} (sandbox) is in use by another program; choose two free"
    )
    assert "\n" not in said


def test_an_unknown_shop_is_one_sentence_with_the_known_ones(tmp_path: Path) -> None:
    free = str(suggest_base(24000 + os.getpid() % 900 * 5))

    code, said = refused("--shops", "jd_flagshop", "--home", str(tmp_path), "--port", free)

    assert code == 1
    assert "jd_flagshop are unknown; known: tb_flagship, " in said
    assert "\n" not in said


def test_help_teaches_by_examples() -> None:
    shown = subprocess.run(
        [*PROGRAM, "--help"], capture_output=True, text=True, check=True, timeout=SECONDS
    ).stdout

    assert "./hub sandbox --shops jd_flagship,pdd_main --orders 60 --seed 11" in shown
