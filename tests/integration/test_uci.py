"""The UCI months under their own configuration: every row of the file is found again, every reason adds up."""

import gzip
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from orderhub import paths
from orderhub.clock import FixedClock
from orderhub.config.models import MerchantConfig
from orderhub.config.store import apply_directory
from orderhub.db.engine import Database
from orderhub.fulfillment.close import close_due
from orderhub.fulfillment.cutoffs import request_extra
from orderhub.fulfillment.manifest_files import publish
from orderhub.fulfillment.run import run_fulfillment
from orderhub.fulfillment.stock import import_stock
from orderhub.operate.verify import verify
from orderhub.platforms.spreadsheet import FileCounts, extract_shop
from orderhub.quality.audit import audit_pass
from orderhub.settings import Settings
from orderhub.transform.run import run_transform

EXAMPLE = paths.project_root() / "examples" / "uci"
DATA = (
    Path(os.environ.get("ORDERHUB_SHARED_DATA") or paths.project_root().parent / "shared" / "data")
    / "uci-online-retail"
    / "online_retail_2010-12_2011-08.csv.gz"
)
SAMPLE_ROWS = 6_000
NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
#: What the data's README says of the whole file.
PUBLISHED = {
    "rows": 320_705,
    "orders": 16_459,
    "cancellation_document": 5_847,
    "negative_quantity_outside_cancellations": 925,
    "zero_price": 1_797,
    "negative_price": 2,
    "anonymous_customer": 88_652,
    "missing_title": 1_161,
    "duplicate_row": 2_483,
    "disagreeing_orders": 38,
}
needs_data = pytest.mark.skipif(
    not DATA.is_file(),
    reason=f"{DATA.name} is not here; set ORDERHUB_SHARED_DATA to the folder of reference data",
)


@dataclass
class Replay:
    """A file that went through, with what an independent count says of it."""

    database: Database
    clock: FixedClock
    settings: Settings
    config: MerchantConfig
    file: Path
    stock: Path
    expected: dict[str, int]
    taken: FileCounts


@dataclass
class Prepared:
    """A file, what a merchant would have beside it, and the independent count."""

    file: Path
    config: Path
    stock: Path
    expected: dict[str, int]


def prepare(folder: Path, rows: int | None) -> Prepared:
    file = folder / "online_retail.csv"
    with gzip.open(DATA, "rt", encoding="utf-8") as source, file.open("w", encoding="utf-8") as copy:
        copy.writelines(islice(source, None if rows is None else rows + 1))
    run_script("derive.py", file, folder)
    expected = json.loads(run_script("count_reasons.py", file))
    return Prepared(file, folder / "config", folder / "stock.csv", expected)


def replay(database: Database, home: Path, prepared: Prepared) -> Replay:
    settings = Settings(home=home, database_url=SecretStr("not used"), hash_key=SecretStr("test key"))
    clock = FixedClock(NOW)
    config = apply_directory(database, clock, prepared.config, home, "test")
    taken = drop(prepared.file, database, clock, settings, config)
    run_transform(database, clock, config)
    return Replay(database, clock, settings, config, prepared.file, prepared.stock, prepared.expected, taken)


