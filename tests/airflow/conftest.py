"""A whole hub with real Airflow processes and the sandbox, in a temporary home on free ports."""

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests
from sqlalchemy import text

from orderhub import paths
from orderhub.clock import SystemClock
from orderhub.db.engine import Database
from orderhub.guard import Guard
from orderhub.operate.home import Home, Memory
from orderhub.operate.ports import LOOPBACK, is_taken
from orderhub.operate.setup import apply_configuration
from orderhub.operate.stack import Stack, start_stack, wait_until_healthy
from orderhub.operate.supervisor import Supervisor
from orderhub.operate.voice import Voice


@dataclass(frozen=True)
class LiveHub:
    """A running hub, everything paused."""

    stack: Stack
    database: Database
    owner: Database

    def admin(self, name: str, **wish: Any) -> Any:
        """Tell the sandbox to do something."""
        answer = requests.post(f"{self.sandbox}/admin/{name}", json=wish, timeout=60)
        answer.raise_for_status()
        return answer.json()

    def truth(self) -> list[dict[str, Any]]:
        return list(requests.get(f"{self.sandbox}/admin/truth", timeout=60).json()["orders"])

    def mails(self) -> list[dict[str, Any]]:
        answer = requests.get(f"{self.sandbox}/admin/mails", timeout=10).json()
        return list(answer["mails"] if isinstance(answer, dict) else answer)

    @property
    def sandbox(self) -> str:
        return f"http://{LOOPBACK}:{self.stack.ports.sandbox}"

    def scalar(self, statement: str, **values: Any) -> Any:
        with self.owner.read() as connection:
            return connection.execute(text(statement), values).scalar()

    def wait(self, condition: Callable[[], Any], what: str, seconds: float = 120) -> Any:
        """Wait for something that other processes do; the supervisor keeps watch meanwhile."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = condition()
            if found:
                return found
            self.stack.supervisor.tick(0.05)
        raise AssertionError(f"not within {seconds:.0f} s: {what}")

    def run_to_end(self, dag_id: str, seconds: float = 240) -> str:
        run = self.stack.api.trigger(dag_id)
        return str(
            self.wait(
                lambda: (state := self.stack.api.run_state(dag_id, run)) in ("success", "failed") and state,
                f"the run {run} of {dag_id} ends",
                seconds,
            )
        )


def free_base() -> int:
    """A base of five free ports, of this worker's own range: both may look for one at once."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    first = 21000 + worker % 7 * 1000
    for base in range(first, first + 1000, 10):
        if not any(is_taken(base + offset) for offset in range(5)):
            return base
    raise AssertionError("no five free ports in a row")


@pytest.fixture(scope="module")
def live_hub(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[LiveHub]:
    home = Home(tmp_path_factory.mktemp("live") / "home")
    home.prepare()
    memory = Memory(port=free_base(), seed=11, orders=getattr(request.module, "ORDERS", 240))
    home.remember(memory)
    guard = Guard()
    voice = Voice("en")
    patch = pytest.MonkeyPatch()
    patch.setenv("ORDERHUB_HOME", str(home.root))
    try:
        supervisor = Supervisor(guard, home.logs, voice)
        stack = Stack(paths.project_root(), home, memory, voice, supervisor, SystemClock(), sandboxed=True)
        addresses = start_stack(stack)
        apply_configuration(stack, stack.clock)
        wait_until_healthy(stack)
        database, owner = Database(addresses.app, "tests"), Database(addresses.owner, "tests")
        hub = LiveHub(stack, database, owner)
        hub.wait(lambda: "extract_taobao" in stack.api.dag_ids(), "Airflow has parsed the DAGs")
        yield hub
        database.close()
        owner.close()
    finally:
        patch.undo()
        guard.close()
