"""Forward-only migrations: each file one transaction, in order, once; then views and passwords of roles."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from orderhub import paths
from orderhub.clock import Clock
from orderhub.db.engine import Database, describe_fault
from orderhub.db.giving_way import PATIENCE, giving_way
from orderhub.db.staging_tables import create_missing
from orderhub.errors import DatabaseFault, LocksTaken, SchemaVersionError

T = TypeVar("T")
#: Serialises concurrent migrators; the number only has to be ours.
_ADVISORY_LOCK = 7_301_001
#: Passes go first, for a minute.
_TRIES = 120
_BOOTSTRAP = """
create schema if not exists ops;
create table if not exists ops.schema_migrations (
    version integer primary key, name text not null, file_sha256 text not null,
    applied_at timestamptz not null);
comment on table ops.schema_migrations is 'One row per applied migration; key version.';
comment on column ops.schema_migrations.version is 'the number in the file name';
comment on column ops.schema_migrations.name is 'the rest of the file name';
comment on column ops.schema_migrations.file_sha256 is 'of the file when it was applied';
comment on column ops.schema_migrations.applied_at is 'UTC';
"""


@dataclass(frozen=True)
class Migration:
    """One file of `include/sql/migrations`."""

    version: int
    name: str
    source: str

    @property
    def digest(self) -> str:
        """Return the SHA-256 of the text, hex."""
        return hashlib.sha256(self.source.encode()).hexdigest()


def available_migrations(directory: Path | None = None) -> list[Migration]:
    """Return all migrations of the code, in order."""
    files = sorted((directory or paths.sql_directory() / "migrations").glob("[0-9]*.sql"))
    return [Migration(int(file.stem[:4]), file.stem[5:], file.read_text(encoding="utf-8")) for file in files]


def migrate(owner: Database, clock: Clock, directory: Path | None = None) -> list[str]:
    """Bring the database to the code's version, recreate the views, and return the names applied.

    Args:
        owner: the hub's database as role `orderhub_owner` (or any role that may create roles).
        clock: stamps `applied_at`.
        directory: another folder of migrations, for tests.

    Passes may be at work meanwhile: they are waited for, and wait for half a second themselves.

    Raises:
        SchemaVersionError: the database knows a migration that this code does not have, or one was edited.
        DatabaseFault: a statement failed, or somebody held a table for a minute; that file was rolled back
            whole.
    """
    wanted = available_migrations(directory)
    applied: list[str] = []
    with _only_migrator(owner) as session:
        _run(session, _BOOTSTRAP)
        present = _present(session)
        _refuse_mismatch(present, wanted)
        for migration in wanted:
            if migration.version not in present:
                _apply(owner, migration, clock)
                applied.append(f"{migration.version:04d}_{migration.name}")
        if directory is None:
            applied += _create_staging(owner)
        recreate_views(owner)
    return applied


def _create_staging(owner: Database) -> list[str]:
    return [f"staging.{name}" for name in _in_turn(owner, create_missing)]


def _in_turn(owner: Database, work: Callable[[Connection], T]) -> T:
    """Do `work` in a transaction that gives way: with views dropped, it would wait for a pass."""

    def once() -> T:
        try:
            with owner.engine.begin() as connection:
                connection.execute(PATIENCE)
                return work(connection)
        except DBAPIError as error:
            raise describe_fault(error) from None

    return giving_way(once, _TRIES)


@contextmanager
def _only_migrator(owner: Database) -> Iterator[Connection]:
    """Yield a session that holds the migrators' lock; a pooled session would keep it after an error."""
    with owner.session() as session:
        session.execute(text("select pg_advisory_lock(:key)"), {"key": _ADVISORY_LOCK})
        try:
            yield session
        finally:
            session.execute(text("select pg_advisory_unlock(:key)"), {"key": _ADVISORY_LOCK})


