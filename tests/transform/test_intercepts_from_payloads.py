"""From the platform's payload: what another building ships never enters routing, a new receiver is noticed."""

import pytest

from orderhub.config.models import MerchantConfig
from orderhub.db.engine import Database
from orderhub.fulfillment.run import run_fulfillment
from orderhub.transform.run import run_transform
from tests.builders import rows, stock
from tests.transform.payloads import StoppedClock, stage, trade

DOCUMENTS = "select fulfillment_order_id, state, cancel_reason from core.fulfillment_orders order by 1"
CLOCK = StoppedClock()


@pytest.fixture
def stocked(database: Database, config: MerchantConfig) -> MerchantConfig:
    with database.engine.begin() as connection:
        stock(connection, **{"hangzhou__SKU-TS001": 10, "yiwu__SKU-TS001": 10})
    return config


def take(database: Database, config: MerchantConfig, *versions: dict[str, object]) -> None:
    stage(database, list(versions), shop_id="tb")
    run_transform(database, CLOCK, config)
    run_fulfillment(database, CLOCK, config)


def test_a_line_that_the_platform_s_own_warehouse_ships_never_enters_routing(
    database: Database, stocked: MerchantConfig
):
    take(database, stocked, trade(), trade("2160451543726114829", line_store_code="STORE_9"))

    assert rows(database, "select order_id from core.routing_decisions") == [("tb/2160451543726114828",)]
    assert rows(
        database, "select blocked_by from core.line_readiness where order_id = 'tb/2160451543726114829'"
    ) == [("line_stopped",)]


def test_a_new_token_of_the_platform_is_a_new_address_and_the_same_token_is_not(
    database: Database, stocked: MerchantConfig
):
    take(database, stocked, trade())
    take(database, stocked, trade(modified="2026-11-20 09:20:00", seller_memo="老客户"))
    unchanged = rows(database, DOCUMENTS)

    take(
        database,
        stocked,
        trade(modified="2026-11-20 09:30:00", oaid="1oaidnew", receiver_address="莫*山路****号"),
    )

    assert unchanged == [("tb/2160451543726114828@1", "allocated", None)]
    assert rows(database, DOCUMENTS) == [
        ("tb/2160451543726114828@1", "cancelled", "destination_changed"),
        ("tb/2160451543726114828@2", "allocated", None),
    ]
