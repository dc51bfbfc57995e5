"""The five neighbouring ports of one hub, checked before anything starts."""

import socket
from dataclasses import dataclass

from orderhub.errors import EnvironmentFault

DEFAULT_BASE = 8080
_LOWEST, _HIGHEST = 1024, 65531
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Ports:
    """All ports of one hub follow from the first; every one is on 127.0.0.1."""

    base: int

    def __post_init__(self) -> None:
        if not _LOWEST <= self.base <= _HIGHEST:
            raise EnvironmentFault(
                f"--port {self.base} is out of range: the hub uses five ports from it on; "
                f"choose {_LOWEST} to {_HIGHEST}"
            )

    @property
    def airflow(self) -> int:
        """Return the port of the Airflow UI and API."""
        return self.base

    @property
    def postgres(self) -> int:
        """Return the port of the embedded database."""
        return self.base + 1

    @property
    def sandbox(self) -> int:
        """Return the port of the sandbox's platforms and mailbox page."""
        return self.base + 2

    @property
    def smtp(self) -> int:
        """Return the port of the sandbox's mail server."""
        return self.base + 3

    def named(self) -> dict[str, int]:
        """Return every port with what uses it."""
        return {
            "Airflow": self.airflow,
            "PostgreSQL": self.postgres,
            "sandbox": self.sandbox,
            "mail": self.smtp,
        }


def refuse_taken(ports: Ports) -> None:
    """Check that every port is free.

    Raises:
        EnvironmentFault: another program listens on one of them.
    """
    for user, port in ports.named().items():
        if is_taken(port):
            raise EnvironmentFault(
                f"port {port} ({user}) is in use by another program; "
                f"choose five free ports with --port, for example --port {suggest_base(ports.base)}"
            )


def refuse_taken_pair(port: int) -> None:
    """Check that `port` and the next one, for the sandbox alone, are free.

    Raises:
        EnvironmentFault: out of range, or another program listens on one of them.
    """
    Ports(port)
    for user, number in {"sandbox": port, "mail": port + 1}.items():
        if is_taken(number):
            raise EnvironmentFault(
                f"port {number} ({user}) is in use by another program; "
                f"choose two free ports with --port, for example --port {suggest_base(port)}"
            )


def is_taken(port: int) -> bool:
    """Tell whether 127.0.0.1:`port` cannot be bound."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return True
    return False


def suggest_base(base: int) -> int:
    """Return the next base, in steps of ten, whose ports are all free."""
    for candidate in range(base + 10, _HIGHEST, 10):
        if not any(is_taken(port) for port in Ports(candidate).named().values()):
            return candidate
    return DEFAULT_BASE
