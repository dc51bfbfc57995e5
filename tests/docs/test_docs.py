"""The documentation says what the code does: generated pages are current, links lead somewhere, commands exist."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main

from orderhub.cli import app
from orderhub.db.engine import Database
from orderhub.db.migrations import available_migrations
from orderhub.db.postgres import Server
from orderhub.db.staging_tables import wanted_tables
from orderhub.operate.reference import render_pages
from orderhub.settings import PREFIX, Settings
from sandbox.dialects import DIALECTS
from tests.architecture.source_tree import text_of, tracked_files
from tests.builders import rows
from tests.conftest import PASSWORDS, create_database

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "docs" / "reference"
LINK = re.compile(r"\[[^\]]*\]\((?!https?://|mailto:|#)([^)#\s]+)(?:#[^)]*)?\)")
FENCED = re.compile(r"^ *```[^\n]*\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^\s*(?:\$ )?(?:\./hub|orderhub) ((?:[a-z][a-z-]+ ?)+)")
#: What `./hub` itself does; everything else it hands on to `orderhub`.
HUB_COMMANDS = {"demo", "up", "sandbox", "test", "check", "sql", "lock", "reset"}
#: Rows of the terms table that the vocabulary cannot lack.
TERMS = ("order", "reservation", "hold", "anomaly", "manifest", "cut-off", "window", "lease", "pass", "load")


def pages() -> list[Path]:
    return sorted(file for file in tracked_files() if file.suffix == ".md")


def shown_commands(page: Path) -> list[str]:
    """Words after `./hub` or `orderhub` at the start of a code line or of inline code."""
    text = text_of(page)
    code = [line for block in FENCED.findall(text) for line in block.splitlines()]
    code += re.findall(r"`([^`\n]+)`", FENCED.sub("", text))
    return [match[1].strip() for line in code if (match := COMMAND.match(line))]


def command_names() -> set[str]:
    """Every command, with its group: `verify`, `config apply`."""
    group = typer.main.get_command(app)
    names: set[str] = set()
    for name, command in getattr(group, "commands", {}).items():
        inner = getattr(command, "commands", None)
        names |= {f"{name} {leaf}" for leaf in inner} if inner else {name}
    return names


@pytest.fixture(scope="module")
def written() -> dict[str, str]:
    return {file.name: file.read_text(encoding="utf-8") for file in REFERENCE.glob("*.md")}


@pytest.fixture(scope="module")
def rendered(server: Server, admin: Database) -> Iterator[dict[str, str]]:
    """All pages as the code says them, once: they take seconds."""
    create_database(admin, "reference_pages")
    database = Database(server.url("reference_pages", "orderhub_app", PASSWORDS.app), "tests")
    yield render_pages(database, typer.main.get_command(app))
    database.close()
    with admin.session() as session:
        session.exec_driver_sql("drop database reference_pages with (force)")


@pytest.mark.parametrize(
    "name",
    [
        "settings.md", "tables.md", "config-files.md", "platform-yaml.md", "fields-csv.md", "errors.md", "checks.md",
        "commands.md",
    ],
)  # fmt: skip
def test_a_generated_page_is_what_the_code_says(rendered: dict[str, str], written: dict[str, str], name: str):
    """When it is not: `./hub reference`, and commit what it wrote."""
    assert written[name] == rendered[name]


def test_every_generated_page_is_checked_above(rendered: dict[str, str], written: dict[str, str]):
    by_hand = {"glossary.md", "README.md", "addresses.md"}

    assert written.keys() - by_hand == rendered.keys()


def test_every_relation_and_column_of_the_hub_is_commented(owner: Database):
    silent = rows(
        owner,
        "select n.nspname || '.' || c.relname || coalesce('.' || a.attname, '') from pg_class c "
        "join pg_namespace n on n.oid = c.relnamespace "
        "left join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped "
        "where n.nspname in ('core', 'mart', 'ops', 'pii', 'staging') and c.relkind in ('r', 'v') "
        "and (obj_description(c.oid) is null or col_description(c.oid, a.attnum) is null) order by 1",
    )

    assert [name for (name,) in silent] == []


def test_every_link_between_files_leads_somewhere():
    broken = [
        f"{page.relative_to(ROOT)} → {target}"
        for page in pages()
        for target in LINK.findall(text_of(page))
        if not (page.parent / target).exists()
    ]

    assert broken == []


def test_every_command_that_a_page_shows_exists():
    known = command_names() | HUB_COMMANDS | {name.split()[0] for name in command_names()}
    unknown = [
        f"{page.relative_to(ROOT)}: {words}"
        for page in pages()
        for words in shown_commands(page)
        if not any(words == name or words.startswith(f"{name} ") for name in known)
    ]

    assert unknown == []


def test_every_setting_that_a_page_names_exists():
    known = {PREFIX + name.upper() for name in Settings.model_fields} | {
        "ORDERHUB_ROOT", "ORDERHUB_HOME", "ORDERHUB_SHARED_DATA", "ORDERHUB_KILLPOINT", "ORDERHUB_SIM_SEED"
    }  # fmt: skip
    unknown = [
        f"{page.relative_to(ROOT)}: {name}"
        for page in pages()
        for name in re.findall(r"ORDERHUB_[A-Z][A-Z_]+[A-Z]", text_of(page))
        if name not in known
    ]

    assert unknown == []


def test_every_check_id_that_a_runbook_names_exists(written: dict[str, str]):
    named = {
        name
        for page in (ROOT / "docs/runbooks").glob("*.md")
        for name in re.findall(r"^- `([a-z_]+)`:", text_of(page), re.MULTILINE)
    }

    assert [name for name in sorted(named) if f"`{name}`" not in written["checks.md"]] == []


def test_the_glossary_has_every_word_of_the_trade(written: dict[str, str]):
    glossary = written["glossary.md"].lower()

    assert [
        term for term in TERMS if not re.search(rf"^\| [^|]*\b{re.escape(term)}\b", glossary, re.MULTILINE)
    ] == []


@pytest.mark.parametrize("page", ["README.md", "README.zh-CN.md"])
def test_the_first_screen_shows_the_two_commands_and_what_one_will_see(page: str):
    screen = "\n".join(text_of(ROOT / page).splitlines()[:90])

    assert all(part in screen for part in ("./hub demo", "./hub test", "```", "docs/images/airflow.png"))


@pytest.mark.parametrize("page", ["README.md", "README.zh-CN.md"])
def test_the_first_screen_says_how_many_steps_the_schemas_take(page: str):
    migrations = [migration.source for migration in available_migrations()]
    made = sum(source.count("select ops.create_staging(") for source in migrations)
    # A platform that somebody added a minute ago is not in the picture yet.
    tables = [
        name for name, (platform, _) in wanted_tables().items() if platform in {*DIALECTS, "spreadsheet"}
    ]
    steps = len(migrations) + len(tables) - made

    assert re.findall(r"\((\d+) (?:steps|步)\)", text_of(ROOT / page)) == [str(steps)]


def test_every_decision_record_says_context_decision_and_consequences():
    lacking = [
        record.name
        for record in (ROOT / "docs/adr").glob("0*.md")
        if not all(f"## {part}" in text_of(record) for part in ("Context", "Decision", "Consequences"))
    ]

    assert lacking == []


def test_every_platform_has_its_page_and_it_marks_what_is_unconfirmed():
    for folder in (ROOT / "include/platforms").iterdir():
        page = text_of(ROOT / f"docs/platforms/{folder.name}.md")
        assert "未确认" in page or "unconfirmed" in page, f"docs/platforms/{folder.name}.md"


def test_the_changelog_has_the_version_of_the_package():
    version = tomllib.loads(text_of(ROOT / "pyproject.toml"))["project"]["version"]

    assert f"## {version}" in text_of(ROOT / "CHANGELOG.md")


def test_the_days_of_the_shipped_sale_are_those_that_the_how_to_shows():
    shipped = (ROOT / "include/config/routing/double11.yaml").read_text(encoding="utf-8")
    [days] = [line for line in shipped.splitlines() if line.startswith("effective:")]

    assert days in (ROOT / "docs/how-to/add-a-routing-rule.md").read_text(encoding="utf-8")
