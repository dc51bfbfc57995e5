"""Runs every invariant over the whole database, read-only: what must be true whatever happened before.

The rules are views `ops.verify_*`, one row per violation; conservation of the source records is asked per
staging table, because platforms come and go.
"""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

from psycopg2 import sql
from sqlalchemy import Connection, text

from orderhub.db.engine import Database

#: Violations shown per invariant; all are counted.
EXAMPLES = 100
_VIEWS = (
    ("I5", "ops.verify_i5", "每个订单行恰在一个环节 / every line in exactly one bucket"),
    ("I6", "ops.verify_i6", "库存、预占与台账相符 / stock, promises and ledger agree"),
    ("I7", "ops.verify_i7", "每笔预占恰好了结一次 / every reservation resolves exactly once"),
    ("I8", "ops.verify_i8", "每行只发一次 / every line ships once"),
    ("orphans", "ops.verify_orphans", "每行都有所属 / every row has what it belongs to"),
    ("shipments", "ops.verify_shipments", "包裹、预占与 WMS 单据相符 / parcels, promises and WMS agree"),
    (
        "returns",
        "ops.verify_returns",
        "退货:良品恰好入库一次 / sellable returns are stock once, no more than announced",
    ),
    ("windows", "ops.verify_windows", "覆盖的窗口都数得清 / covered windows are proven"),
    ("claims", "ops.verify_claims", "没有遗留的认领和被拒的提醒 / no claim left behind, no alert given up"),
    ("indexes", "ops.verify_indexes", "索引都在、都可用 / every index is there and used"),
)
_SOURCES_TITLE = "收到的记录 = 订单 + 搁置 / records received = orders + parked"
_STAGING_TABLES = text("""
    select table_name from information_schema.tables
    where table_schema = 'staging' and table_type = 'BASE TABLE' and table_name like '%\\_orders'
    order by table_name""")
#: One row per record of this table that is no order, and per order of its platform without a record.
_SOURCES = sql.SQL("""
    with received as (
        select distinct s.shop_id, s.record_id
        from {table} as s
        where exists (
            select from ops.pass_loads as l join ops.passes as p using (pass_id)
            where l.load_id = s.load_id and p.kind = 'transform' and p.finished_at is not null
        )
    )
    select shop_id || '/' || record_id as subject, 'was received and is no order' as problem
    from received as r
    where not exists (
        select from core.orders as o where o.shop_id = r.shop_id and o.platform_order_id = r.record_id
    ) and not exists (
        select from ops.parked_records as k
        where k.shop_id = r.shop_id and k.stream = 'orders' and k.record_id = r.record_id
    )
    union all
    select o.order_id, 'is an order that was never received'
    from core.orders as o
    where o.platform = {platform} and o.order_kind = 'sale' and not exists (
        select from {table} as s where s.shop_id = o.shop_id and s.record_id = o.platform_order_id
    )""")


@dataclass(frozen=True)
class InvariantResult:
    """What one invariant found.

    Attributes:
        invariant: its id, as in the documentation.
        title: what must hold, Chinese and English.
        count: violations in all.
        violations: the first of them, "subject: problem".
    """

    invariant: str
    title: str
    count: int
    violations: tuple[str, ...]


def verify(database: Database) -> list[InvariantResult]:
    """Return the result of every invariant; clean when none has violations. One consistent snapshot.

    Raises:
        DatabaseFault: the server refused or vanished.
    """
    with database.read() as connection:
        connection.execute(text("set transaction isolation level repeatable read"))
        results = [_result(connection, *view) for view in _VIEWS]
        return [_sources(connection), *results]


def _result(connection: Connection, invariant: str, view: str, title: str) -> InvariantResult:
    rows = connection.execute(
        text(
            f"select subject, problem, count(*) over () as violations from {view} "  # noqa: S608 - constants
            "order by subject limit :examples"
        ),
        {"examples": EXAMPLES},
    ).all()
    return InvariantResult(
        invariant, title, rows[0].violations if rows else 0, tuple(f"{r.subject}: {r.problem}" for r in rows)
    )


def _sources(connection: Connection) -> InvariantResult:
    tables = connection.execute(_STAGING_TABLES).scalars().all()
    found = [violation for table in tables for violation in _unmatched(connection, table)]
    return InvariantResult("I5 sources", _SOURCES_TITLE, len(found), tuple(sorted(found)[:EXAMPLES]))


def _unmatched(connection: Connection, table: str) -> Iterator[str]:
    query = _SOURCES.format(
        table=sql.Identifier("staging", table), platform=sql.Literal(table.removesuffix("_orders"))
    )
    with closing(connection.connection.cursor()) as cursor:
        cursor.execute(query)
        for subject, problem in cursor.fetchall():
            yield f"{subject}: {problem}"
