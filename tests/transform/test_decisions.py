"""What people decided stays decided when the platform speaks again."""

import pytest

from orderhub.config.models import MerchantConfig
from orderhub.db.engine import Database
from orderhub.quality.decide import Choice, Decision, decide
from orderhub.quality.withhold import Withheld, restore_order, withhold_order
from orderhub.transform.run import run_transform
from tests.builders import rows
from tests.transform.payloads import StoppedClock, stage, trade

CLOCK = StoppedClock()
HELD = "select rule_id, state from core.holds order by 1, 2"
BUCKET = "select bucket, blocked_by from core.order_progress"


@pytest.fixture
def held(database: Database, config: MerchantConfig) -> Database:
    """A hub with the order tb/1, held because nothing was paid for it."""
    pull(database, config, payment="0.00")
    return database


def pull(database: Database, config: MerchantConfig, **changes: str) -> None:
    stage(database, [trade("1", **changes)], "tb")
    run_transform(database, CLOCK, config)


def zero_amount(database: Database) -> str:
    ((hold_id,),) = rows(database, "select hold_id from core.holds where rule_id = 'zero_amount'")
    return str(hold_id)


def test_a_release_stands_through_a_later_version_with_the_same_evidence(
    held: Database, config: MerchantConfig
):
    decide(held, CLOCK, Decision(zero_amount(held), Choice.RELEASE, "样品", "li"))

    pull(held, config, payment="0.00", seller_memo="改了备注", modified="2026-11-20 10:00:00")

    assert ("zero_amount", "released") in rows(held, HELD)
    assert ("zero_amount", "active") not in rows(held, HELD)


@pytest.mark.parametrize("kind", list(Withheld))
def test_what_is_withheld_stays_so_through_a_later_version_and_nothing_holds_it(
    held: Database, config: MerchantConfig, kind: Withheld
):
    withhold_order(held, CLOCK, "tb/1", kind, "主管确认", "li")

    pull(held, config, payment="0.00", seller_memo="改地址", modified="2026-11-20 10:00:00")

    assert rows(held, BUCKET) == [("closed", f"order_{kind}")]
    assert {state for _, state in rows(held, HELD)} == {"closed"}
    assert rows(held, "select count(*) from core.anomalies where state = 'open'") == [(0,)]


def test_an_order_that_is_restored_is_held_for_what_is_still_wrong(held: Database, config: MerchantConfig):
    withhold_order(held, CLOCK, "tb/1", Withheld.NO_SHIP, "样品", "li")
    run_transform(held, CLOCK, config)
    restore_order(held, CLOCK, "tb/1", "不是样品", "li")

    run_transform(held, CLOCK, config)

    assert rows(held, BUCKET) == [("held", "order_held")]


def test_samples_and_fake_sales_are_in_no_sales_figure(held: Database, config: MerchantConfig):
    pull(held, config, payment="228.00", modified="2026-11-20 10:00:00")
    before = rows(held, "select count(*) from mart.orders")

    withhold_order(held, CLOCK, "tb/1", Withheld.NO_SHIP, "刷单", "li")

    assert (before, rows(held, "select count(*) from mart.orders")) == ([(1,)], [(0,)])