def run_script(name: str, *arguments: Path) -> str:
    return subprocess.run(
        [sys.executable, str(EXAMPLE / name), *map(str, arguments)],
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def drop(
    file: Path, database: Database, clock: FixedClock, settings: Settings, config: MerchantConfig
) -> FileCounts:
    folder = settings.drop / "uci"
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / file.name
    target.write_bytes(file.read_bytes())
    rested = (clock.now() - timedelta(minutes=1)).timestamp()
    os.utime(target, (rested, rested))
    return extract_shop(database, clock, settings, config.shop("uci"))


def rows_by_reason(database: Database) -> dict[str, int]:
    """Rows of the file per rule: a doubtful line is one row, a doubtful order all its rows."""
    with database.read() as connection:
        found = connection.execute(
            text(
                "select rule_id, count(*) from core.anomalies a join core.order_lines l on l.order_id = a.order_id "
                "and (a.subject_type = 'order' or l.line_id = a.line_id) where a.state = 'open' group by rule_id"
            )
        )
        return {row.rule_id: row.count for row in found}


def number(database: Database, query: str) -> int:
    with database.read() as connection:
        return int(connection.execute(text(query)).scalar_one())


@pytest.fixture(scope="module")
def prepared_sample(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    return prepare(tmp_path_factory.mktemp("uci"), SAMPLE_ROWS)


@pytest.fixture
def sample(database: Database, tmp_path: Path, prepared_sample: Prepared) -> Replay:
    return replay(database, tmp_path / "home", prepared_sample)


def assert_adds_up(replayed: Replay) -> None:
    expected, database = replayed.expected, replayed.database
    stored = {
        "rows": number(database, "select count(*) from core.order_lines"),
        "orders": number(database, "select count(*) from core.orders"),
        "negative_quantity_outside_cancellations": number(
            database,
            "select count(*) from core.anomalies q where rule_id = 'bad_quantity' and state = 'open' and not exists "
            "(select from core.anomalies c where c.order_id = q.order_id and c.rule_id = 'cancellation_document')",
        ),
        "disagreeing_orders": number(
            database,
            "select count(*) from core.anomalies where rule_id = 'disagreeing_rows' and state = 'open'",
        ),
        "skus": number(database, "select count(distinct sku_id) from core.order_lines"),
        **rows_by_reason(database),
    }

    assert {name: rows for name, rows in expected.items() if rows and name != "ships"} == stored
    assert (expected["rows"], expected["rows"]) == (replayed.taken.rows_read, replayed.taken.rows_accepted)


@needs_data
def test_a_sample_adds_up_per_reason(sample: Replay) -> None:
    assert_adds_up(sample)


@needs_data
def test_dropping_the_same_bytes_again_stages_nothing(sample: Replay) -> None:
    again = drop(sample.file, sample.database, sample.clock, sample.settings, sample.config)

    assert FileCounts(files_known=1) == again


@needs_data
def test_address_rules_say_nothing_of_a_shop_without_addresses(sample: Replay) -> None:
    judged = number(
        sample.database,
        "select coalesce(sum(evaluated_count), 0) from ops.check_verdicts "
        "where rule_id in ('missing_region', 'vague_address', 'invalid_phone')",
    )

    assert 0 == judged


@needs_data
def test_great_expectations_says_the_same_of_the_same_rows(sample: Replay) -> None:
    last_pass = number(sample.database, "select max(pass_id) from ops.passes where kind = 'transform'")

    audit_pass(sample.database, sample.clock, sample.config, last_pass)

    differing = """
        select rule_id, failed_count, audited_failed_count from ops.check_verdicts
        where judged_count > 0 and audited_failed_count is distinct from failed_count"""
    with sample.database.read() as connection:
        assert [] == [tuple(row) for row in connection.execute(text(differing))]
    assert number(sample.database, "select count(*) from ops.check_verdicts") > 20


def fulfill(replayed: Replay) -> list[str]:
    """Import the stock, route, and close one extra cut-off per building; return the manifests."""
    database, clock, config = replayed.database, replayed.clock, replayed.config
    import_stock(database, clock, replayed.stock, "test")
    run_fulfillment(database, clock, config)
    for warehouse in config.warehouses:
        request_extra(database, clock, config, warehouse.id, "test")
    return [closed.manifest_id for closed in close_due(database, clock, config, {})]


def assert_ships_all_that_may(replayed: Replay) -> None:
    manifests = fulfill(replayed)

    handed_over = number(replayed.database, "select count(*) from core.manifest_lines")
    assert (2, replayed.expected["ships"]) == (len(manifests), handed_over)
    assert [] == [result for result in verify(replayed.database) if result.count]


@needs_data
def test_every_line_without_a_reason_against_it_reaches_a_manifest(sample: Replay) -> None:
    assert_ships_all_that_may(sample)


@needs_data
def test_the_building_is_chosen_by_country(sample: Replay) -> None:
    fulfill(sample)

    with sample.database.read() as connection:
        found = connection.execute(
            text(
                "select distinct f.warehouse_id, r.province from core.fulfillment_orders f "
                "join core.receivers r using (order_id) where r.province in ('United Kingdom', 'France', 'Australia')"
            )
        )
        buildings = {row.province: row.warehouse_id for row in found}
    assert {"United Kingdom": "london", "France": "rotterdam", "Australia": "london"} == buildings


@needs_data
def test_manifest_files_are_published(sample: Replay) -> None:
    manifests = fulfill(sample)

    for name in manifests:
        publish(sample.database, sample.clock, sample.settings, {"manifest_id": name})

    lists = sorted(sample.settings.manifests.rglob("shipping_list.csv"))
    handed_over = sum(len(file.read_text(encoding="utf-8-sig").splitlines()) - 1 for file in lists)
    assert (2, sample.expected["ships"]) == (len(lists), handed_over)


@needs_data
@pytest.mark.slow
def test_the_whole_file_adds_up_to_the_published_figures(database: Database, tmp_path: Path) -> None:
    replayed = replay(database, tmp_path / "home", prepare(tmp_path, None))

    assert PUBLISHED == {name: replayed.expected[name] for name in PUBLISHED}
    assert_adds_up(replayed)
    assert_ships_all_that_may(replayed)
