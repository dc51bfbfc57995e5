"""A suite that passes everything proves nothing: each case must fail a connector that is wrong in its way."""

import contextlib
from collections.abc import Callable

import pytest

from orderhub.errors import OrderhubError
from tests.contract.broken_connectors import broken, connector_with, described
from tests.contract.cases import CASES
from tests.contract.engine_faults import FAULTS
from tests.contract.lab import Lab
from tests.contract.reference_connectors import REFERENCES


def test_every_case_has_a_broken_connector_and_no_other_exists():
    assert CASES.keys() == described()


def test_every_engine_fault_is_used_by_some_broken_connector():
    assert FAULTS.keys() == {broken(name).engine for name in CASES} - {None}


@pytest.mark.parametrize("name", CASES)
def test_case_is_about_the_connector_that_is_broken_for_it(name: str):
    """A case that does not apply would fail for a wrong reason."""
    mistake = broken(name)

    assert CASES[name].applies(REFERENCES[mistake.connector](), mistake.stream)


@pytest.mark.parametrize("name", CASES)
def test_case_fails_the_connector_that_is_broken_for_it(
    name: str, lab: Callable[..., Lab], monkeypatch: pytest.MonkeyPatch
):
    mistake = broken(name)
    connector = connector_with(mistake)
    if mistake.engine is not None:
        FAULTS[mistake.engine](monkeypatch)
    wrong = lab(connector, mistake.stream, CASES[name], REFERENCES[mistake.connector]())

    with pytest.raises((AssertionError, OrderhubError)), contextlib.suppress(KeyboardInterrupt):
        CASES[name].check(wrong)
