"""What `./hub check` runs, as tests: nothing is checked only on somebody else's machine."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.source_tree import ROOT

BIN = Path(sys.executable).parent
CHECKED = ["include", "dags", "plugins", "sandbox", "tests", "docs", "examples"]


def run(*command: str) -> str:
    """Return what the tool says, empty when it is content."""
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return "" if ended.returncode == 0 else ended.stdout + ended.stderr


@pytest.fixture(scope="module")
def folders() -> list[str]:
    return [folder for folder in [*CHECKED, "hub"] if (ROOT / folder).exists()]


def test_ruff_finds_nothing(folders: list[str]):
    assert run(str(BIN / "ruff"), "check", "--no-cache", "--output-format=concise", *folders) == ""


def test_everything_is_formatted(folders: list[str]):
    assert run(str(BIN / "ruff"), "format", "--no-cache", "--check", *folders) == ""


def test_types_hold_strictly():
    assert run(str(BIN / "mypy"), "--no-error-summary") == ""
