"""`orderhub platform new` in a copy of the checkout: what it writes passes at once, and nothing else is touched."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from orderhub.errors import ConfigError
from orderhub.operate.scaffold import PLACES, write_platform
from tests.architecture.source_tree import ROOT, tracked_files

NAME = "acme"
WRITTEN = sorted(place.format(name=NAME) for place in PLACES.values())
Run = Callable[..., str]


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout that holds the templates and nothing else."""
    shutil.copytree(ROOT / "include" / "scaffold", tmp_path / "include" / "scaffold")
    monkeypatch.setenv("ORDERHUB_ROOT", str(tmp_path))
    return tmp_path


def files_of(folder: Path) -> list[str]:
    found = [file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()]
    return sorted(name for name in found if not name.startswith("include/scaffold/"))


def test_all_places_of_a_platform_are_written(checkout: Path):
    assert WRITTEN == sorted(write_platform(NAME, "艾可商城"))
    assert WRITTEN == files_of(checkout)


def test_no_placeholder_is_left(checkout: Path):
    write_platform(NAME, "艾可商城")

    assert [name for name in WRITTEN if "{{" in (checkout / name).read_text(encoding="utf-8")] == []


@pytest.mark.parametrize("existing", WRITTEN)
def test_a_file_that_exists_is_not_touched_and_none_is_written(checkout: Path, existing: str):
    (checkout / existing).parent.mkdir(parents=True)
    (checkout / existing).write_text("mine", encoding="utf-8")

    with pytest.raises(ConfigError, match=f"platform 'acme' exists: {existing}"):
        write_platform(NAME, "艾可商城")

    assert ([existing], "mine") == (files_of(checkout), (checkout / existing).read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "name", ["", "Acme", "a", "9acme", "../acme", "acme shop", "艾可", "class", "a" * 32]
)
def test_a_name_that_is_no_identifier_is_refused(checkout: Path, name: str):
    with pytest.raises(ConfigError, match="lower-case letters"):
        write_platform(name, "艾可商城")

    assert files_of(checkout) == []


@pytest.mark.parametrize("title", ["", " ", "a: b", 'a"b', "a\nb", "{a}", "#a"])
def test_a_title_that_would_break_the_files_is_refused(checkout: Path, title: str):
    with pytest.raises(ConfigError, match="title"):
        write_platform(NAME, title)

    assert files_of(checkout) == []


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout, committed, in which the command has run."""
    root = tmp_path_factory.mktemp("copy")
    for file in tracked_files():
        target = root / file.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(file, target)
    who = ("-c", "user.name=test", "-c", "user.email=test@example.test", "-c", "commit.gpgsign=false")
    for words in (("init", "-q"), ("add", "-A"), (*who, "commit", "-q", "-m", "as it was")):
        done(root, "git", *words)
    done(root, sys.executable, "-m", "orderhub.cli", "platform", "new", NAME, "--title", "艾可商城")
    return root


def done(root: Path, *command: str) -> str:
    """Run a command in the copy, with the copy's own package; what it prints when it fails is the message."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("ORDERHUB_", "PYTEST_"))
    }
    ended = subprocess.run(
        command, cwd=root, env={**kept, "PYTHONPATH": str(root / "include")}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout[-4000:] + ended.stderr[-4000:]
    return ended.stdout


def test_git_sees_new_files_and_no_change(copy: Path):
    seen = done(copy, "git", "status", "--porcelain", "--untracked-files=all").splitlines()

    assert [f"?? {name}" for name in WRITTEN] == sorted(seen)


def test_what_was_written_is_clean(copy: Path):
    new = [name for name in WRITTEN if name.endswith(".py")]

    done(copy, sys.executable, "-m", "ruff", "check", "--no-cache", *new)
    done(copy, sys.executable, "-m", "ruff", "format", "--no-cache", "--check", *new)


def test_what_was_written_keeps_the_contract(copy: Path):
    said = done(
        copy, sys.executable, "-m", "pytest", "--platform", NAME, "tests/contract/test_contract.py",
        f"tests/platforms/{NAME}",
    )  # fmt: skip

    assert " passed" in said
    assert "skipped" not in said


@pytest.mark.slow
def test_every_test_about_the_tree_the_dags_and_the_pages_passes_with_it(copy: Path):
    done(copy, "git", "add", "-A")
    done(copy, sys.executable, "-m", "pytest", "tests/architecture", "tests/dags", "tests/docs")
