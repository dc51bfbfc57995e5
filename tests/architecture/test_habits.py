"""Habits that a linter does not know: who tells the time, where a platform's name stands, how SQL is made."""

import ast
import re
from pathlib import Path

from tests.architecture.source_tree import (
    ROOT,
    SHIPPED,
    dotted,
    imports_of,
    name_of,
    python_files,
    text_of,
    tracked_files,
    tree_of,
)

#: These start and stop processes, or wait as a platform asked: they may sleep. None of them reads the date.
SLEEPERS = {
    "include/orderhub/guard.py": "waits for children to end",
    "include/orderhub/db/postgres.py": "waits for the server to come up",
    "include/orderhub/operate/home.py": "waits for the lock of a home",
    "include/orderhub/operate/supervisor.py": "watches its children",
    "include/orderhub/operate/launch.py": "waits for Airflow and the sandbox",
    "include/orderhub/operate/stack.py": "waits for Airflow and the sandbox",
    "include/orderhub/operate/sandbox_alone.py": "waits for the sandbox",
    "include/orderhub/operate/demo.py": "waits for a pass to end",
    "include/orderhub/operate/bench.py": "follows a running demo",
    "include/orderhub/operate/airflow_api.py": "waits for a run to end",
    "include/orderhub/operate/bench_pull.py": "waits for the sandbox",
    "include/orderhub/operate/bench_checks.py": "waits for the sandbox",
    "include/orderhub/platforms/client.py": "waits as long as the platform asked",
}
#: The demo and its measurements drive the sandbox's shops, which are on platforms that have names.
DEMO = {"demo.py", "sandbox_alone.py", "bench.py"}
#: Engine files that implement schemes; a scheme may carry the platform it was written for.
SCHEMES = {"signing.py", "paging.py", "converters.py"}
#: Modules that put names into SQL, and why no input can reach it.
SQL_BUILDERS = {
    "include/orderhub/db/leases.py": "table and key are constants of the module",
    "include/orderhub/db/migrations.py": "names come from the catalog",
    "include/orderhub/platforms/staging.py": "platform and stream are checked identifiers",
    "include/orderhub/transform/compile.py": "paths are bound; fields and converters are from closed lists",
    "include/orderhub/transform/compile_refunds.py": "paths are bound; fields and converters are from closed lists",
    "include/orderhub/db/mapped.py": "names of tables: constants, and numbers of ours",
    "include/orderhub/transform/judge.py": "a constant condition, used twice",
    "include/orderhub/transform/map_ahead.py": "names of tables: constants, and numbers of ours",
    "include/orderhub/transform/mapping_diff.py": "constants of the module: tables, keys and columns",
    "include/orderhub/transform/payload_sql.py": "names and literals are quoted",
    "include/orderhub/transform/run.py": "a constant condition, used twice",
    "include/orderhub/quality/canaries.py": "columns of our views; values are bound",
    "include/orderhub/config/check_tables.py": "tables named in the module",
    "include/orderhub/quality/scan.py": "columns of our views and names of our tables; values are bound",
    "include/orderhub/quality/compile.py": "columns of our views; values are bound",
    "include/orderhub/operate/explain.py": "names of shipped platforms",
    "include/orderhub/operate/databases.py": "names of ours, quoted by the server",
    "include/orderhub/operate/bench_pull.py": "names of its own throw-away databases",
    "include/orderhub/operate/own_hub.py": "names of its own throw-away databases",
    "include/orderhub/operate/floor.py": "statements of a file of the project, names of its own tables",
    "include/orderhub/operate/verify.py": "names of our views",
}
SQL_VERB = re.compile(
    r"\b(select|insert into|update|delete from|create (temporary )?(table|view|database)|truncate)\b"
)
#: Faults that never leave their package: they become an error of the tree where file and place are known.
INNER_FAULTS = {"include/orderhub/quality/rules.py:Fault"}
SECRETS = re.compile(
    r"BEGIN (RSA |EC |OPENSSH )?PRIVATE KEY|AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{36}|xox[bp]-[0-9A-Za-z-]{20,}"
)
#: Written in pieces, so that this file does not find itself.
PLACES = re.compile(
    "(?<![A-Za-z0-9_.~-])/(?:"
    + "|".join(("wor" + "k/", "far" + "m/", "roo" + "t/", "hom" + "e/[a-z]+/"))
    + ")"
)
OWN_REGISTRY = re.compile(
    r"(--(extra-)?index-url|--find-links|--trusted-host|(UV|PIP)_[A-Z_]*(INDEX|HOST)[A-Z_]*)[ =]+['\"]?\w+[.:]"
)


def calls(file: Path, names: set[str]) -> list[str]:
    """`file:line name` of each call whose dotted name ends like one of `names`."""
    return [
        f"{name_of(file)}:{node.lineno} {dotted(node.func)}"
        for node in ast.walk(tree_of(file))
        if isinstance(node, ast.Call) and any(dotted(node.func).endswith(name) for name in names)
    ]


def platform_names() -> list[str]:
    return sorted(file.parent.name for file in (ROOT / "include/platforms").glob("*/platform.yaml"))


def test_only_the_clock_reads_the_time_of_day():
    readers = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.time_ns"}
    files = [file for file in python_files("include/orderhub", "dags", "plugins") if file.name != "clock.py"]

    assert [call for file in files for call in calls(file, readers)] == []


