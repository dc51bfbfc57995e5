"""The page that says what becomes of bad data names tests that exist."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "explanation" / "bad-data.md"
NAMED = re.compile(r"`(tests/\S+\.py)::(test_\w+)`")


def defined_in(file: str) -> set[str]:
    module = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return {node.name for node in module.body if isinstance(node, ast.FunctionDef)}


def test_every_row_of_the_page_names_a_test_that_exists():
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    told = [line for line in rows if not line.startswith("| 情形")]
    named = [NAMED.findall(line) for line in told]

    assert [] == [line for line, tests in zip(told, named, strict=True) if len(tests) != 1]
    assert [] == [name for [(file, name)] in named if name not in defined_in(file)]


def test_a_test_that_is_not_there_would_be_noticed():
    assert "test_that_nobody_wrote" not in defined_in("tests/docs/test_bad_data_page.py")
