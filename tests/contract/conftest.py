"""One database for all cases of a worker: their rows are told apart by shop."""

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pytest
from sqlalchemy import text

from orderhub.db.engine import Database
from orderhub.db.postgres import Server
from tests.conftest import PASSWORDS, create_database
from tests.contract.case import Case
from tests.contract.cases import CASES
from tests.contract.connector import Connector, api_platforms, shipped
from tests.contract.lab import Lab
from tests.contract.reference_connectors import REFERENCES

DATABASE = "contract"


@pytest.fixture(scope="session")
def contract_database(server: Server, admin: Database) -> Iterator[Database]:
    """A migrated database with staging tables for the reference connectors too, as the application sees it."""
    create_database(admin, DATABASE)
    owner = Database(server.url(DATABASE, "orderhub_owner", PASSWORDS.owner), "tests")
    with owner.engine.begin() as connection:
        for name, connector in REFERENCES.items():
            for stream in connector().platform.spec.streams:
                values = {"platform": name, "stream": stream}
                connection.execute(text("select ops.create_staging(:platform, :stream)"), values)
    owner.close()
    opened = Database(server.url(DATABASE, "orderhub_app", PASSWORDS.app), "tests")
    yield opened
    opened.close()


@pytest.fixture
def lab(contract_database: Database, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Lab]:
    """Return a lab for a case; its platform is as `truth` says, or as the connector does."""

    def make(connector: Connector, stream: str, case: Case, truth: Connector | None = None) -> Lab:
        return Lab(contract_database, connector, "" if case.whole else stream, monkeypatch, truth)

    return make


@dataclass(frozen=True)
class Asked:
    """One case of one connector."""

    platform: str
    stream: str
    name: str

    @property
    def id(self) -> str:
        return "-".join(part for part in (self.platform, self.stream, self.name) if part)


def connector_named(name: str) -> Connector:
    """Return a reference connector or one of the checkout; its records are the case's own."""
    connector = REFERENCES[name]() if name in REFERENCES else shipped(name)
    return replace(connector, samples=copy.deepcopy(connector.samples))


def all_asked(chosen: str | None) -> list[Asked]:
    """Return every case that applies, of the chosen platform or of all and the references."""
    names = [chosen] if chosen in api_platforms() else [] if chosen else [*REFERENCES, *api_platforms()]
    return [asked for name in names for asked in _asked_of(name)]


def _asked_of(platform: str) -> list[Asked]:
    try:
        connector = connector_named(platform)
    except Exception as error:  # noqa: BLE001 - told by the test below
        return [Asked(platform, "", f"unreadable {error}")]
    found = []
    for name, case in CASES.items():
        streams = list(connector.platform.spec.streams) if case.per_stream else ["orders"]
        found += [Asked(platform, stream, name) for stream in streams if case.applies(connector, stream)]
    return found
