"""What analysts read: one grain per view, Beijing days, yuan beside fen, nothing personal."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from sqlalchemy import Connection, text

from orderhub.db.engine import Database
from tests.builders import NOON, Line, Order, hold, put, rows

#: 23:30 UTC is already the next morning in Beijing.
LATE = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)


def price(connection: Connection, order_id: str, paid_fen: int, placed_at: datetime) -> None:
    connection.execute(
        text(
            "update core.orders set paid_fen = :fen, placed_at = :placed, paid_at = :placed where order_id = :id"
        ),
        {"fen": paid_fen, "placed": placed_at, "id": order_id},
    )


def allocate(
    connection: Connection, order_id: str, allocated_at: datetime, *, is_shadow: bool = False
) -> None:
    connection.execute(
        text(
            "insert into core.fulfillment_orders (fulfillment_order_id, order_id, warehouse_id, state, routing_rule_id, "
            "version_id, config_version, is_shadow, allocated_at, _pass_id) values "
            "(:id || '@1', :id, 'hangzhou', 'allocated', 'elsewhere', 'v1', 'c', :shadow, :at, 1)"
        ),
        {"id": order_id, "at": allocated_at, "shadow": is_shadow},
    )


def test_an_order_is_one_row_however_many_lines_it_has(owner: Database):
    with owner.engine.begin() as connection:
        put(connection, Order(number="1", lines=(Line(quantity=2), Line(sku_id="CAP"))), Order(number="2"))

    assert rows(owner, "select order_id, line_count, sku_count, quantity from mart.orders order by 1") == [
        ("tb/1", 2, 2, 3),
        ("tb/2", 1, 1, 1),
    ]


def test_an_amount_in_fen_is_shown_in_yuan_too(owner: Database):
    with owner.engine.begin() as connection:
        put(connection, Order(number="1"))
        price(connection, "tb/1", 25705, NOON)

    assert rows(owner, "select paid_fen, paid_yuan from mart.orders") == [(25705, Decimal("257.05"))]


def test_an_order_placed_late_in_the_utc_evening_belongs_to_the_next_beijing_day(owner: Database):
    with owner.engine.begin() as connection:
        put(connection, Order(number="1"))
        price(connection, "tb/1", 100, LATE)

    assert rows(owner, "select placed_date, paid_date from mart.orders") == [
        (date(2026, 11, 23), date(2026, 11, 23))
    ]


def test_an_order_shows_its_least_advanced_line(owner: Database):
    with owner.engine.begin() as connection:
        put(connection, Order(number="1", lines=(Line(), Line(sku_id="CAP"))))
        hold(connection, "tb/1", "2")

    assert rows(owner, "select bucket, anomaly_count from mart.orders") == [("held", 1)]


def test_processing_time_runs_from_placing_to_the_first_fulfillment_order(owner: Database):
    with owner.engine.begin() as connection:
        put(connection, Order(number="1"))
        price(connection, "tb/1", 100, LATE)
        allocate(connection, "tb/1", LATE.replace(hour=23, minute=54))

    assert rows(owner, "select placed_to_allocated_minutes from mart.orders") == [(Decimal("24.0"),)]


def test_anomalies_are_counted_per_day_shop_and_check(owner: Database):
    with owner.engine.begin() as connection:
        put(connection, Order(number="1"), Order(number="2", lines=(Line(), Line(sku_id="CAP"))))
        hold(connection, "tb/1")
        hold(connection, "tb/2", "1")
        hold(connection, "tb/2", "2")

    query = "select anomaly_date, shop_id, rule_id, anomaly_count, order_count, held_count from mart.anomalies_daily"
    assert rows(owner, query) == [(date(2026, 11, 23), "tb", "memo", 3, 2, 3)]


def test_fulfillment_is_counted_per_day_and_warehouse_without_shadow(owner: Database):
    with owner.engine.begin() as connection:
        put(connection, Order(number="1"), Order(number="2"), Order(number="3"))
        for number, minutes in (("1", 30), ("2", 90), ("3", 5)):
            price(connection, f"tb/{number}", 100, NOON)
            at = NOON.replace(hour=NOON.hour + minutes // 60, minute=minutes % 60)
            allocate(connection, f"tb/{number}", at, is_shadow=number == "3")

    query = (
        "select fulfillment_date, warehouse_id, allocated_count, placed_to_allocated_minutes, within_hour_share, "
        "manifest_count from mart.fulfillment_daily"
    )
    assert rows(owner, query) == [(date(2026, 11, 23), "hangzhou", 2, Decimal("60.0"), Decimal("0.5000"), 0)]


@pytest.mark.parametrize("view", ["orders", "anomalies_daily", "fulfillment_daily", "orders_to_confirm"])
def test_an_analyst_reads_every_mart_view(owner: Database, analyst: Database, view: str):
    with owner.engine.begin() as connection:
        put(connection, Order(number="1"))

    rows(analyst, f"select * from mart.{view}")


def test_mart_has_no_column_of_a_receiver_finer_than_the_city(owner: Database):
    columns = {
        name
        for (name,) in rows(
            owner, "select column_name from information_schema.columns where table_schema = 'mart'"
        )
    }

    assert columns & {
        "buyer_label", "buyer_message", "seller_memo", "name_masked", "phone_masked", "phone_hash", "address_masked",
        "address_hash", "district", "town", "token",
    } == set()  # fmt: skip


def test_documents_of_samples_and_fake_sales_are_no_fulfillment(owner: Database):
    with owner.engine.begin() as connection:
        put(connection, *(Order(number=number) for number in ("1", "2", "3")))
        for number in ("1", "2", "3"):
            allocate(connection, f"tb/{number}", NOON)
        connection.exec_driver_sql(
            "update core.fulfillment_orders set state = 'cancelled', cancelled_at = allocated_at"
        )
        for number, kind in (("1", "no_ship"), ("2", "cancelled")):
            connection.exec_driver_sql(
                "insert into core.withholdings (subject_id, order_id, kind, version_id, decided_at, decided_by, reason) "
                f"values ('tb/{number}', 'tb/{number}', '{kind}', 'v1', now(), 'li', '样品')"
            )

    counted = rows(owner, "select allocated_count, cancelled_count from mart.fulfillment_daily")

    assert counted == [(2, 2)]
