"""The UCI months dropped day by day, as a merchant would, give what one drop of everything gives."""

import csv
import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from orderhub.clock import FixedClock
from orderhub.config.store import apply_directory
from orderhub.db.engine import Database
from orderhub.db.postgres import Server
from orderhub.settings import Settings
from orderhub.transform.run import run_transform
from tests.builders import rows
from tests.conftest import PASSWORDS, create_database
from tests.integration.test_uci import SAMPLE_ROWS, Prepared, drop, needs_data, prepare

FIRST_DROP = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
#: Columns that say when and with which load or pass a row came; a file's orders are modified when it is accepted.
WHEN = (
    "version_id", "merge_key", "checked_version", "modified_at", "first_seen_at", "anomaly_id", "hold_id",
    "_pass_id", "_checked_pass_id", "_load_id", "_seen_at",
)  # fmt: skip
TABLES = ("orders", "order_lines", "receivers", "anomalies")


@pytest.fixture
def another(server: Server, admin: Database) -> Iterator[Database]:
    """A second fresh database, for the drops day by day."""
    create_database(admin, "uci_days")
    opened = Database(server.url("uci_days", "orderhub_app", PASSWORDS.app), "tests")
    yield opened
    opened.close()
    with admin.session() as session:
        session.execute(text("drop database uci_days with (force)"))


def days_of(file: Path, folder: Path) -> list[Path]:
    """Write one file per day, an invoice whole on the day of its first row, and return them in order."""
    with file.open(encoding="utf-8", newline="") as source:
        header, *table = csv.reader(source)
    number, date = header.index("InvoiceNo"), header.index("InvoiceDate")
    first: dict[str, str] = {}
    for row in table:
        first.setdefault(row[number], row[date][:10])
    files = []
    for day, of_day in groupby(
        sorted(table, key=lambda row: first[row[number]]), lambda row: first[row[number]]
    ):
        target = folder / f"orders-{day.replace('/', '-')}.csv"
        with target.open("w", encoding="utf-8", newline="") as written:
            csv.writer(written, lineterminator="\n").writerows([header, *of_day])
        files.append(target)
    return files


def drop_all(database: Database, home: Path, prepared: Prepared, files: list[Path]) -> None:
    """Drop one file a day, each followed by a pass."""
    settings = Settings(
        home=home,
        database_url=SecretStr("not used"),
        hash_key=SecretStr("test key"),
        token_key=SecretStr("not used"),
    )
    clock = FixedClock(FIRST_DROP)
    config = apply_directory(database, clock, prepared.config, home, "test")
    for file in files:
        drop(file, database, clock, settings, config)
        run_transform(database, clock, config)
        clock.move(timedelta(days=1))


def digests(database: Database) -> dict[str, tuple[int, str]]:
    """Return table → rows and hash over all of them, without the columns that say when a row came."""
    removed = " - ".join(f"'{column}'" for column in WHEN)
    found = {}
    for table in TABLES:
        lines = sorted(
            str(row) for row in rows(database, f"select to_jsonb(t) - {removed} from core.{table} t")
        )
        found[table] = (len(lines), hashlib.sha256("\n".join(lines).encode()).hexdigest())
    return found


def assert_days_equal_one_drop(one: Database, another: Database, folder: Path, prepared: Prepared) -> None:
    (folder / "days").mkdir()
    days = days_of(prepared.file, folder / "days")

    drop_all(one, folder / "one", prepared, [prepared.file])
    drop_all(another, folder / "other", prepared, days)

    assert len(days) > 1
    assert digests(one)["order_lines"][0] == prepared.expected["rows"]
    assert digests(one) == digests(another)


@needs_data
def test_a_sample_day_by_day_equals_one_drop(database: Database, another: Database, tmp_path: Path):
    assert_days_equal_one_drop(database, another, tmp_path, prepare(tmp_path, SAMPLE_ROWS))


@needs_data
@pytest.mark.slow
def test_all_months_day_by_day_equal_one_drop(database: Database, another: Database, tmp_path: Path):
    assert_days_equal_one_drop(database, another, tmp_path, prepare(tmp_path, None))


@needs_data
def test_a_day_that_is_left_out_is_seen(database: Database, another: Database, tmp_path: Path):
    """Negative control: the comparison would notice a lost day."""
    prepared = prepare(tmp_path, SAMPLE_ROWS)
    days = days_of(prepared.file, tmp_path)

    drop_all(database, tmp_path / "one", prepared, [prepared.file])
    drop_all(another, tmp_path / "other", prepared, days[:-1])

    assert digests(database) != digests(another)
