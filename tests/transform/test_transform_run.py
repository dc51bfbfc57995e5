from pathlib import Path

import pytest

from orderhub import paths
from orderhub.config.models import MerchantConfig
from orderhub.config.store import apply_directory
from orderhub.db.engine import Database
from orderhub.db.leases import hold_scope
from orderhub.errors import LeaseTaken
from orderhub.fulfillment.golive import confirm
from orderhub.transform.passes import TransformCounts
from orderhub.transform.run import is_work_pending, run_transform
from tests.builders import rows
from tests.transform.payloads import StoppedClock, stage, trade

CLOCK = StoppedClock()
WRITTEN = "select xmin::text, to_jsonb(t) from core.{} t order by 1, 2"
TABLES = ("orders", "order_lines", "receivers", "anomalies", "holds")


def judged(counts: TransformCounts) -> int:
    assert counts.checks is not None
    return counts.checks.judged_orders


def again(database: Database, directory: Path) -> MerchantConfig:
    return apply_directory(database, CLOCK, directory, directory.parent, "test")


def test_second_run_finds_nothing_and_writes_no_row(database: Database, config: MerchantConfig):
    stage(database, [trade("1"), trade("2", payment="0.00"), trade("3", line_outer_sku_id="UNKNOWN")], "tb")
    first = run_transform(database, CLOCK, config)
    before = [rows(database, WRITTEN.format(table)) for table in TABLES]

    second = run_transform(database, CLOCK, config)

    assert (first.loads, first.versions, first.orders_changed, first.lines) == (1, 3, 3, 3)
    assert (second.loads, second.versions, second.orders_changed, second.lines, judged(second)) == (
        0,
        0,
        0,
        0,
        0,
    )
    assert before == [rows(database, WRITTEN.format(table)) for table in TABLES]


def test_work_is_pending_until_a_pass_has_taken_it(database: Database, config: MerchantConfig):
    said = [is_work_pending(database)]
    stage(database, [trade()], "tb")
    said.append(is_work_pending(database))
    run_transform(database, CLOCK, config)
    said.append(is_work_pending(database))

    assert said == [False, True, False]


def test_pass_that_was_never_finished_has_taken_nothing(
    database: Database, owner: Database, config: MerchantConfig
):
    load_id = stage(database, [trade()], "tb")
    with owner.engine.begin() as connection:
        connection.exec_driver_sql("insert into ops.passes (kind, started_at) values ('transform', now())")
        connection.exec_driver_sql(f"insert into ops.pass_loads select pass_id, {load_id} from ops.passes")

    assert run_transform(database, CLOCK, config).versions == 1


def test_two_passes_never_run_at_once(database: Database, config: MerchantConfig):
    with hold_scope(database, "transform"), pytest.raises(LeaseTaken):
        run_transform(database, CLOCK, config)


def test_broken_field_map_pauses_its_platform_only_and_is_mailed_once(
    database: Database, config: MerchantConfig, directory: Path
):
    own = directory / "platforms" / "taobao" / "fields.csv"
    own.parent.mkdir(parents=True)
    shipped = (paths.platforms_directory() / "taobao" / "fields.csv").read_text(encoding="utf-8")
    own.write_text(shipped.replace("tid_str|tid,text", "tid_str|tid,txet"), encoding="utf-8")
    broken = again(database, directory)
    stage(database, [trade()], "tb")
    mails = "select payload ->> 'text' from ops.outbox where outbox_id like 'mail:alert:broken_platform:%'"

    counts = [run_transform(database, CLOCK, broken) for _ in range(2)]

    said = "platforms/taobao/fields.csv:3: converter: 'txet' is not known; did you mean 'text'?"
    assert [c.skipped_platforms for c in counts] == [{"taobao": said}] * 2
    [(text,)] = rows(database, mails)
    assert said in text
    own.write_text(shipped, encoding="utf-8")
    assert run_transform(database, CLOCK, again(database, directory)).versions == 1
    assert rows(database, "select rule_id from ops.alerts where closed_at is null") == []


def test_mapping_that_comes_later_frees_the_line_that_waited(
    database: Database, config: MerchantConfig, directory: Path
):
    stage(database, [trade(line_outer_sku_id="mug-2")], "tb")
    run_transform(database, CLOCK, config)
    unmapped = rows(database, "select sku_id from core.order_lines")
    file = directory / "sku_mappings.csv"
    file.write_text(file.read_text(encoding="utf-8") + "m2,tb,MUG-2,SKU-MUG2\n", encoding="utf-8")
    later = again(database, directory)
    pending = is_work_pending(database)

    counts = run_transform(database, CLOCK, later)

    assert (unmapped, pending) == ([(None,)], True)
    assert (counts.lines_remapped, judged(counts)) == (1, 1)
    assert rows(database, "select sku_id, sku_mapping_id from core.order_lines") == [("SKU-MUG2", "m2")]


@pytest.mark.parametrize(
    "extra, decided",
    [
        ("m2,tb,TS-001-BLK-M,HERE\n", "m2"),
        ("m2,tb,4600000000001,HERE\n", "m1"),
        ("m2,tb,OTHER,HERE\n", "m1"),
    ],
)
def test_shop_beats_all_shops_and_code_beats_platform_sku(
    database: Database, config: MerchantConfig, directory: Path, extra: str, decided: str
):
    file = directory / "sku_mappings.csv"
    file.write_text(file.read_text(encoding="utf-8") + extra, encoding="utf-8")
    stage(database, [trade()], "tb")

    run_transform(database, CLOCK, again(database, directory))

    assert rows(database, "select sku_mapping_id from core.order_lines") == [(decided,)]


@pytest.mark.parametrize(
    "status, placed, lifecycle",
    [
        ("TRADE_FINISHED", "2025-12-31 23:59:59", "history"),
        ("WAIT_SELLER_SEND_GOODS", "2025-12-31 23:59:59", "to_confirm"),
        ("WAIT_BUYER_PAY", "2025-12-31 23:59:59", "to_confirm"),
        ("WAIT_SELLER_SEND_GOODS", "2026-01-01 00:00:00", "live"),
        ("TRADE_FINISHED", "2026-01-01 00:00:00", "live"),
    ],
)
def test_orders_from_before_go_live_are_never_shipped_unasked(
    database: Database, config: MerchantConfig, status: str, placed: str, lifecycle: str
):
    stage(database, [trade(status=status, created=placed)], "tb")

    run_transform(database, CLOCK, config)

    assert rows(database, "select lifecycle from core.orders") == [(lifecycle,)]


def test_decision_of_a_person_to_ship_survives_the_next_version(database: Database, config: MerchantConfig):
    stage(database, [trade("7", created="2025-12-31 23:00:00", modified="2026-01-02 10:00:00")], "tb")
    run_transform(database, CLOCK, config)
    confirm(database, CLOCK, ["tb/7"], "test")
    stage(database, [trade("7", created="2025-12-31 23:00:00", modified="2026-01-02 11:00:00")], "tb")

    run_transform(database, CLOCK, config)

    assert rows(database, "select lifecycle from core.orders") == [("live",)]
