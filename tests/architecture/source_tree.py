"""The checkout as data: which files there are, what they import, what they call."""

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "include" / "orderhub"
SHIPPED = ("include/orderhub", "dags", "plugins", "sandbox")


def python_files(*folders: str) -> list[Path]:
    """Return every Python file below `folders`, as a sorted list."""
    return sorted(
        file
        for folder in folders
        for file in (ROOT / folder).rglob("*.py")
        if "__pycache__" not in file.parts
    )


def name_of(file: Path) -> str:
    """Return the path as people say it, from the top of the checkout."""
    return file.relative_to(ROOT).as_posix()


@cache
def tree_of(file: Path) -> ast.Module:
    """Return the parsed file."""
    return ast.parse(file.read_text(encoding="utf-8"), str(file))


def imports_of(file: Path) -> Iterator[tuple[int, str]]:
    """Yield (line, module) of every import, wherever it stands; relative ones are refused by the linter."""
    for node in ast.walk(tree_of(file)):
        match node:
            case ast.Import(names=names):
                yield from ((node.lineno, alias.name) for alias in names)
            case ast.ImportFrom(module=str(module), names=names):
                yield node.lineno, module
                yield from ((node.lineno, f"{module}.{alias.name}") for alias in names)


def dotted(node: ast.expr) -> str:
    """Return `a.b.c` of a chain of names, else an empty text."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=attribute):
            return f"{dotted(value)}.{attribute}".lstrip(".")
    return ""


def tracked_files() -> list[Path]:
    """Return the files git knows, or every file below the checkout in an exported copy."""
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-z"], capture_output=True, text=True, check=False
    )
    if listed.returncode:
        return [file for file in ROOT.rglob("*") if file.is_file() and ".venv" not in file.parts]
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def text_of(file: Path) -> str:
    """Return the file's text; an empty text for pictures and workbooks."""
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""
