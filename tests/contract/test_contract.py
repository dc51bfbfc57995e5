"""Every connector keeps the contract: the same cases for all, also for one that was added a minute ago."""

from collections.abc import Callable

import pytest

from tests.contract.cases import CASES
from tests.contract.conftest import Asked, all_asked, connector_named
from tests.contract.lab import Lab


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Ask every case of every connector that it applies to, or of the one given by --platform."""
    asked = all_asked(metafunc.config.getoption("--platform"))
    metafunc.parametrize("asked", asked, ids=[one.id for one in asked])


def test_connector_keeps_the_contract(asked: Asked, lab: Callable[..., Lab]):
    connector = connector_named(asked.platform)
    case = CASES[asked.name]

    case.check(lab(connector, asked.stream, case))
