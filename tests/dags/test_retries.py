"""What is tried again, and when: somebody else's turn is waited for, a person's is not."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DECIDED = {
    "LeaseTaken": "RETRY 0:03:00",
    "TransientError": "DEFAULT None",
    "CredentialError": "FAIL None",
    "FencedError": "FAIL None",
}
DECIDE = """
import sys
from orderhub import errors
from orderhub.orchestration.defaults import task_defaults

for name in sys.argv[1:]:
    decision = task_defaults()["retry_policy"].evaluate(getattr(errors, name)("x"), 1, 3)
    print("decided", name, decision.action.name, decision.retry_delay)
"""


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What one process of Airflow decides of every error; starting it takes four seconds."""
    home = str(tmp_path_factory.mktemp("airflow"))
    environment = {**os.environ, "AIRFLOW_HOME": home, "ORDERHUB_HOME": home}
    done = subprocess.run(
        [sys.executable, "-c", DECIDE, *DECIDED],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


@pytest.mark.parametrize("error", DECIDED)
def test_each_kind_of_error_has_its_patience(said: list[str], error: str):
    assert f"decided {error} {DECIDED[error]}" in said
