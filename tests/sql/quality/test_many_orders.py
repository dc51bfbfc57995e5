"""A small pass costs what it brings, and not what the hub holds; a large one compares sets."""

import pytest
from sqlalchemy import Connection, text

from orderhub.db.engine import Database
from orderhub.db.mapped import AS_SETS
from orderhub.db.sql_files import statement
from orderhub.quality.check import Judging
from tests.sql.quality.arrangement import NOW, PASS_BEFORE, Hub, check_orders, open_hub

MANY = 20_000
ORDERS = f"""
    insert into core.orders (
        order_id, platform, shop_id, platform_order_id, customer_id, status, platform_status, status_rank, is_terminal,
        payment_state, gate, lifecycle, currency, paid_fen, freight_fen, placed_at, paid_at, version_id, merge_key,
        mapping_version, checked_version, _checked_pass_id, _load_id, _pass_id, _seen_at)
    select 'tb/m' || n, 'taobao', 'tb', 'm' || n, 'buyer m' || n, 'to_ship', 'WAIT_SELLER_SEND_GOODS', 3, false,
        'paid', 'ship', 'live', 'CNY', 1000, 0, timestamptz '2026-02-12' + n * interval '1 minute',
        timestamptz '2026-02-12' + n * interval '1 minute', 'v1', 'k', 'm', 'v1', -n / 100, 1, 0, timestamptz '2026-03-02'
    from generate_series(1, {MANY}) as n"""
LINES = f"""
    insert into core.order_lines (order_id, line_id, line_no, sku_id, kind, quantity, paid_fen, refund_state, gate)
    select 'tb/m' || n, '1', 1, 'SKU-1', 'goods', 1, 1000, 'none', 'ship' from generate_series(1, {MANY}) as n"""
RECEIVERS = f"""
    insert into core.receivers (
        order_id, receiver_state, phone_hash, address_hash, province, city, district, version_id, merge_key)
    select 'tb/m' || n, 'clear', md5('p' || n), md5('a' || n), '浙江省', '杭州市', '西湖区', 'v1', 'k'
    from generate_series(1, {MANY}) as n"""
READ_WHOLE = text("""
    select relname, seq_tup_read from pg_stat_xact_user_tables
    where schemaname = 'core' and relname in ('orders', 'order_lines', 'receivers') order by 1""")


@pytest.fixture
def hub(database: Database, owner: Database) -> Hub:
    """A hub that has judged many orders in many passes, each of its own buyer."""
    hub = open_hub(database)
    for filling in (PASS_BEFORE, ORDERS, LINES, RECEIVERS):
        hub.execute(filling)
    hub.check()  # What is usual is computed once a day.
    with owner.session() as session:
        session.exec_driver_sql("select ops.count_orders_anew()")
    return hub


def read_whole(hub: Hub) -> dict[str, int]:
    """Run the checks, and return table → rows that they read by reading a table from its beginning."""
    with hub.write() as connection:
        pass_id = connection.execute(
            text("insert into ops.passes (kind, started_at) values ('transform', :now) returning pass_id"),
            {"now": NOW},
        ).scalar_one()
        before = counts(connection)
        assert (
            check_orders(connection, Judging(pass_id, hub.suites, hub.config, hub.clock)).judged_orders == 1
        )
        return {table: count - before[table] for table, count in counts(connection).items()}


def counts(connection: Connection) -> dict[str, int]:
    return {row.relname: row.seq_tup_read for row in connection.execute(READ_WHOLE)}


def test_the_checks_of_one_order_read_no_table_of_orders_whole(hub: Hub) -> None:
    hub.put({}, receiver={"phone_hash": "0" * 32, "address_hash": "1" * 32})

    assert read_whole(hub) == {"order_lines": 0, "orders": 0, "receivers": 0}


def test_a_large_pass_never_compares_each_receiver_with_each(hub: Hub) -> None:
    given = {"pass_id": 9, "minutes": 10, "checks_version": "c"}
    with hub.write() as connection:
        connection.exec_driver_sql(AS_SETS)
        asked = text("explain " + str(statement("ops/judged_orders")))
        plan = connection.execute(asked, given).scalars().all()

    compared = [line.strip() for line in plan if "phone_hash" in line or "address_hash" in line]
    assert any(line.startswith(("Hash Cond", "Merge Cond")) for line in compared)
    assert not [line for line in compared if line.startswith("Join Filter")]
