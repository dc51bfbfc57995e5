"""An order that no warehouse has all of leaves in two parts, where its rule lets it."""

import pytest
from sqlalchemy import text

from orderhub.clock import FixedClock
from orderhub.config.models import MerchantConfig
from orderhub.db.engine import Database
from orderhub.fulfillment.close import close_due
from orderhub.fulfillment.cutoffs import request_extra
from orderhub.fulfillment.run import run_fulfillment
from orderhub.operate.explain import explain
from orderhub.operate.verify import verify
from tests.builders import NOON, Line, Order, activate, put, rows, stock

RULES = """\
rules:
  - {id: anywhere, warehouses: [hangzhou, yiwu], split_from: "0.00", reason: {zh: 都行, en: anywhere}}
"""
DOCUMENTS = """
    select f.fulfillment_order_id, f.warehouse_id, string_agg(r.line_id, ',' order by r.line_id)
    from core.fulfillment_orders f join core.reservations r using (fulfillment_order_id)
    where r.state = 'active' group by 1, 2 order by 1"""
RESERVED = "select warehouse_id, sku_id, reserved from core.stock where reserved > 0 order by 1, 2"
TWO = (Line("MUG", 2), Line("CUP", 1, title="杯子"))


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOON)


@pytest.fixture
def config(database: Database) -> MerchantConfig:
    with database.engine.begin() as connection:
        active = activate(connection, more={"routing.yaml": RULES})
        stock(connection, hangzhou__MUG=2, yiwu__CUP=1)
    return active


def test_two_documents_two_lists_and_one_story(database: Database, clock: FixedClock, config: MerchantConfig):
    with database.engine.begin() as connection:
        put(connection, Order("1", TWO))

    counts = run_fulfillment(database, clock, config)
    again = run_fulfillment(database, clock, config)
    for warehouse in ("hangzhou", "yiwu"):
        request_extra(database, clock, config, warehouse, "test")
    closed = close_due(database, clock, config, {})

    assert (counts.allocated, again.allocated) == (1, 0)
    assert rows(database, DOCUMENTS) == [("tb/1@1", "hangzhou", "1"), ("tb/1@2", "yiwu", "2")]
    assert rows(database, RESERVED) == [("hangzhou", "MUG", 2), ("yiwu", "CUP", 1)]
    assert [(each.warehouse_id, each.line_count) for each in closed] == [("hangzhou", 1), ("yiwu", 1)]
    assert [result.violations for result in verify(database) if result.violations] == []
    said = next(step for step in explain(database, "tb/1").steps if step.what == "routed")
    assert "拆成两单,先 hangzhou" in said.text
    assert "yiwu 选中:CUP 需 1" in said.text


def test_a_platform_that_takes_one_parcel_gets_none(
    database: Database, clock: FixedClock, config: MerchantConfig, monkeypatch: pytest.MonkeyPatch
):
    from orderhub.fulfillment import split

    monkeypatch.setattr(split, "_takes_parcels", lambda _: False)
    with database.engine.begin() as connection:
        put(connection, Order("1", TWO))

    assert run_fulfillment(database, clock, config).out_of_stock == 1


def test_rule_that_does_not_say_so_never_parts_an_order(database: Database, clock: FixedClock):
    with database.engine.begin() as connection:
        config = activate(connection)
        stock(connection, hangzhou__MUG=2, yiwu__CUP=1)
        put(connection, Order("1", TWO))

    assert run_fulfillment(database, clock, config).out_of_stock == 1


def test_a_platform_is_asked_once_however_many_orders_wait(
    database: Database, clock: FixedClock, config: MerchantConfig, monkeypatch: pytest.MonkeyPatch
):
    from orderhub.fulfillment import split

    asked: list[str] = []
    monkeypatch.setattr(split, "_takes_parcels", lambda platform: asked.append(platform) or True)
    with database.engine.begin() as connection:
        put(connection, *(Order(str(number), TWO) for number in range(1, 6)))

    run_fulfillment(database, clock, config)

    assert asked == ["taobao"]


def test_both_parts_keep_their_place_while_the_rule_of_their_order_holds(
    database: Database, clock: FixedClock
):
    of_three = RULES.replace("anywhere, ware", "anywhere, when: {pieces: {min: 3}}, ware")
    others = "  - {id: others, warehouses: [yiwu], reason: {zh: 其余, en: rest}}\n"
    with database.engine.begin() as connection:
        config = activate(connection, more={"routing.yaml": of_three + others})
        stock(connection, hangzhou__MUG=2, yiwu__CUP=1)
        put(connection, Order("1", TWO))
    run_fulfillment(database, clock, config)
    before = rows(database, DOCUMENTS)
    with database.engine.begin() as connection:
        connection.execute(text("update core.orders set version_id = 'v2', checked_version = 'v2'"))

    for _ in range(2):
        run_fulfillment(database, clock, config)

    assert before == rows(database, DOCUMENTS)
