"""Refunds from staging to the line that they keep from shipping, in whatever order they arrive."""

import itertools
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from orderhub.config.models import MerchantConfig
from orderhub.db.engine import Database
from orderhub.db.leases import hold_scope
from orderhub.platforms.payload import version_hash, written
from orderhub.platforms.staging import Record, stage_page
from orderhub.quality.correct import Correction, correct
from orderhub.quality.decide import Choice, Decision, decide
from orderhub.transform.run import run_transform
from tests.builders import rows
from tests.transform.payloads import StoppedClock, stage, trade

SHOP_ID = "tb"
TID = "2160451543726114828"
BLOCKED = "select coalesce(blocked_by, 'ships') from core.line_readiness order by line_id"
STATE = "select state, refund_fen, quantity from core.refunds"


def refund(**changes: Any) -> dict[str, Any]:
    """A refund of the whole line of `trade()`, asked for at 10:00 Beijing time."""
    return {
        "refund_id": "900", "tid": int(TID), "oid": int(TID), "status": "WAIT_SELLER_AGREE", "num": 2,
        "refund_fee": "228.00", "dispute_type": "REFUND", "reason": "不想要了",
        "created": "2026-11-20 10:00:00", "modified": "2026-11-20 10:00:00",
    } | changes  # fmt: skip


def stage_refunds(database: Database, *versions: dict[str, Any]) -> None:
    records = [
        Record(value["refund_id"], None, written(value), version_hash(value), index)
        for index, value in enumerate(versions)
    ]
    with hold_scope(database, "test") as lease, database.transaction(lease) as connection:
        stage_page(
            connection, StoppedClock(), platform="taobao", shop_id=SHOP_ID, stream="refunds",
            window_id=None, source="page 1", records=records,
        )  # fmt: skip


def blocked(database: Database, config: MerchantConfig) -> str:
    run_transform(database, StoppedClock(), config)
    return str(rows(database, BLOCKED)[0][0])


@pytest.mark.parametrize(
    "changes, expected",
    [
        ({}, "line_waits"),
        ({"status": "SELLER_REFUSE_BUYER"}, "line_waits"),
        ({"status": "新状态"}, "line_waits"),
        ({"status": "SUCCESS"}, "line_stopped"),
        ({"status": "SUCCESS", "num": 1, "refund_fee": "114.00"}, "line_waits"),
        ({"status": "SUCCESS", "refund_fee": "10.00"}, "line_waits"),
        ({"status": "CLOSED"}, "ships"),
        ({"oid": 999}, "line_waits"),
        ({"oid": 999, "status": "SUCCESS"}, "line_stopped"),
        ({"oid": None, "status": "SUCCESS", "refund_fee": "10.00"}, "line_waits"),
        ({"tid": 1}, "ships"),
    ],
)
def test_refund_decides_whether_its_line_ships(
    database: Database, config: MerchantConfig, changes: dict[str, Any], expected: str
):
    stage(database, [trade()], SHOP_ID)
    stage_refunds(database, refund(**changes))

    assert blocked(database, config) == expected


IN_PART = refund(status="SUCCESS", num=1, refund_fee="114.00")
HOLDS = "select hold_id from core.holds where rule_id = 'partial_refund' and state = 'active'"


def settle(database: Database, choice: Choice) -> None:
    [(hold_id,)] = rows(database, HOLDS)
    decide(database, StoppedClock(), Decision(str(hold_id), choice, "剩下的照发", "li"))


@pytest.mark.parametrize("changes", [{}, {"oid": None}], ids=["of a line", "of no line"])
@pytest.mark.parametrize(
    ("choice", "expected"), [(Choice.RELEASE, "ships"), (Choice.CANCEL, "line_cancelled")]
)
def test_person_settles_what_was_refunded_in_part(
    database: Database, config: MerchantConfig, changes: dict[str, Any], choice: Choice, expected: str
):
    stage(database, [trade()], SHOP_ID)
    stage_refunds(database, IN_PART | changes)
    before = blocked(database, config)

    settle(database, choice)

    assert [before, *rows(database, BLOCKED)] == ["line_waits", (expected,)]


