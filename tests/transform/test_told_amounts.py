"""What is collected at the door of an order whose platform tells no amount is told by a person, as any correction is."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from orderhub.config.models import MerchantConfig
from orderhub.config.store import apply_directory
from orderhub.db.engine import Database
from orderhub.errors import StopError
from orderhub.operate.explain import explain
from orderhub.quality.correct import Correction, correct, fen_of, undo_correction
from orderhub.transform.run import run_transform
from tests.builders import rows, shops_file
from tests.transform.payloads import StoppedClock, stage, trade
from tests.transform.test_gifts import GIFTS, HEAD, SKUS

CLOCK = StoppedClock()
AMOUNT = "select paid_fen from core.orders"
UNTOLD = "select state from core.holds where rule_id = 'untold_cod_amount'"
CONFLICT = "select state, evidence from core.anomalies where rule_id = 'correction_conflict' order by state"
#: Nothing is told of the amount before the delivery, neither of the order nor of its line.
NOTHING = {"type": "cod", "payment": "0.00", "line_payment": "0.00", "line_divide_order_fee": "0.00"}
LATER, LATEST = "2026-11-20 10:00:00", "2026-11-20 11:00:00"


@pytest.fixture
def config(database: Database, directory: Path) -> MerchantConfig:
    (directory / "shops.yaml").write_text(shops_file(), encoding="utf-8")
    active = apply_directory(database, CLOCK, directory, directory.parent, "test")
    pull(database, active)
    return active


def pull(database: Database, config: MerchantConfig, **changes: object) -> None:
    stage(database, [trade("1", **{**NOTHING, **changes})], "tb")
    run_transform(database, CLOCK, config)


def tell(database: Database, config: MerchantConfig, fen: int = 22_800) -> int:
    given = Correction("tb/1", "买家电话确认", "li", amount_fen=fen)
    told = correct(database, CLOCK, config, SecretStr("test"), given)
    run_transform(database, CLOCK, config)
    return told.correction_id


def test_a_told_amount_ends_the_hold_by_itself(database: Database, config: MerchantConfig):
    held = rows(database, UNTOLD)

    tell(database, config)

    assert (held, rows(database, UNTOLD)) == ([("active",)], [("closed",)])
    assert rows(database, AMOUNT) == [(22_800,)]
    assert rows(database, "select blocked_by from core.line_readiness") == [(None,)]


def test_a_told_amount_stands_through_a_later_pull_that_tells_none(
    database: Database, config: MerchantConfig
):
    tell(database, config)

    pull(database, config, modified=LATER, payment="", seller_memo="备注")

    assert rows(database, AMOUNT) == [(22_800,)]
    assert (rows(database, UNTOLD), rows(database, CONFLICT)) == ([("closed",)], [])


def test_a_platform_that_tells_another_amount_holds_the_order_with_both(
    database: Database, config: MerchantConfig
):
    tell(database, config)

    pull(database, config, modified=LATER, payment="198.05")

    assert rows(database, AMOUNT) == [(22_800,)]
    assert rows(database, CONFLICT) == [
        ("open", {"contradicted_fields": "amount", "platform_says": "198.05", "correction_says": "228.00"})
    ]


def test_a_platform_that_tells_the_same_amount_settles_it(database: Database, config: MerchantConfig):
    tell(database, config)

    pull(database, config, modified=LATER, payment="228.00")

    assert rows(database, "select state, ended_by from core.corrections") == [("settled", "platform")]
    assert (rows(database, AMOUNT), rows(database, CONFLICT)) == ([(22_800,)], [])


def test_what_was_paid_in_the_end_is_the_platforms_word(database: Database, config: MerchantConfig):
    tell(database, config)

    pull(database, config, modified=LATER, status="TRADE_FINISHED", payment="227.90")

    assert rows(database, "select state from core.corrections") == [("settled",)]
    assert (rows(database, AMOUNT), rows(database, CONFLICT)) == ([(22_790,)], [])


def test_undoing_it_holds_the_order_again(database: Database, config: MerchantConfig):
    correction_id = tell(database, config)

    undone = undo_correction(database, CLOCK, correction_id, "记错了单", "wang")
    run_transform(database, CLOCK, config)

    assert (undone.before, undone.after) == ("228.00", "没有说 / not told")
    assert rows(database, AMOUNT) == [(0,)]
    assert rows(database, f"{UNTOLD} and state = 'active'") == [("active",)]


def test_who_told_it_and_why_is_part_of_the_orders_story(database: Database, config: MerchantConfig):
    tell(database, config)

    told = {step.what: step.text for step in explain(database, "tb/1").steps}

    assert told["corrected"] == "li 更正 amount: 没有说 / not told ⇒ 228.00(生效中):买家电话确认"


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ({"amount_fen": 0}, r"amount 0\.00: must be more than nothing; to collect nothing"),
        ({"amount_fen": -5}, "must be more than nothing"),
        ({"amount_fen": 22_800, "line_id": "1"}, "one thing at a time"),
        ({"amount_fen": 22_800, "address": "浙江省"}, "one thing at a time"),
    ],
)
def test_an_amount_that_is_none_is_refused(
    database: Database, config: MerchantConfig, what: dict[str, object], said: str
):
    with pytest.raises(StopError, match=said):
        correct(database, CLOCK, config, SecretStr("test"), Correction("tb/1", "x", "li", **what))  # type: ignore[arg-type] - the test's own words


def test_an_order_that_is_not_paid_at_the_door_has_no_amount_to_tell(
    database: Database, config: MerchantConfig
):
    pull(database, config, modified=LATER, type="fixed")

    with pytest.raises(StopError, match=r"tb/1: is not paid at the door \(payment paid\)"):
        tell(database, config)


def test_yuan_with_two_decimals_are_fen_to_the_fen():
    assert [fen_of(given) for given in ("156.00", "0.01", "9999999.99", " 8.10 ")] == [
        15_600, 1, 999_999_999, 810
    ]  # fmt: skip


@pytest.mark.parametrize("given", ["15600", "156", "156.5", "1,156.00", "¥156.00", "-1.00", "1e2", ""])
def test_an_amount_that_may_be_meant_in_fen_is_refused(given: str):
    with pytest.raises(StopError, match=r"yuan with two decimals, such as 156\.00"):
        fen_of(given)


@pytest.fixture
def giving(database: Database, directory: Path, config: MerchantConfig) -> MerchantConfig:
    """A bag for orders of 200 yuan; the order whose amount nobody told yet is known."""
    (directory / "skus.csv").write_text(SKUS, encoding="utf-8")
    (directory / "gifts.csv").write_text(HEAD + "g,SKU-BAG,,,,200,,,\n", encoding="utf-8")
    active = apply_directory(database, CLOCK, directory, directory.parent, "test")
    run_transform(database, CLOCK, active)
    return active


def test_a_gift_by_amount_is_earned_by_what_was_told_and_goes_when_that_is_undone(
    database: Database, giving: MerchantConfig
):
    untold = rows(database, GIFTS)
    told = tell(database, giving)
    earned = rows(database, GIFTS)
    pull(database, giving, seller_memo="谢谢", modified=LATER)
    still = rows(database, GIFTS)

    undo_correction(database, CLOCK, told, "听错了", "li")
    run_transform(database, CLOCK, giving)

    assert (untold, rows(database, GIFTS)) == ([], [])
    assert earned == still == [("tb/1", "~gift:g", "SKU-BAG", 1)]


@pytest.mark.parametrize(("fen", "gifts"), [(19_999, 0), (20_000, 1)])
def test_a_gift_by_amount_reads_the_last_amount_that_was_told(
    database: Database, giving: MerchantConfig, fen: int, gifts: int
):
    tell(database, giving)

    tell(database, giving, fen)

    assert len(rows(database, GIFTS)) == gifts


def test_freight_earns_no_gift_in_what_was_told_either(database: Database, giving: MerchantConfig):
    pull(database, giving, post_fee="10.00", modified=LATER)

    tell(database, giving, 20_500)

    assert rows(database, GIFTS) == []


def test_what_was_paid_in_the_end_earns_the_gift(database: Database, giving: MerchantConfig):
    tell(database, giving)

    paid = {"type": "fixed", "payment": "150.00", "line_payment": "150.00", "line_divide_order_fee": "150.00"}
    pull(database, giving, **paid, modified=LATER)

    assert rows(database, GIFTS) == []
