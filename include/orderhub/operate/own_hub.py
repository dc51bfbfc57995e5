"""A database server and a migrated hub database for one measurement, gone when it ends."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from orderhub.clock import Clock
from orderhub.db.engine import Database
from orderhub.db.migrations import migrate
from orderhub.db.postgres import Server, free_port, open_cluster, running_server
from orderhub.operate.databases import Passwords, create_roles

NAME = "hub"
PASSWORDS = Passwords(owner="owner", app="app", analyst="analyst", pii="pii", airflow="airflow")


@dataclass(frozen=True)
class OwnHub:
    """The server, and the addresses of its databases by role."""

    server: Server

    def app_url(self, name: str = NAME) -> str:
        """Return the address of a database as the hub's own role."""
        return self.server.url(name, "orderhub_app", PASSWORDS.app)

    def open(self, name: str = NAME) -> Database:
        """Open a database as the hub's own role."""
        return Database(self.app_url(name), "bench")

    def open_owner(self) -> Database:
        """Open the hub's database as its owner: to arrange what the hub itself may not."""
        return Database(self.server.url(NAME, "orderhub_owner", PASSWORDS.owner), "bench")

    def copy(self, name: str) -> None:
        """Make another database that holds what the hub's holds now; nobody may be connected to it."""
        self._administrate(f'create database "{name}" template {NAME} owner orderhub_owner')

    def rest(self) -> None:
        """Let the server write what it has in memory: what is timed next does not pay for it."""
        self._administrate("checkpoint")

    def _administrate(self, statement: str) -> None:
        admin = Database(self.server.url("postgres"), "bench")
        with admin.session() as session:
            session.exec_driver_sql(statement)
        admin.close()


@contextmanager
def own_hub(clock: Clock, folder: Path) -> Iterator[OwnHub]:
    """Yield a fresh hub without Airflow, with the settings of a hub on two cores.

    Raises:
        EnvironmentFault: the server did not start.
    """
    cluster = open_cluster(folder / "cluster")
    with running_server(cluster, free_port(), folder / "postgres.log") as server:
        admin = Database(server.url("postgres"), "bench")
        create_roles(admin, PASSWORDS)
        with admin.session() as session:
            session.exec_driver_sql(f"create database {NAME} owner orderhub_owner")
        admin.close()
        hub = OwnHub(server)
        owner = hub.open_owner()
        migrate(owner, clock)
        owner.close()
        yield hub
