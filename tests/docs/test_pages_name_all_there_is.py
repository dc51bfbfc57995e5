"""The runbooks name every alert, every reason and every doubt that the code has; queries that pages show do run."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main
from pydantic import BaseModel
from sqlalchemy import text

from orderhub.cli import app
from orderhub.config import blacklist
from orderhub.config.goods import BUNDLE_COLUMNS, GIFT_COLUMNS, GIFT_OPTIONAL, SKU_COLUMNS, SKU_OPTIONAL
from orderhub.config.located_yaml import models_in
from orderhub.config.parse import ELSEWHERE, OPTIONAL, REQUIRED
from orderhub.db.engine import Database
from orderhub.errors import DatabaseFault
from orderhub.fulfillment.desk import NO_STOCK
from orderhub.operate.commands_page import leaves
from orderhub.operate.front_door import front_door
from orderhub.operate.reference import FILES, meanings
from orderhub.quality.other_holds import OTHER_HOLDS
from orderhub.settings import Settings
from sandbox.dialects import DIALECTS
from tests.architecture.source_tree import text_of, tracked_files

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "include" / "orderhub"
SQL = ROOT / "include" / "sql"
RUNBOOKS = ROOT / "docs" / "runbooks"
#: Constants beside alerts that are no alert's rule.
NO_RULES = {"SCOPE", "SUBJECT", "_SUBJECT", "ACTOR", "WAITING"}
INLINE = re.compile(r"`(select [^`\n]+ from [^`\n]+)`")
METHOD = re.compile(r"^ *method: (\S+)$", re.MULTILINE)
#: Our own names of calls that their pages show by their paths.
OWN = ("miniprogram: ", "jd: oauth.token")
QUERIES = re.compile(r"^ *```sql\n(.*?)^ *```", re.MULTILINE | re.DOTALL)


def page(name: str) -> str:
    return (RUNBOOKS / name).read_text(encoding="utf-8")


def alert_rules() -> set[str]:
    """Constants and keys of tables of words in the modules that raise alerts."""
    found = set()
    for file in PACKAGE.rglob("*.py"):
        source = file.read_text(encoding="utf-8")
        if "Alert(" not in source and "worded(" not in source and "raise_alert" not in source:
            continue
        for node in ast.parse(source).body:
            match node:
                case (
                    ast.Assign(targets=[ast.Name(id=name)], value=value)
                    | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
                ):
                    found |= rules_in(name, value)
    return found


def rules_in(name: str, value: ast.expr) -> set[str]:
    match value:
        case ast.Constant(value=str() as rule) if name not in NO_RULES and re.fullmatch(
            "[a-z]+(_[a-z]+)+", rule
        ):
            return {rule}
        case ast.Dict() if name == "_WORDS":
            return {key.value for key in value.keys if isinstance(key, ast.Constant)}
    return set()


def test_every_alert_is_in_the_runbook_of_alerts():
    missing = {rule for rule in alert_rules() if f"`{rule}`" not in page("alerts.md")}

    assert set() == missing


def test_alerts_are_looked_for_where_they_are():
    assert {
        "late_pull",
        "stock_left_out",
        "waybill_quota",
        "tracking_refused",
        "broken_suite",
    } <= alert_rules()


def test_everything_that_keeps_a_line_from_shipping_is_in_the_runbook_of_fulfilment():
    view = (SQL / "core" / "line_readiness.sql").read_text(encoding="utf-8")
    reasons = {
        word for word in re.findall(r"then '([a-z_]+)'", view) if "_" in word and not word.endswith("_")
    }

    assert {"order_held", "sku_unmapped"} <= reasons
    assert [] == [reason for reason in sorted(reasons) if f"`{reason}`" not in page("fulfill.md")]


def test_everything_that_is_left_out_of_a_list_is_in_the_runbook_of_fulfilment():
    due = (SQL / "core" / "due_documents.sql").read_text(encoding="utf-8")
    reasons = set(re.findall(r"then '([a-z_]+)'", due))

    assert "source_stale" in reasons
    assert [] == [reason for reason in sorted(reasons) if f"`{reason}`" not in page("fulfill.md")]


def test_every_doubt_about_a_parcel_is_in_the_runbook_of_warehouses():
    [*_, latest] = [
        found[1]
        for file in sorted((SQL / "migrations").glob("*.sql"))
        for found in re.finditer(
            r"shipment_doubts_reason_check check \(reason in \((.*?)\)\)",
            file.read_text(encoding="utf-8"),
            re.DOTALL,
        )
    ]

    assert [] == [reason for reason in re.findall(r"'(\w+)'", latest) if f"`{reason}`" not in page("wms.md")]


def test_every_hold_that_no_check_places_is_on_the_page_of_checks():
    placed = {
        rule
        for file in (SQL / "core").glob("*.sql")
        for rule in re.findall(
            r"'(\w+)', '(?:info|warning|critical)', 'hold'", file.read_text(encoding="utf-8")
        )
    }

    assert {*placed, NO_STOCK} == OTHER_HOLDS.keys()


def test_every_parameter_of_every_command_says_what_it_is():
    silent = [
        f"{name} {parameter.name}"
        for name, leaf in leaves(typer.main.get_command(app), "orderhub")
        for parameter in leaf.params
        if not getattr(parameter, "help", None)
    ]
    silent += [
        f"{name} {action.dest}"
        for name, parser in front_door().items()
        for action in parser._actions
        if not action.help
    ]

    assert [] == silent


@pytest.mark.parametrize("readme", ["README.md", "README.zh-CN.md"])
def test_every_page_that_somebody_works_by_is_linked_from_the_first_page(readme: str):
    first = (ROOT / readme).read_text(encoding="utf-8")
    pages = [
        str(file.relative_to(ROOT))
        for folder in ("tutorial", "how-to", "runbooks", "platforms")
        for file in sorted((ROOT / "docs" / folder).glob("*.md"))
        # Who has just added a platform links its page once it works.
        if folder != "platforms" or file.stem in {*DIALECTS, "spreadsheet", "README"}
    ]

    assert len(pages) > len(DIALECTS)
    assert [] == [name for name in pages if f"({name})" not in first]


def test_every_method_that_a_connector_calls_is_on_its_platforms_page():
    missing = [
        f"{folder.name}: {method}"
        for folder in sorted((ROOT / "include" / "platforms").iterdir())
        for method in METHOD.findall((folder / "platform.yaml").read_text(encoding="utf-8"))
        if method not in (ROOT / f"docs/platforms/{folder.name}.md").read_text(encoding="utf-8")
    ]

    assert [] == [name for name in missing if not name.startswith(OWN)]


def test_the_analysts_page_names_every_view_of_theirs():
    shown = (ROOT / "docs/how-to/connect-dbeaver.md").read_text(encoding="utf-8")
    views = sorted(file.stem for file in (SQL / "mart").glob("*.sql"))

    assert [] == [view for view in views if f"`mart.{view}`" not in shown]


def keys_of(model: type[BaseModel]) -> Iterator[str]:
    """What each key of a model and of the models inside means: its description, else its own name."""
    for name, field in model.model_fields.items():
        yield field.description or f"{model.__name__}.{name}"
        for inner in models_in(field.annotation):
            yield from keys_of(inner)


def test_every_key_and_setting_is_explained_in_chinese_and_nothing_else_is():
    said = {key for model in (Settings, *FILES.values()) for key in keys_of(model)}

    assert said == meanings().keys()


def test_every_column_of_a_table_is_on_the_page_of_files():
    shown = (ROOT / "docs/reference/config-files.md").read_text(encoding="utf-8")
    tables = (
        SKU_COLUMNS,
        SKU_OPTIONAL,
        BUNDLE_COLUMNS,
        GIFT_COLUMNS,
        GIFT_OPTIONAL,
        blacklist.REQUIRED,
        blacklist.OPTIONAL,
    )

    assert [] == [name for columns in tables for name in columns if not re.search(rf"[`,]{name}[`,]", shown)]


def test_every_file_of_the_merchant_is_on_the_page_of_files():
    shown = (ROOT / "docs/reference/config-files.md").read_text(encoding="utf-8")

    assert [] == [
        name
        for name in (*REQUIRED, *OPTIONAL, *ELSEWHERE)
        if f"## {name}" not in shown and f"**{name}**" not in shown
    ]


def queries() -> Iterator[tuple[str, str]]:
    """Every statement of a page that can be run as it stands: nothing in it is left to the reader."""
    for file in tracked_files():
        if file.suffix == ".md" and file.name != "CHANGELOG.md" and "adr" not in file.parts:
            inline = [query for query in INLINE.findall(text_of(file)) if "<" not in query]
            for block in (*QUERIES.findall(text_of(file)), *inline):
                for statement in re.sub("--.*", "", block).split(";"):
                    if statement.strip().lower().startswith("select"):
                        yield (
                            f"{file.relative_to(ROOT)}: {statement.strip()[:60]}",
                            statement.replace("…", "2026-11-01"),
                        )


def fault_of(database: Database, statement: str) -> str:
    """Why a statement cannot be run; nothing when it can."""
    try:
        with database.read() as connection:
            connection.execute(text("explain " + statement.replace(":", "\\:")))
    except DatabaseFault as fault:
        return str(fault)
    return ""


def test_queries_that_pages_show_can_be_run(owner: Database):
    faults = {shown: fault_of(owner, statement) for shown, statement in queries()}

    assert len(faults) > 20
    assert {} == {shown: fault for shown, fault in faults.items() if fault}