def test_another_refund_of_a_part_waits_for_a_person_again(database: Database, config: MerchantConfig):
    stage(database, [trade()], SHOP_ID)
    stage_refunds(database, IN_PART)
    run_transform(database, StoppedClock(), config)
    settle(database, Choice.RELEASE)
    settled = blocked(database, config)

    stage_refunds(database, IN_PART | {"refund_id": "901", "refund_fee": "10.00"})

    assert (settled, blocked(database, config)) == ("ships", "line_waits")
    assert len(rows(database, HOLDS)) == 1


@pytest.mark.parametrize("money", ["114.00", None])
def test_refunds_of_parts_that_are_all_of_a_line_stop_it_and_ask_nobody(
    database: Database, config: MerchantConfig, money: str | None
):
    stage(database, [trade()], SHOP_ID)
    stage_refunds(database, IN_PART | {"refund_fee": money})
    in_part = blocked(database, config)

    stage_refunds(database, IN_PART | {"refund_id": "901", "refund_fee": money})

    assert (in_part, blocked(database, config)) == ("line_waits", "line_stopped")
    assert rows(database, HOLDS) == []


#: Before shipping some platforms (JD) name an amount of the order, and no line.
OF_THE_ORDER = refund(oid=None, num=None, status="SUCCESS", refund_fee="114.00")


def two_lines(**changes: Any) -> dict[str, Any]:
    """A trade of 228.00 and 6.00 freight; what each of its two lines costs is not told."""
    order = trade(payment="234.00", post_fee="6.00", line_payment="", line_divide_order_fee="", **changes)
    order["orders"]["order"].append(dict(order["orders"]["order"][0], oid=7, oid_str="7"))
    return order


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        ({"refund_fee": "114.00"}, "line_stopped"),
        ({"refund_fee": "120.00"}, "line_stopped"),
        ({"refund_fee": "113.99"}, "line_waits"),
        ({"status": "WAIT_SELLER_AGREE"}, "line_waits"),
        ({"status": "CLOSED"}, "line_waits"),
        ({"oid": 7, "num": 2}, "line_stopped"),
    ],
    ids=["all of it", "with the freight", "a fen is left", "asked for", "taken back", "the rest of a line"],
)
def test_refunds_of_no_line_that_are_all_of_an_order_stop_it_as_one_does(
    database: Database, config: MerchantConfig, second: dict[str, Any], expected: str
):
    stage(database, [two_lines()], SHOP_ID)
    stage_refunds(database, OF_THE_ORDER)
    in_part = blocked(database, config)

    stage_refunds(database, OF_THE_ORDER | {"refund_id": "901", **second})

    assert (in_part, blocked(database, config)) == ("line_waits", expected)
    assert len(rows(database, HOLDS)) == (0 if expected == "line_stopped" else 2)


def test_refunds_of_money_of_a_line_that_are_all_of_it_stop_it(database: Database, config: MerchantConfig):
    stage(database, [trade()], SHOP_ID)
    stage_refunds(database, OF_THE_ORDER | {"oid": int(TID)})
    in_part = blocked(database, config)

    stage_refunds(database, OF_THE_ORDER | {"oid": int(TID), "refund_id": "901"})

    assert (in_part, blocked(database, config)) == ("line_waits", "line_stopped")


def test_a_price_difference_is_no_part_of_an_order(database: Database, config: MerchantConfig):
    stage(database, [two_lines()], SHOP_ID)
    stage_refunds(database, OF_THE_ORDER)
    run_transform(database, StoppedClock(), config)
    with database.engine.begin() as connection:
        connection.execute(
            text("update core.refunds set kind = 'money', refund_id = 'tb/902' where refund_id = 'tb/900'")
        )
    stage_refunds(database, OF_THE_ORDER | {"refund_id": "901"})

    assert blocked(database, config) == "line_waits"


