"""The goods master at work: SKUs as typed, bundles and their parts, services, and mappings that arrive late."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from orderhub.config.goods import warnings_of
from orderhub.config.models import MerchantConfig
from orderhub.config.store import apply_directory
from orderhub.db.engine import Database
from orderhub.errors import StopError
from orderhub.quality.correct import Correction, correct, undo_correction
from orderhub.transform.run import is_work_pending, run_transform
from tests.builders import rows
from tests.transform.payloads import StoppedClock, stage, trade

CLOCK = StoppedClock()
SKUS = """\
sku_id,name,weight_g,list_price,kind
SKU-TS001,T恤,200,129.00,goods
SKU-SOCK,棉袜,80,39.00,goods
SKU-HAT,帽子,90,59.00,goods
SKU-SET,礼盒,,199.00,bundle
SKU-DIFF,补差价,,,service
"""
BUNDLES = """\
bundle_sku_id,part_sku_id,quantity
SKU-SET,SKU-TS001,1
SKU-SET,SKU-SOCK,2
SKU-SET,SKU-HAT,1
"""
MAPPINGS = """\
mapping_id,shop_id,platform_sku,sku_id
m0,*,HAT,sku-hat
m1,*,TS-001-BLK-M,sku-ts001
m2,*,SET-1,SKU-SET
m3,*,DIFF,SKU-DIFF
"""
FILES = {"skus.csv": SKUS, "bundles.csv": BUNDLES, "sku_mappings.csv": MAPPINGS}
LINES = "select line_id, parent_line_id, sku_id, kind, quantity, paid_fen from core.order_lines order by line_no, line_id"
BLOCKED = "select line_id, blocked_by from core.line_readiness order by 1"
TID = "2160451543726114828"


def apply(database: Database, directory: Path, **files: str) -> MerchantConfig:
    for name, content in files.items():
        (directory / name.replace("_csv", ".csv")).write_text(content, encoding="utf-8")
    return apply_directory(database, CLOCK, directory, directory.parent, "test")


@pytest.fixture
def config(database: Database, directory: Path) -> MerchantConfig:
    """The applied files of this page: three goods, one bundle, one service."""
    for name, content in FILES.items():
        (directory / name).write_text(content, encoding="utf-8")
    return apply_directory(database, CLOCK, directory, directory.parent, "test")


def mapped(database: Database, config: MerchantConfig, *trades: dict[str, Any]) -> None:
    stage(database, list(trades), "tb")
    run_transform(database, CLOCK, config)


def test_sku_is_spelled_as_in_the_goods_master(database: Database, config: MerchantConfig):
    mapped(database, config, trade(line_outer_sku_id="ts-001-blk-m"))

    assert rows(database, "select sku_id from core.order_lines") == [("SKU-TS001",)]


def test_missing_weight_is_assumed_and_said(database: Database, config: MerchantConfig):
    weights = rows(database, "select sku_id, weight_g from core.skus where is_weight_assumed order by 1")

    assert weights == [("SKU-DIFF", 500), ("SKU-SET", 500)]
    assert warnings_of(config)[:1] == ["skus.csv: SKU-SET: weight_g 空,按 500 克 / assumed"]


def test_bundle_becomes_its_parts_and_the_last_takes_the_fen_that_are_left(
    database: Database, config: MerchantConfig
):
    mapped(
        database, config, trade(line_outer_sku_id="SET-1", line_divide_order_fee="100.01", payment="100.01")
    )

    assert rows(database, LINES) == [
        (TID, None, "SKU-SET", "bundle", 2, 10001),
        (f"{TID}~p1", TID, "SKU-TS001", "bundle_part", 2, 4850),
        (f"{TID}~p2", TID, "SKU-SOCK", "bundle_part", 4, 2932),
        (f"{TID}~p3", TID, "SKU-HAT", "bundle_part", 2, 2219),
    ]


def test_parts_ship_and_their_bundle_needs_nothing(database: Database, config: MerchantConfig):
    mapped(database, config, trade(line_outer_sku_id="SET-1"))

    assert rows(database, BLOCKED) == [
        (TID, "line_is_bundle"),
        (f"{TID}~p1", None),
        (f"{TID}~p2", None),
        (f"{TID}~p3", None),
    ]
    assert rows(database, "select rule_id from core.holds") == []


def test_service_needs_no_stock_and_ends_at_once(database: Database, config: MerchantConfig):
    mapped(database, config, trade(line_outer_sku_id="DIFF"))

    assert rows(database, "select l.kind, b.bucket from core.order_lines l join core.order_buckets b using (order_id, line_id)") == [
        ("service", "closed")
    ]  # fmt: skip


def test_refund_of_a_bundle_stops_its_parts(database: Database, config: MerchantConfig):
    from tests.transform.test_refunds import refund, stage_refunds

    mapped(database, config, trade(line_outer_sku_id="SET-1"))
    stage_refunds(database, refund(status="SUCCESS"))
    run_transform(database, CLOCK, config)

    assert {reason for _, reason in rows(database, BLOCKED)} == {"line_stopped"}


def test_line_waits_for_its_mapping_and_goes_on_by_itself_as_a_bundle(
    database: Database, config: MerchantConfig, directory: Path
):
    mapped(database, config, trade(line_outer_sku_id="SET-9"))
    before = rows(database, BLOCKED)

    counts = run_transform(
        database, CLOCK, apply(database, directory, sku_mappings_csv=MAPPINGS + "m9,tb,set-9,sku-set\n")
    )

    assert before == [(TID, "line_held")]
    assert (counts.lines_remapped, [reason for _, reason in rows(database, BLOCKED)]) == (
        1,
        ["line_is_bundle", None, None, None],
    )


def test_goods_that_the_master_comes_to_call_a_bundle_are_taken_apart(
    database: Database, config: MerchantConfig, directory: Path
):
    as_goods = SKUS.replace("199.00,bundle", "199.00,goods")
    mapped(
        database,
        apply(database, directory, skus_csv=as_goods, bundles_csv=BUNDLES.splitlines()[0] + "\n"),
        trade(line_outer_sku_id="SET-1"),
    )
    before = rows(database, BLOCKED)

    counts = run_transform(database, CLOCK, apply(database, directory, skus_csv=SKUS, bundles_csv=BUNDLES))

    assert before == [(TID, None)]
    assert (counts.lines_remapped, len(rows(database, BLOCKED))) == (1, 4)


@pytest.mark.parametrize("what", [{"quantity": 1}, {"sku_id": "SKU-HAT"}])
def test_bundle_is_corrected_by_its_parts(database: Database, config: MerchantConfig, what: dict[str, Any]):
    mapped(database, config, trade(line_outer_sku_id="SET-1", line_num=2))

    with pytest.raises(StopError, match=f"{TID}~p1, {TID}~p2, {TID}~p3"):
        correct(database, CLOCK, config, SecretStr("k"), Correction(f"tb/{TID}", "少发", "li", TID, **what))


def test_line_of_a_service_is_not_corrected_into_goods(database: Database, config: MerchantConfig):
    mapped(database, config, trade(line_outer_sku_id="DIFF"))
    given = Correction(f"tb/{TID}", "其实是货", "li", TID, sku_id="SKU-TS001")

    with pytest.raises(StopError, match="is a service, nothing is sent for it"):
        correct(database, CLOCK, config, SecretStr("k"), given)


def test_sku_of_a_bundle_or_a_service_is_no_correction(database: Database, config: MerchantConfig):
    mapped(database, config, trade(line_outer_sku_id="ts-001-blk-m"))

    with pytest.raises(StopError, match="SKU-SET is a bundle"):
        correct(
            database, CLOCK, config, SecretStr("k"),
            Correction(f"tb/{TID}", "换货", "li", TID, sku_id="SKU-SET"),
        )  # fmt: skip


def test_part_of_a_bundle_that_was_corrected_stands_through_a_later_pull(
    database: Database, config: MerchantConfig
):
    mapped(database, config, trade(line_outer_sku_id="SET-1", line_num=2))
    correct(
        database,
        CLOCK,
        config,
        SecretStr("k"),
        Correction(f"tb/{TID}", "少发", "li", f"{TID}~p2", quantity=3),
    )

    mapped(database, config, trade(line_outer_sku_id="SET-1", line_num=2, modified="2026-11-20 10:00:00"))

    assert rows(database, "select quantity from core.order_lines where line_id like '%~p2'") == [(3,)]


def put_right(database: Database, config: MerchantConfig, **what: Any) -> int:
    given = Correction(f"tb/{TID}", "买家来电", "li", TID, **what)
    return correct(database, CLOCK, config, SecretStr("k"), given).correction_id


PARTS = "select line_id, quantity from core.order_lines where kind = 'bundle_part' order by 1"
LATER = "2026-11-20 {:02d}:00:00".format


def test_quantity_that_was_corrected_before_the_line_became_a_bundle_is_that_of_its_parts(
    database: Database, config: MerchantConfig, directory: Path
):
    unmapped = {"line_outer_sku_id": "SET-9", "line_num": 2}
    mapped(database, config, trade(**unmapped))
    put_right(database, config, quantity=3)
    run_transform(database, CLOCK, config)
    arrived = apply(database, directory, sku_mappings_csv=MAPPINGS + "m9,tb,set-9,sku-set\n")

    run_transform(database, CLOCK, arrived)
    at_once = rows(database, PARTS)
    mapped(database, arrived, trade(**unmapped, modified=LATER(10), seller_memo="谢谢"))
    later = rows(database, PARTS)
    mapped(database, arrived, trade(**{**unmapped, "line_num": 5}, modified=LATER(11)))

    assert at_once == [(f"{TID}~p1", 3), (f"{TID}~p2", 6), (f"{TID}~p3", 3)]
    assert (later, rows(database, PARTS)) == (at_once, at_once)
    assert rows(database, "select evidence ->> 'platform_says' from core.anomalies where rule_id = 'correction_conflict'") == [
        ("5; 10; 5",)
    ]  # fmt: skip


def test_sku_that_was_named_before_the_line_became_a_bundle_is_what_is_sent(
    database: Database, config: MerchantConfig, directory: Path
):
    mapped(database, config, trade(line_outer_sku_id="SET-9"))
    correction_id = put_right(database, config, sku_id="SKU-HAT")
    run_transform(database, CLOCK, config)
    arrived = apply(database, directory, sku_mappings_csv=MAPPINGS + "m9,tb,set-9,sku-set\n")

    mapped(database, arrived, trade(line_outer_sku_id="SET-9", modified=LATER(10), seller_memo="谢谢"))
    named = rows(database, LINES)
    undo_correction(database, CLOCK, correction_id, "还是礼盒", "li")
    run_transform(database, CLOCK, arrived)

    assert named == [(TID, None, "SKU-HAT", "goods", 2, 22800)]
    assert [kind for (kind,) in rows(database, "select kind from core.order_lines order by line_id")] == [
        "bundle", *["bundle_part"] * 3
    ]  # fmt: skip


def test_sku_that_a_person_named_stays_when_the_master_comes_to_call_it_a_bundle(
    database: Database, config: MerchantConfig, directory: Path
):
    as_goods = SKUS.replace("199.00,bundle", "199.00,goods")
    before = apply(database, directory, skus_csv=as_goods, bundles_csv=BUNDLES.splitlines()[0] + "\n")
    mapped(database, before, trade(line_outer_sku_id="ts-001-blk-m"))
    said = Correction(f"tb/{TID}", "换货", "li", TID, sku_id="SKU-SET")
    correct(database, CLOCK, before, SecretStr("k"), said)
    run_transform(database, CLOCK, before)

    run_transform(database, CLOCK, apply(database, directory, skus_csv=SKUS, bundles_csv=BUNDLES))

    assert rows(database, LINES) == [(TID, None, "SKU-SET", "goods", 2, 22800)]


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("m1,*,TS-001-BLK-M,SKU-SOCK", "m1,*,TS-001-BLK-M,SKU-TS001"),
        ("m1,*,TS-001-BLK-M,SKU-DIFF", "m1,*,TS-001-BLK-M,SKU-TS001"),
        ("m1,*,TS-001-BLK-M,SKU-SET", "m1,*,TS-001-BLK-M,SKU-TS001"),
        ("m1,*,TS-001-BLK-M,SKU-SOCK", "m1,*,TS-001-BLK-M,SKU-SOCK\nm9,tb,TS-001-BLK-M,SKU-TS001"),
        ("m1,*,4600000000001,SKU-SOCK", "m1,*,4600000000001,SKU-SOCK\nm9,*,TS-001-BLK-M,SKU-TS001"),
    ],
)
def test_what_waits_follows_a_mapping_that_was_put_right(
    database: Database, config: MerchantConfig, directory: Path, wrong: str, right: str
):
    head = MAPPINGS.splitlines()[0] + "\n"
    mapped(database, apply(database, directory, sku_mappings_csv=head + wrong + "\n"), trade())
    applied = apply(database, directory, sku_mappings_csv=head + right + "\n")
    pending = is_work_pending(database)

    run_transform(database, CLOCK, applied)

    assert (pending, is_work_pending(database)) == (True, False)
    assert rows(database, LINES) == [(TID, None, "SKU-TS001", "goods", 2, 22800)]


def test_goods_that_the_master_called_a_service_by_mistake_are_sent(
    database: Database, config: MerchantConfig, directory: Path
):
    as_service = SKUS.replace("129.00,goods", "129.00,service").replace("SKU-TS001,T恤,200", "SKU-TS001,T恤,")
    parts = BUNDLES.replace("SKU-SET,SKU-TS001,1\n", "")
    mapped(database, apply(database, directory, skus_csv=as_service, bundles_csv=parts), trade())
    before = rows(database, BLOCKED)

    run_transform(database, CLOCK, apply(database, directory, skus_csv=SKUS, bundles_csv=BUNDLES))

    assert (before, rows(database, BLOCKED)) == ([(TID, "line_is_service")], [(TID, None)])


def test_what_a_code_sold_keeps_its_goods_when_no_row_maps_it_any_more(
    database: Database, config: MerchantConfig, directory: Path
):
    mapped(database, config, trade())
    before = rows(database, LINES)

    run_transform(
        database, CLOCK, apply(database, directory, sku_mappings_csv=MAPPINGS.splitlines()[0] + "\n")
    )

    assert rows(database, LINES) == before
