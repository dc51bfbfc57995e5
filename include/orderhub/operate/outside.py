"""The outside world of a hub without accounts: the sandbox's command line, and what its clients need."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import requests

from orderhub.errors import EnvironmentFault
from orderhub.operate.airflow_env import DROPPED
from orderhub.operate.ports import LOOPBACK

#: Every life that orders lead on any platform, beside the labelled defects.
ALL_LIVES = "all"


@dataclass(frozen=True)
class Outside:
    """One sandbox on this machine.

    Attributes:
        root: the checkout.
        http_port: of gateways, pages and admin.
        smtp_port: of its mail server.
        seed: the same seed, the same world.
        shops: comma list of shop ids; empty for every shop of every platform.
    """

    root: Path
    http_port: int
    smtp_port: int
    seed: int
    shops: str = ""

    @property
    def address(self) -> str:
        """Return the address of its state page, without a slash at the end."""
        return f"http://{LOOPBACK}:{self.http_port}"

    def serving(self, orders: int, lives: str) -> list[str]:
        """Return the arguments of `python -m` that start it.

        Args:
            orders: orders of the last 30 hours at the start of its world.
            lives: `demo` or `all`; see sandbox/README.md.
        """
        return ["sandbox", *self._world(), "--orders", str(orders), "--lives", lives]

    def connections(self) -> dict[str, object]:
        """Return the connection of every shop and of the mail server, in Airflow's JSON form.

        Raises:
            EnvironmentFault: a shop is unknown; the message says which are known.
        """
        told = subprocess.run(  # noqa: S603 - our own command
            [sys.executable, "-m", "sandbox", "connections", *self._world()],
            env=plain_environment(),
            cwd=self.root,
            capture_output=True,
            text=True,
            check=False,
        )
        if told.returncode != 0:
            said = told.stderr.strip().rpartition("error: ")[2][-500:]
            raise EnvironmentFault(f"the sandbox cannot be made like this: {said}")
        connections: dict[str, object] = json.loads(told.stdout)
        return connections

    def answers(self) -> bool:
        """Tell whether it serves already."""
        session = requests.Session()
        session.trust_env = False
        try:
            return session.get(f"{self.address}/admin/state", timeout=2).ok
        except requests.RequestException:
            return False

    def _world(self) -> list[str]:
        ports = ["--http-port", str(self.http_port), "--smtp-port", str(self.smtp_port)]
        shops = ["--shops", self.shops] if self.shops else []
        return [*ports, "--seed", str(self.seed), *shops]


def plain_environment() -> dict[str, str]:
    """Return our environment without what slows Python down."""
    return {name: value for name, value in os.environ.items() if name not in DROPPED}