def test_only_launchers_and_the_platform_client_sleep():
    files = [
        file for file in python_files("include/orderhub", "dags", "plugins") if name_of(file) not in SLEEPERS
    ]

    assert [call for file in files for call in calls(file, {"time.sleep", "asyncio.sleep"})] == []


def test_no_test_sleeps():
    """A sleep hopes. Only tests of whole running systems poll, with a deadline."""
    files = [file for file in python_files("tests") if not {"airflow", "sim", "scale"} & set(file.parts)]

    assert [call for file in files for call in calls(file, {"time.sleep"})] == []


def test_the_engine_knows_no_platform_by_name():
    """A platform that is read over HTTP is data; only a signing or paging scheme may carry its name."""
    api_platforms = [
        name
        for name in platform_names()
        if "kind: api" in text_of(ROOT / f"include/platforms/{name}/platform.yaml")
    ]
    word = re.compile("|".join(api_platforms), re.IGNORECASE)
    named = [
        f"{name_of(file)}:{number} {line.strip()}"
        for file in python_files("include/orderhub")
        if file.name not in SCHEMES | DEMO
        for number, line in enumerate(text_of(file).splitlines(), start=1)
        if word.search(line) and "help=" not in line
    ]

    assert named == []


def test_no_part_of_the_engine_compares_with_a_platforms_name():
    names = set(platform_names())
    compared = [
        f"{name_of(file)}:{node.lineno} {node.value!r}"
        for file in python_files("include/orderhub")
        if file.parent.name not in names and file.name not in DEMO
        for node in ast.walk(tree_of(file))
        if isinstance(node, ast.Constant) and node.value in names
    ]

    assert compared == []


def test_sql_outside_migrations_names_no_platform():
    word = re.compile("|".join(f"[.'_ ]{name}" for name in platform_names() if name != "spreadsheet"))
    named = [
        name_of(file)
        for file in (ROOT / "include/sql").rglob("*.sql")
        if file.parent.name != "migrations" and word.search(text_of(file))
    ]

    assert named == []


def test_only_listed_modules_put_sql_together():
    """Everywhere else SQL is a constant text or a file, and values are bound."""
    putting = {
        name_of(file)
        for file in python_files("include/orderhub")
        for node in ast.walk(tree_of(file))
        if isinstance(node, ast.Call) and dotted(node.func).split(".")[-1] in {"text", "exec_driver_sql"}
        if node.args and any(isinstance(part, ast.JoinedStr) for part in ast.walk(node.args[0]))
    }

    assert putting - SQL_BUILDERS.keys() == set()


def test_every_silenced_warning_gives_its_reason():
    silenced = re.compile(r"#\s*(noqa|type: ignore)")
    reasoned = re.compile(r"# (noqa: [A-Z]+\d+(, ?[A-Z]+\d+)*|type: ignore\[[a-z-]+\])\s+[-#] ?\S")
    silent = [
        f"{name_of(file)}:{number}"
        for file in python_files(*SHIPPED)
        for number, line in enumerate(text_of(file).splitlines(), start=1)
        if silenced.search(line) and not reasoned.search(line)
    ]

    assert silent == []


def test_no_dag_decides_anything():
    """A DAG file is docstring, schedule and order of tasks: no branch, no loop, no SQL, no list of platforms."""
    deciding = [
        f"{name_of(file)}:{node.lineno} {type(node).__name__}"
        for file in python_files("dags")
        for node in ast.walk(tree_of(file))
        if isinstance(node, ast.If | ast.IfExp | ast.For | ast.While | ast.Try | ast.Match | ast.Dict)
        or (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and SQL_VERB.match(node.value.strip().lower())
        )
    ]

    assert deciding == []


def test_plugins_hold_the_one_file_that_airflow_loads():
    assert [file.name for file in python_files("plugins")] == ["orderhub_ui.py"]


def test_importing_the_package_opens_nothing():
    """Module level holds definitions; a connection or file at import time would open it in every task."""
    openers = {"create_engine", "Database", "open", "read_text", "load_settings", "connect"}
    opened = [
        f"{name_of(file)}:{statement.lineno}"
        for file in python_files("include/orderhub")
        for statement in tree_of(file).body
        if isinstance(statement, ast.Assign | ast.AnnAssign | ast.Expr)
        for node in ast.walk(statement)
        if isinstance(node, ast.Call) and dotted(node.func).split(".")[-1] in openers
    ]

    assert opened == []


def test_every_exception_of_the_package_is_in_the_one_tree():
    elsewhere = [
        f"{name_of(file)}:{node.lineno} {node.name}"
        for file in python_files("include/orderhub")
        if file.name != "errors.py"
        for node in ast.walk(tree_of(file))
        if isinstance(node, ast.ClassDef)
        and any(dotted(base).endswith(("Error", "Exception")) for base in node.bases)
        and f"{name_of(file)}:{node.name}" not in INNER_FAULTS
    ]

    assert elsewhere == []


def test_no_test_uses_a_mock_library():
    mocked = [
        f"{name_of(file)}:{line}"
        for file in python_files("tests")
        for line, name in imports_of(file)
        if name.startswith(("unittest.mock", "pytest_mock"))
    ]

    assert mocked == []


def test_no_file_holds_a_secret_a_machine_path_or_a_registry():
    found = [
        f"{name_of(file)}: {match.group()}"
        for file in tracked_files()
        for pattern in (SECRETS, PLACES, OWN_REGISTRY)
        if file != Path(__file__) and (match := pattern.search(text_of(file)))
    ]

    assert found == []
