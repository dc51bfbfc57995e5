"""What is tried again, and when: somebody else's turn is waited for, a person's is not."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DECIDE = """
import sys
from orderhub import errors
from orderhub.orchestration.defaults import task_defaults

decision = task_defaults()["retry_policy"].evaluate(getattr(errors, sys.argv[1])("x"), 1, 3)
print("decided", decision.action.name, decision.retry_delay)
"""


@pytest.mark.parametrize(
    "error, decided",
    [
        ("LeaseTaken", "RETRY 0:03:00"),
        ("TransientError", "DEFAULT None"),
        ("CredentialError", "FAIL None"),
        ("FencedError", "FAIL None"),
    ],
)
def test_each_kind_of_error_has_its_patience(tmp_path: Path, error: str, decided: str):
    environment = {**os.environ, "AIRFLOW_HOME": str(tmp_path), "ORDERHUB_HOME": str(tmp_path)}

    done = subprocess.run(
        [sys.executable, "-c", DECIDE, error],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.splitlines()[-1] == f"decided {decided}"
