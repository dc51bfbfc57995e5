from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text

from orderhub import paths
from orderhub.clock import SystemClock
from orderhub.db import migrations
from orderhub.db.engine import Database
from orderhub.db.migrations import available_migrations, check_version, migrate
from orderhub.db.postgres import Server
from orderhub.db.staging_tables import refuse_absent
from orderhub.errors import DatabaseFault, SchemaVersionError, ShopError
from tests.builders import rows
from tests.conftest import PASSWORDS, create_database
from tests.integration.waiting import wait_until

CLOCK = SystemClock()
OURS = "('staging', 'core', 'mart', 'ops', 'pii')"


@pytest.fixture
def empty(server: Server, admin: Database, database_name: str) -> Iterator[Database]:
    """A database of this test that nobody has migrated, as role orderhub_owner."""
    name = f"{database_name}_empty"
    create_database(admin, name, "template1")
    opened = Database(server.url(name, "orderhub_owner", PASSWORDS.owner), "tests")
    yield opened
    opened.close()
    with admin.session() as session:
        session.execute(text(f"drop database {name} with (force)"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped migrations that a test may spoil."""
    for migration in available_migrations():
        name = f"{migration.version:04d}_{migration.name}.sql"
        (tmp_path / name).write_text(migration.source, encoding="utf-8")
    return tmp_path


def next_file(folder: Path) -> Path:
    return folder / f"{available_migrations()[-1].version + 1:04d}_next.sql"


def test_fresh_database_gets_every_migration_once(empty: Database):
    wanted = [f"{m.version:04d}_{m.name}" for m in available_migrations()]

    applied = migrate(empty, CLOCK)

    assert [name for name in applied if not name.startswith("staging.")] == wanted
    assert migrate(empty, CLOCK) == []
    check_version(empty)


def test_empty_database_says_what_to_run(empty: Database):
    with pytest.raises(SchemaVersionError, match=r"the database is empty; run `\./hub migrate`"):
        check_version(empty)


def test_database_that_lags_behind_says_what_to_run(owner: Database):
    last = available_migrations()[-1]
    with owner.engine.begin() as connection:
        connection.execute(text("delete from ops.schema_migrations where version = :v"), {"v": last.version})

    with pytest.raises(
        SchemaVersionError, match=f"lacks migration {last.version:04d}_{last.name}; run `./hub migrate`"
    ):
        check_version(owner)


def test_added_platform_gets_its_staging_tables_at_the_next_migrate(
    owner: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    spec = tmp_path / "corner_shop" / "platform.yaml"
    spec.parent.mkdir()
    spec.write_text("name: corner_shop\nstreams: {orders: {}, refunds: {}}\n", encoding="utf-8")
    monkeypatch.setattr(paths, "platforms_directory", lambda: tmp_path)

    check_version(owner)  # Others do not wait for it.
    with owner.read() as connection, pytest.raises(ShopError, match=r"lacks staging.corner_shop_orders; run"):
        refuse_absent(connection, "corner_shop")

    assert migrate(owner, CLOCK) == ["staging.corner_shop_orders", "staging.corner_shop_refunds"]
    with owner.read() as connection:
        refuse_absent(connection, "corner_shop")


def test_edited_migration_is_refused(owner: Database, folder: Path):
    edited = folder / "0002_ops.sql"
    edited.write_text(edited.read_text(encoding="utf-8") + "\n-- later\n", encoding="utf-8")

    with pytest.raises(SchemaVersionError, match="migration 0002_ops was edited after it was applied"):
        migrate(owner, CLOCK, folder)


def test_database_of_newer_code_is_refused(owner: Database, folder: Path):
    (folder / f"{available_migrations()[-1].version:04d}_{available_migrations()[-1].name}.sql").unlink()

    with pytest.raises(SchemaVersionError, match="use the newer code, or restore a backup"):
        migrate(owner, CLOCK, folder)


def test_failing_migration_is_rolled_back_whole_and_can_be_repeated(owner: Database, folder: Path):
    file = next_file(folder)
    file.write_text("create table core.half (a text); select 1 / 0;", encoding="utf-8")

    with pytest.raises(
        DatabaseFault, match=rf"^migration {file.stem}: database: division by zero \(22012\)$"
    ):
        migrate(owner, CLOCK, folder)

    assert rows(owner, "select to_regclass('core.half')") == [(None,)]
    file.write_text("create table core.half (a text);", encoding="utf-8")
    assert migrate(owner, CLOCK, folder) == [file.stem]


def test_refused_migration_does_not_keep_the_lock(owner: Database, folder: Path, database: Database):
    next_file(folder).write_text("select 1 / 0;", encoding="utf-8")
    with pytest.raises(DatabaseFault):
        migrate(owner, CLOCK, folder)

    assert rows(database, "select count(*) from pg_locks where locktype = 'advisory'") == [(0,)]


def test_percent_signs_arrive_as_written(owner: Database, folder: Path):
    next_file(folder).write_text("comment on table core.stock is '100 % %s %%';", encoding="utf-8")

    migrate(owner, CLOCK, folder)

    assert rows(owner, "select obj_description('core.stock'::regclass)") == [("100 % %s %%",)]


def test_every_table_and_view_is_described(owner: Database):
    undescribed = rows(
        owner,
        "select c.relnamespace::regnamespace || '.' || c.relname from pg_class c "
        f"where c.relnamespace::regnamespace::text in {OURS} and c.relkind in ('r', 'v', 'p') "
        "and obj_description(c.oid, 'pg_class') is null order by 1",
    )

    assert undescribed == []


def test_every_column_is_described(owner: Database):
    undescribed = rows(
        owner,
        "select c.relnamespace::regnamespace || '.' || c.relname || '.' || a.attname "
        "from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped "
        f"where c.relnamespace::regnamespace::text in {OURS} and c.relkind in ('r', 'p') "
        "and col_description(c.oid, a.attnum) is null order by 1",
    )

    assert undescribed == []


@pytest.mark.parametrize(
    "table", ["core.receivers", "pii.receivers", "staging.taobao_orders", "ops.outbox", "ops.audit"]
)
def test_analyst_cannot_read_personal_data_or_the_machinery(analyst: Database, table: str):
    with pytest.raises(DatabaseFault, match=r"orderhub_app's or the owner's \(42501"):
        rows(analyst, f"select * from {table}")


@pytest.mark.parametrize(
    "table", ["core.orders", "core.order_lines", "core.stock", "core.reservations", "core.manifests"]
)
def test_analyst_reads_core(analyst: Database, table: str):
    assert rows(analyst, f"select * from {table}") == []


def test_analyst_reads_every_view_of_mart(analyst: Database, owner: Database):
    views = rows(
        owner, "select format('%I.%I', schemaname, viewname) from pg_views where schemaname = 'mart'"
    )

    assert [rows(analyst, f"select count(*) >= 0 from {view}") for (view,) in views] == [
        [(True,)] for _ in views
    ]


@pytest.mark.parametrize(
    "table", ["ops.audit", "core.stock_ledger", "staging.taobao_orders", "staging.spreadsheet_orders"]
)
@pytest.mark.parametrize("right", ["update", "delete", "truncate"])
def test_application_only_appends_to_what_is_evidence(database: Database, table: str, right: str):
    rights = f"select has_table_privilege('{table}', '{right}'), has_table_privilege('{table}', 'insert')"

    assert rows(database, rights) == [(False, True)]


def test_application_writes_but_never_reads_encrypted_receivers(database: Database):
    rights = "select has_table_privilege('pii.receivers', 'insert'), has_table_privilege('pii.receivers', 'select')"

    assert rows(database, rights) == [(True, False)]


def test_application_cannot_change_the_schema(database: Database):
    with pytest.raises(DatabaseFault, match="42501"), database.session() as session:
        session.execute(text("create table core.mine (a text)"))


#: As a first import does while it merges, and the checks of any pass do later.
LAID_ASIDE, CHECKS = "select ops.lay_indexes_aside()", "select count(*) from ops.checkable_orders"
READ, OTHER = "select count(*) from ops.checkable_lines", "select count(*) from ops.checkable_sources"
SOMEBODY_WAITS = """exists (
    select from pg_locks join pg_database as d on d.oid = database
    where d.datname = current_database() and locktype = 'relation' and not granted)"""


@pytest.mark.parametrize(
    ("held", "wanted"),
    [(LAID_ASIDE, CHECKS), (READ, OTHER)],
    ids=["first import", "checks"],
)
def test_migrating_while_a_pass_is_at_work_waits_for_it_and_ends_nobody(
    owner: Database, database: Database, held: str, wanted: str
):
    with ThreadPoolExecutor(1) as beside:
        with database.engine.begin() as working:
            working.exec_driver_sql(held)
            migrating = beside.submit(migrate, owner, CLOCK)
            wait_until(database, SOMEBODY_WAITS)
            counted = working.exec_driver_sql(wanted).scalar_one()

        assert migrating.result() == []
    assert counted == 0
    assert rows(database, wanted) == [(0,)]


def test_somebody_who_holds_a_table_for_long_is_told_of_as_a_fault(
    owner: Database, database: Database, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(migrations, "_TRIES", 1)

    with database.engine.begin() as working:
        working.exec_driver_sql(READ)
        with pytest.raises(DatabaseFault, match="canceling statement due to lock timeout"):
            migrate(owner, CLOCK)

    assert rows(database, READ) == [(0,)]
