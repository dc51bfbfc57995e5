"""The pages that say what is shown by which test name tests that exist."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "docs" / "explanation"
NAMED = re.compile(r"`(tests/\S+\.py)::(test_\w+)`")


def defined_in(file: str) -> set[str]:
    module = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return {node.name for node in module.body if isinstance(node, ast.FunctionDef)}


def rows_of(page: str) -> list[str]:
    lines = (PAGES / page).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.startswith("| ") and not line.startswith("| 情形")]


@pytest.mark.parametrize("page", ["bad-data.md", "stories.md"])
def test_every_row_of_a_page_names_a_test_that_exists(page: str):
    told = rows_of(page)
    named = [NAMED.findall(line) for line in told]

    assert [] == [line for line, tests in zip(told, named, strict=True) if len(tests) != 1]
    assert [] == [name for [(file, name)] in named if name not in defined_in(file)]
    assert len(named) > 0


def test_a_test_that_is_not_there_would_be_noticed():
    assert "test_that_nobody_wrote" not in defined_in("tests/docs/test_pages_that_name_tests.py")
