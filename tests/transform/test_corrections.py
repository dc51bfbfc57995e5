"""What a person put right stands through later pulls, is judged, and is held when the platform disagrees."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from orderhub.clock import FixedClock
from orderhub.config.models import MerchantConfig
from orderhub.config.store import apply_directory
from orderhub.db.engine import Database
from orderhub.errors import StopError
from orderhub.operate.explain import explain
from orderhub.quality.correct import Correction, correct, undo_correction
from orderhub.quality.decide import Choice, Decision, decide
from orderhub.transform.run import run_transform
from tests.builders import rows, shops_file
from tests.transform.payloads import NOW, StoppedClock, stage, trade

CLOCK = StoppedClock()
KEY = SecretStr("test")
LATER = "2026-11-20 10:00:00"
MAPPINGS = "mapping_id,shop_id,platform_sku,sku_id\nm1,*,ts-001-blk-m,SKU-TS001\nm2,*,other,SKU-TS002\n"
ADDRESS = "浙江省杭州市余杭区五常街道文一西路969号3幢402室"
LINE = "select quantity, sku_id from core.order_lines"
ANOTHER_LINE = {"line_oid": 9, "line_oid_str": "9"}
SKUS = "sku_id,name,kind\nSKU-TS001,T恤,goods\nSKU-TS002,袜子,goods\nSKU-BAG,帆布袋,gift\n"
GIFTS = "rule_id,gift_sku_id,quantity,shop_id,sku_id,min_amount,since,until,first\ng1,SKU-BAG,1,tb,SKU-TS001,,,,\n"
WHERE = "select district, address_masked, address_verdict from core.receivers"
CONFLICT = "select state, evidence from core.anomalies where rule_id = 'correction_conflict' order by state"


@pytest.fixture
def config(database: Database, directory: Path) -> MerchantConfig:
    """The shop `tb`, whose addresses may be corrected here, and two mapped SKUs."""
    (directory / "sku_mappings.csv").write_text(MAPPINGS, encoding="utf-8")
    (directory / "shops.yaml").write_text(shops_file(export_policy="masked"), encoding="utf-8")
    active = apply_directory(database, CLOCK, directory, directory.parent, "test")
    pull(database, active)
    return active


def pull(database: Database, config: MerchantConfig, **changes: object) -> None:
    stage(database, [trade("1", **changes)], "tb")
    run_transform(database, CLOCK, config)


def put_right(database: Database, config: MerchantConfig, **what: object) -> int:
    given = Correction("tb/1", "买家电话更正", "li", **what)  # type: ignore[arg-type] - the test's own words
    return correct(database, CLOCK, config, KEY, given).correction_id


def test_a_corrected_line_stands_after_the_next_pass_and_through_a_later_pull(
    database: Database, config: MerchantConfig
):
    put_right(database, config, line_id="1", quantity=3)
    put_right(database, config, line_id="1", sku_id="SKU-TS002")
    run_transform(database, CLOCK, config)
    after_pass = rows(database, LINE)

    pull(database, config, modified=LATER, seller_memo="备注")

    assert after_pass == [(3, "SKU-TS002")]
    assert rows(database, LINE) == [(3, "SKU-TS002")]
    assert rows(database, CONFLICT) == []


def test_a_corrected_address_stands_masked_and_is_judged(database: Database, config: MerchantConfig):
    put_right(database, config, address=ADDRESS)
    run_transform(database, CLOCK, config)
    after_pass = rows(database, WHERE)

    pull(database, config, modified=LATER, seller_memo="备注")

    assert after_pass == [("余杭区", "浙江省杭州市余杭区***", "ok")]
    assert rows(database, WHERE) == after_pass
    assert rows(database, CONFLICT) == []


def test_the_plain_address_is_nowhere(database: Database, config: MerchantConfig):
    put_right(database, config, address=ADDRESS)
    run_transform(database, CLOCK, config)

    found = rows(
        database,
        "select 1 from core.corrections c where c::text like '%文一西路%' union all "
        "select 1 from core.receivers r where r::text like '%文一西路%' union all "
        "select 1 from ops.audit a where a::text like '%文一西路%'",
    )

    assert found == []


def test_an_order_that_waits_for_its_correction_does_not_ship(database: Database, config: MerchantConfig):
    put_right(database, config, line_id="1", quantity=3)

    assert rows(database, "select blocked_by from core.line_readiness") == [("order_unchecked",)]


def test_the_platform_changing_the_same_field_holds_the_order_with_both_values(
    database: Database, config: MerchantConfig
):
    put_right(database, config, line_id="1", quantity=3)
    run_transform(database, CLOCK, config)

    pull(database, config, modified=LATER, line_num=5)

    assert rows(database, CONFLICT) == [
        ("open", {"contradicted_fields": "quantity 1", "platform_says": "5", "correction_says": "3"})
    ]
    assert rows(database, "select state from core.holds where rule_id = 'correction_conflict'") == [
        ("active",)
    ]
    assert rows(database, LINE) == [(3, "SKU-TS001")]


def test_a_quantity_is_of_the_goods_that_it_was_said_of(database: Database, config: MerchantConfig):
    put_right(database, config, line_id="1", quantity=3)
    run_transform(database, CLOCK, config)

    pull(database, config, modified=LATER, line_outer_sku_id="OTHER", line_sku_id="")

    ((state, evidence),) = rows(database, CONFLICT)
    assert (state, evidence["platform_says"]) == ("open", "2 × 635400000001|OTHER")  # type: ignore[index]


def test_an_address_conflict_shows_masks_only(database: Database, config: MerchantConfig):
    put_right(database, config, address=ADDRESS)
    run_transform(database, CLOCK, config)

    pull(database, config, modified=LATER, receiver_district="上城区", receiver_address="解*路****号")

    ((state, evidence),) = rows(database, CONFLICT)
    assert (state, evidence["contradicted_fields"]) == ("open", "address")  # type: ignore[index]
    assert "解*路" in evidence["platform_says"]  # type: ignore[index]
    assert evidence["correction_says"].startswith("浙江省杭州市余杭区*** #")  # type: ignore[index]


def test_a_released_conflict_keeps_the_correction_until_the_platform_changes_it_again(
    database: Database, config: MerchantConfig
):
    put_right(database, config, line_id="1", quantity=3)
    run_transform(database, CLOCK, config)
    pull(database, config, modified=LATER, line_num=5)
    ((hold_id,),) = rows(database, "select hold_id from core.holds where rule_id = 'correction_conflict'")
    decide(database, CLOCK, Decision(str(hold_id), Choice.RELEASE, "以更正为准", "li"))

    pull(database, config, modified="2026-11-20 11:00:00", line_num=5, seller_memo="又改备注")
    still = rows(database, "select state from core.holds where rule_id = 'correction_conflict'")
    pull(database, config, modified="2026-11-20 12:00:00", line_num=6)

    assert still == [("released",)]
    assert rows(database, "select state from core.holds where rule_id = 'correction_conflict' order by 1") == [
        ("active",), ("released",)
    ]  # fmt: skip


def test_undoing_lets_the_platforms_newest_value_stand_and_ends_the_conflict(
    database: Database, config: MerchantConfig
):
    correction_id = put_right(database, config, line_id="1", quantity=3)
    run_transform(database, CLOCK, config)
    pull(database, config, modified=LATER, line_num=5)

    undone = undo_correction(database, CLOCK, correction_id, "平台是对的", "wang")
    run_transform(database, CLOCK, config)

    assert (undone.before, undone.after) == ("3", "5")
    assert rows(database, LINE) == [(5, "SKU-TS001")]
    assert rows(database, "select state from core.holds where rule_id = 'correction_conflict'") == [
        ("closed",)
    ]


def test_an_undone_address_is_the_platforms_again(database: Database, config: MerchantConfig):
    before = rows(database, "select r.* from core.receivers r")
    correction_id = put_right(database, config, address=ADDRESS)
    run_transform(database, CLOCK, config)

    undo_correction(database, CLOCK, correction_id, "平台是对的", "wang")

    assert rows(database, "select r.* from core.receivers r") == before


def test_a_second_correction_replaces_the_first_and_its_base_is_the_platforms_value(
    database: Database, config: MerchantConfig
):
    put_right(database, config, line_id="1", quantity=3)
    run_transform(database, CLOCK, config)
    put_right(database, config, line_id="1", quantity=4)
    run_transform(database, CLOCK, config)

    said = rows(
        database, "select state, base_shown, value_shown from core.corrections order by correction_id"
    )
    assert (said, rows(database, LINE)) == (
        [("replaced", "2", "3"), ("active", "2", "4")], [(4, "SKU-TS001")]
    )  # fmt: skip


def test_a_correction_that_the_platform_takes_over_is_settled(database: Database, config: MerchantConfig):
    put_right(database, config, line_id="1", quantity=3)
    run_transform(database, CLOCK, config)

    pull(database, config, modified=LATER, line_num=3)

    assert rows(database, "select state, ended_by from core.corrections") == [("settled", "platform")]
    assert (rows(database, LINE), rows(database, CONFLICT)) == ([(3, "SKU-TS001")], [])


@pytest.mark.parametrize(
    "what, correction", [({"quantity": 3}, "quantity 1"), ({"sku_id": "SKU-TS002"}, "sku 1")]
)
def test_a_corrected_line_that_the_platform_takes_away_holds_the_order_and_is_told(
    database: Database, config: MerchantConfig, what: dict[str, object], correction: str
):
    correction_id = put_right(database, config, line_id="1", **what)
    run_transform(database, CLOCK, config)

    pull(database, config, modified=LATER, **ANOTHER_LINE)
    ((state, evidence),) = rows(database, CONFLICT)
    told = {step.what: step.text for step in explain(database, "tb/1").steps}
    undo_correction(database, CLOCK, correction_id, "这一行买家退了", "wang")
    run_transform(database, CLOCK, config)

    assert (state, evidence["contradicted_fields"], evidence["platform_says"]) == (  # type: ignore[index]
        "open", correction, "没有这一行了 / no such line any more"
    )  # fmt: skip
    assert told["corrected"].endswith("(生效中):买家电话更正;平台现在说 没有这一行了 / no such line any more")
    assert rows(database, "select state from core.corrections") == [("undone",)]
    assert rows(database, "select state from core.holds where rule_id = 'correction_conflict'") == [
        ("closed",)
    ]


def test_a_correction_lies_again_on_a_line_that_comes_back(database: Database, config: MerchantConfig):
    put_right(database, config, line_id="1", quantity=3)
    run_transform(database, CLOCK, config)
    pull(database, config, modified=LATER, **ANOTHER_LINE)

    pull(database, config, modified="2026-11-20 11:00:00")

    assert rows(database, LINE) == [(3, "SKU-TS001")]
    assert rows(database, "select state from core.holds where rule_id = 'correction_conflict'") == [
        ("closed",)
    ]


def test_a_corrected_gift_that_is_earned_no_more_is_settled(
    database: Database, directory: Path, config: MerchantConfig
):
    (directory / "skus.csv").write_text(SKUS, encoding="utf-8")
    (directory / "gifts.csv").write_text(GIFTS, encoding="utf-8")
    active = apply_directory(database, CLOCK, directory, directory.parent, "test")
    pull(database, active, modified=LATER)
    put_right(database, active, line_id="~gift:g1", quantity=3)
    run_transform(database, CLOCK, active)

    pull(database, active, modified="2026-11-20 11:00:00", line_outer_sku_id="OTHER", line_sku_id="")

    assert rows(database, "select state from core.corrections") == [("settled",)]
    assert rows(database, CONFLICT) == []


def test_a_correction_lets_an_order_go_that_was_held_for_it(database: Database, config: MerchantConfig):
    pull(database, config, modified=LATER, line_outer_sku_id="NOBODY-KNOWS")
    held = rows(database, "select rule_id, state from core.holds where rule_id = 'sku_not_mapped'")

    put_right(database, config, line_id="1", sku_id="sku-ts002")
    run_transform(database, CLOCK, config)

    assert held == [("sku_not_mapped", "active")]
    assert rows(database, "select state from core.holds where rule_id = 'sku_not_mapped'") == [("closed",)]
    assert rows(database, "select blocked_by from core.line_readiness") == [(None,)]


def test_a_token_shop_is_corrected_at_its_platform(
    database: Database, directory: Path, config: MerchantConfig
):
    (directory / "shops.yaml").write_text(shops_file(), encoding="utf-8")
    token_only = apply_directory(database, FixedClock(NOW), directory, directory.parent, "test")

    with pytest.raises(StopError, match=r"token_only\): correct the address "):
        put_right(database, token_only, address=ADDRESS)
    assert rows(database, "select count(*) from core.corrections") == [(0,)]


@pytest.mark.parametrize(
    "what, said",
    [
        ({"line_id": "1", "quantity": 0}, "must be 1 or more"),
        ({"line_id": "1", "quantity": 10**18}, "1000000 at most"),
        ({"line_id": "9", "quantity": 1}, "has no line 9"),
        ({"line_id": "1", "sku_id": "SKU-TS02"}, "neither mapped nor in stock; did you mean"),
        ({"line_id": "1", "quantity": 2}, "says 2 already"),
        ({"address": "浙江省杭州市***"}, "in full, without stars"),
        ({"line_id": "1"}, "one thing at a time"),
        ({"quantity": 3}, "one thing at a time"),
    ],
)
def test_nonsense_is_refused_and_nothing_is_kept(
    database: Database, config: MerchantConfig, what: dict[str, object], said: str
):
    with pytest.raises(StopError, match=said):
        put_right(database, config, **what)
    assert rows(database, "select count(*) from core.corrections") == [(0,)]


def test_explain_tells_what_changed_what_was_corrected_and_what_was_decided(
    database: Database, config: MerchantConfig
):
    put_right(database, config, line_id="1", quantity=3)
    run_transform(database, CLOCK, config)
    pull(database, config, modified=LATER, line_num=5)
    ((hold_id,),) = rows(database, "select hold_id from core.holds where rule_id = 'correction_conflict'")
    decide(database, CLOCK, Decision(str(hold_id), Choice.RELEASE, "以更正为准", "wang"))

    told = {step.what: step.text for step in explain(database, "tb/1").steps}

    assert told["changed"] == "行 1 新版本改了 quantity: 2 ⇒ 5"
    assert told["corrected"] == "li 更正 quantity: 2 ⇒ 3(生效中):买家电话更正;平台现在说 5"
    assert told["decided"] == "wang 放行 correction_conflict:以更正为准"