def check_version(database: Database) -> None:
    """Refuse to work on a database of another version.

    A platform that was added and has no tables yet stops nobody else: see `staging_tables.refuse_absent`.

    Raises:
        SchemaVersionError: not migrated, or by other code.
    """
    wanted = available_migrations()
    with database.read() as connection:
        exists = connection.execute(
            text("select to_regclass('ops.schema_migrations') is not null")
        ).scalar_one()
        if not exists:
            raise SchemaVersionError(
                "the database is empty; run `./hub migrate` (`./hub up` does it for you)"
            )
        present = _present(connection)
    _refuse_mismatch(present, wanted)
    missing = [m for m in wanted if m.version not in present]
    if missing:
        raise SchemaVersionError(
            f"the database lacks migration {missing[0].version:04d}_{missing[0].name}; run `./hub migrate`"
        )


def recreate_views(owner: Database, directory: Path | None = None) -> None:
    """Drop and create every view of `include/sql/<schema>/`; a view file is one that says `create view`."""
    root = directory or paths.sql_directory()
    sources = {
        f"{file.parent.name}.{file.stem}": file.read_text(encoding="utf-8")
        for schema in ("ops", "core", "mart", "staging")
        for file in sorted((root / schema).glob("*.sql"))
    }
    views = {name: source for name, source in sources.items() if "create view" in source}
    _in_turn(owner, partial(_replace_views, views=views))


def _replace_views(connection: Connection, views: dict[str, str]) -> None:
    existing = connection.execute(
        text(
            "select schemaname || '.' || viewname from pg_views "
            "where schemaname in ('ops', 'core', 'mart', 'staging')"
        )
    ).scalars()
    for name in existing.all():
        _run(connection, f"drop view if exists {name} cascade")
    _create_in_order(connection, views)


def _create_in_order(connection: Connection, views: dict[str, str]) -> None:
    """Create views that may use one another: whatever fails is tried again after the others."""
    waiting = dict(views)
    while waiting:
        failed: dict[str, str] = {}
        fault: DatabaseFault | None = None
        for name, source in waiting.items():
            try:
                with connection.begin_nested():
                    _run(connection, source)
            except DBAPIError as error:
                fault = describe_fault(error)
                if isinstance(fault, LocksTaken):
                    raise fault from None
                failed[name] = source
        if len(failed) == len(waiting):
            raise SchemaVersionError(f"view(s) {', '.join(failed)} cannot be created: {fault}")
        waiting = failed


def _apply(owner: Database, migration: Migration, clock: Clock) -> None:
    try:
        _in_turn(owner, partial(_run_file, migration=migration, clock=clock))
    except DatabaseFault as fault:
        raise type(fault)(f"migration {migration.version:04d}_{migration.name}: {fault}") from None


def _run_file(connection: Connection, migration: Migration, clock: Clock) -> None:
    _run(connection, migration.source)
    connection.execute(
        text("insert into ops.schema_migrations values (:version, :name, :digest, :now)"),
        {
            "version": migration.version,
            "name": migration.name,
            "digest": migration.digest,
            "now": clock.now(),
        },
    )


def _present(connection: Connection) -> dict[int, str]:
    rows = connection.execute(text("select version, file_sha256 from ops.schema_migrations"))
    return {row.version: row.file_sha256 for row in rows}


def _refuse_mismatch(present: dict[int, str], wanted: list[Migration]) -> None:
    known = {migration.version: migration for migration in wanted}
    for version, digest in sorted(present.items()):
        if version not in known:
            raise SchemaVersionError(
                f"the database was migrated to version {version:04d}, this code knows up to "
                f"{max(known, default=0):04d}; use the newer code, or restore a backup"
            )
        if known[version].digest != digest:
            raise SchemaVersionError(
                f"migration {version:04d}_{known[version].name} was edited after it was applied; "
                "restore the file and add a new migration"
            )


def _run(connection: Connection, source: str) -> None:
    """Execute a script of several statements; the driver takes it as it is, without parameters."""
    connection.exec_driver_sql(source.replace("%", "%%") if "%" in source else source)