def test_a_part_that_is_refunded_and_one_that_is_asked_for_are_not_all_of_a_line(
    database: Database, config: MerchantConfig
):
    stage(database, [trade()], SHOP_ID)
    stage_refunds(database, IN_PART, IN_PART | {"refund_id": "901", "status": "WAIT_SELLER_AGREE"})

    assert blocked(database, config) == "line_waits"


def test_quantity_that_a_person_lowers_after_a_refund_still_ships(database: Database, config: MerchantConfig):
    """The platform names no amounts: only the pieces say that a part was refunded."""
    stage(database, [trade()], SHOP_ID)
    stage_refunds(database, IN_PART | {"refund_fee": None})
    run_transform(database, StoppedClock(), config)
    correct(
        database,
        StoppedClock(),
        config,
        SecretStr("k"),
        Correction(f"tb/{TID}", "退了一件", "li", TID, quantity=1),
    )
    waiting = blocked(database, config)

    settle(database, Choice.RELEASE)

    assert (waiting, rows(database, "select blocked_by, quantity from core.line_readiness")) == (
        "line_waits",
        [(None, 1)],
    )


def test_refund_that_arrives_before_its_order_counts(database: Database, config: MerchantConfig):
    stage_refunds(database, refund())
    run_transform(database, StoppedClock(), config)

    stage(database, [trade()], SHOP_ID)

    assert blocked(database, config) == "line_waits"


def test_only_the_line_it_names_waits(database: Database, config: MerchantConfig):
    order = trade(payment="456.00", total_fee="516.00")
    order["orders"]["order"].append(dict(order["orders"]["order"][0], oid=7, oid_str="7"))
    stage(database, [order], SHOP_ID)
    stage_refunds(database, refund(oid=7))
    run_transform(database, StoppedClock(), config)

    assert rows(database, BLOCKED) == [("ships",), ("line_waits",)]


VERSIONS = (
    refund(),
    refund(status="CLOSED", modified="2026-11-20 10:05:00"),
    refund(modified="2026-11-20 10:10:00", refund_fee="100.00"),
)


@pytest.mark.parametrize("arrival", list(itertools.permutations(VERSIONS)))
def test_reopened_refund_is_open_whatever_arrives_first(
    database: Database, config: MerchantConfig, arrival: tuple[dict[str, Any], ...]
):
    stage(database, [trade()], SHOP_ID)
    for version in arrival:
        stage_refunds(database, version)
        run_transform(database, StoppedClock(), config)

    assert rows(database, STATE) == [("open", 10000, 2)]


def test_refunded_is_never_reopened_by_an_older_version(database: Database, config: MerchantConfig):
    stage_refunds(database, refund(status="SUCCESS", modified="2026-11-20 10:05:00"))
    run_transform(database, StoppedClock(), config)
    stage_refunds(database, refund(modified="2026-11-20 10:06:00"))
    run_transform(database, StoppedClock(), config)

    assert rows(database, STATE) == [("refunded", 22800, 2)]


def test_pass_without_new_refunds_changes_nothing(database: Database, config: MerchantConfig):
    stage_refunds(database, refund())
    first = run_transform(database, StoppedClock(), config)

    second = run_transform(database, StoppedClock(), config)

    assert (first.refunds_changed, second.refunds_changed, second.loads) == (1, 0, 0)


def test_amount_that_cannot_be_read_is_named(database: Database, config: MerchantConfig):
    stage_refunds(database, refund(refund_fee="很多"))
    run_transform(database, StoppedClock(), config)

    assert rows(database, "select refund_fen, unreadable_fields from core.refunds") == [(None, ["refund"])]


def test_refund_of_a_line_whose_absurd_quantity_a_person_corrected_stops_no_view(
    database: Database, config: MerchantConfig
):
    stage(database, [trade(line_num=3_000_000_000)], SHOP_ID)
    run_transform(database, StoppedClock(), config)
    given = Correction(f"tb/{TID}", "看错了", "li", TID, quantity=3)
    correct(database, StoppedClock(), config, SecretStr("k"), given)

    stage_refunds(database, refund(status="SUCCESS"))

    assert blocked(database, config) == "line_waits"
