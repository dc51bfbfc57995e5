"""Who may import whom. The house stands on `domain`; nothing looks upward."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.source_tree import PACKAGE, imports_of, name_of, python_files

#: Lower numbers know nothing of higher ones.
RANKS = {
    "domain": 0,
    "ground": 1,
    "config": 2, "db": 2, "privacy": 2,
    "platforms": 3, "transform": 3, "quality": 3, "alerts": 3,
    "fulfillment": 4,
    "delivery": 5, "operate": 5,
    "orchestration": 6, "cli": 6,
    "command": 7,
}  # fmt: skip
#: Modules beside the packages: settings, errors and the like.
GROUND = {"errors", "clock", "settings", "paths", "connections", "guard", "spoken", "stopped"}


def part_of(module: str) -> str:
    """Return which part of the house `orderhub.<…>` belongs to."""
    first = module.split(".")[1] if "." in module else ""
    return "ground" if first in GROUND or not first else first


def module_of(file: Path) -> str:
    return ".".join(file.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")


def own_imports(file: Path) -> set[tuple[int, str]]:
    return {(line, part_of(name)) for line, name in imports_of(file) if name.startswith("orderhub.")}


def test_every_part_of_the_package_has_a_place_in_the_house():
    parts = {part_of(module_of(file)) for file in python_files("include/orderhub")}

    assert parts - RANKS.keys() == set()


def test_nothing_imports_upward():
    upward = [
        f"{name_of(file)}:{line} imports {part}"
        for file in python_files("include/orderhub")
        for line, part in own_imports(file)
        if RANKS.get(part, 0) > RANKS[part_of(module_of(file))]
    ]

    assert upward == []


def test_the_rule_would_notice_an_upward_import():
    assert RANKS[part_of("orderhub.fulfillment.run")] > RANKS[part_of("orderhub.domain.routing")]


def test_domain_imports_the_standard_library_only():
    foreign = [
        f"{name_of(file)}:{line} imports {name}"
        for file in python_files("include/orderhub/domain")
        for line, name in imports_of(file)
        if name.split(".")[0] not in sys.stdlib_module_names and not name.startswith("orderhub.domain")
        and name != "orderhub"
    ]  # fmt: skip

    assert foreign == []


@pytest.mark.parametrize(
    "module", [module_of(file) for file in python_files("include/orderhub/domain") if file.stem != "__init__"]
)
def test_domain_is_usable_where_no_package_is_installed(module: str):
    source = f"import sys; sys.path.insert(0, {str(PACKAGE.parent)!r}); import {module}"

    ended = subprocess.run(
        [sys.executable, "-S", "-E", "-c", source], capture_output=True, text=True, check=False
    )

    assert ended.stderr == ""


def test_only_orchestration_dags_and_plugins_import_airflow():
    inside = [
        f"{name_of(file)}:{line}"
        for file in python_files("include/orderhub", "sandbox")
        for line, name in imports_of(file)
        if name.split(".")[0] == "airflow" and "orchestration" not in file.parts
    ]

    assert inside == []


def test_the_sandbox_and_the_hub_share_no_code():
    crossing = [
        f"{name_of(file)}:{line} imports {name}"
        for folder, other in (("sandbox", "orderhub"), ("include/orderhub", "sandbox"))
        for file in python_files(folder)
        for line, name in imports_of(file)
        if name.split(".")[0] == other
    ]

    assert crossing == []


def test_slow_packages_are_imported_inside_functions_of_what_dags_load():
    """DAG files are parsed again by every task; pandas and Great Expectations would cost seconds each time."""
    source = (
        "import sys\nimport orderhub.platforms.spec, orderhub.config.models, orderhub.settings\n"
        "import orderhub.platforms.pull, orderhub.transform.run, orderhub.fulfillment.run\n"
        "print(sorted({'pandas', 'great_expectations', 'cpca', 'openpyxl', 'xlsxwriter'} & sys.modules.keys()))"
    )

    ended = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True)

    assert ended.stdout.strip() == "[]"
