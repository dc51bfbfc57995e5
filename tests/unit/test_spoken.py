"""What is refused is told in Chinese, and in English where that is asked for; no message is forgotten."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from orderhub import paths
from orderhub.spoken import in_chinese, told

PACKAGE = paths.project_root() / "include" / "orderhub"
#: Errors that a person at a terminal meets.
KINDS = ("AlreadyDone", "ConfigError", "EnvironmentFault", "StopError")
#: Where people's commands are refused. Not: connectors and their files, which are an engineer's.
PLACES = ("cli", "config", "operate", "quality", "fulfillment", "settings.py")
ENGINEERS = (
    "bench",
    "canaries",
    "suites",
    "reference",
    "supervisor",
    "kuaidi100",
    "qimen",
    "wire",
    "errands",
    "account",
)
HINT = "did you mean 'x'?"
#: Expression → words as it gives them, where a bare value would not do.
WORDS = {
    "error": HINT,
    "said": f"is not known; {HINT}",
    "rule": "must be text",
    "key": "shop", "kind": "shop", "what": "shop",
    "place(warehouse_id)": "warehouses.yaml:1: backup of x",
    "place(circle[0])": "warehouses.yaml:1: backup of x",
    "before": "order x: rule 'x' holds nothing of it; ",
}  # fmt: skip


def test_english_is_told_as_it_is_where_it_is_asked_for():
    assert "hangzhou is frozen already" == told("hangzhou is frozen already", in_english=True)


def test_sentence_is_told_in_chinese_with_its_values_as_they_are():
    assert "没有清单 hz/1;./hub manifest list 列出有的" == told(
        "manifest hz/1 does not exist; ./hub manifest list shows those that do", in_english=False
    )


def test_hint_inside_a_sentence_is_told_in_chinese_too():
    said = "shops.yaml: shop tb: platform 'taoboa' does not exist; did you mean 'taobao'?"

    assert "shops.yaml 店铺 tb:平台 'taoboa' 不存在;是不是 'taobao'?" == told(said, in_english=False)


def test_sentence_without_a_row_is_told_rather_than_lost():
    assert "something new" == told("something new", in_english=False)


def sources() -> Iterator[Path]:
    for place in PLACES:
        files = [PACKAGE / place] if place.endswith(".py") else sorted((PACKAGE / place).rglob("*.py"))
        yield from (file for file in files if not any(name in file.stem for name in ENGINEERS))


def written(node: ast.expr) -> str | None:
    """A message with a value in every place; none where it is not written here."""
    match node:
        case ast.Constant(value=str() as text):
            return text
        case ast.JoinedStr():
            return "".join(
                part.value if isinstance(part, ast.Constant) else value_of(part) for part in node.values
            )
    return None


def value_of(part: ast.FormattedValue) -> str:
    source = ast.unparse(part.value)
    if "nearest(" in source or source.startswith("hint"):
        return HINT
    return WORDS.get(source, "'x'" if part.conversion == ord("r") else "x")


def messages() -> list[tuple[str, str]]:
    found = []
    for file in sources():
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in KINDS and node.args:
                said = written(node.args[0])
                if said not in (None, f"checks.yaml: {HINT}"):  # What that repeats is among the rules below.
                    found.append((f"{file.relative_to(PACKAGE)}:{node.lineno}", said))
    return found


def test_every_message_to_people_has_its_chinese():
    assert [] == [f"{place}: {said}" for place, said in messages() if in_chinese(said) is None]


def rules() -> list[tuple[str, str]]:
    """What a row of a file or a value of a key is refused for."""
    found = []
    for file in sorted([*(PACKAGE / "config").glob("*.py"), *(PACKAGE / "fulfillment").glob("*.py")]):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            is_row = getattr(node.func, "attr", "") == "refuse" and len(node.args) == 2
            is_value = getattr(node.func, "id", "") == "ValueError"
            said = written(node.args[-1]) if is_row or is_value else None
            if said is not None:
                found.append((f"{file.name}:{node.lineno}", said))
    return found


def test_every_rule_of_the_merchants_files_has_its_chinese():
    sentences = [
        (place, (f"f:1: k: {said} (value 'x')", f"f:1: {said}", f"checks.yaml: {said}"))
        for place, said in rules()
    ]

    assert [] == [
        f"{place}: {ways[1]}" for place, ways in sentences if not any(in_chinese(way) for way in ways)
    ]


@pytest.mark.parametrize("found", [messages, rules])
def test_messages_are_looked_for_where_they_are(found):
    assert len(found()) > 40


def test_no_sentence_is_in_the_table_twice():
    lines = paths.messages_file().read_text(encoding="utf-8").splitlines()
    sentences = [line.rsplit(",", 1)[0] for line in lines if not line.startswith("#")]

    assert len(set(sentences)) == len(sentences)
