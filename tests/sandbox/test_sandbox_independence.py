"""The sandbox and the hub share no code: an error in one cannot hide the same error in the other."""

import ast


def imports_of(file):
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def test_the_sandbox_never_imports_the_hub_nor_the_hub_the_sandbox(root):
    pairs = [
        ("sandbox", "orderhub"),
        ("include/orderhub", "sandbox"),
        ("dags", "sandbox"),
        ("plugins", "sandbox"),
    ]

    guilty = [
        f"{file.relative_to(root)} imports {name}"
        for folder, forbidden in pairs
        for file in sorted((root / folder).rglob("*.py"))
        for name in imports_of(file)
        if name.split(".")[0] == forbidden
    ]

    assert guilty == []
