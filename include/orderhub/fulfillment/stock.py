"""Takes a stock count: what a file says is in each building becomes on_hand, through the ledger."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, text

from orderhub.clock import Clock
from orderhub.config.csv_table import Row, read_table
from orderhub.config.located_yaml import nearest
from orderhub.config.store import load_active
from orderhub.db.audit import record_act
from orderhub.db.copy import copy_rows
from orderhub.db.document_locks import LOCK_DOCUMENTS
from orderhub.db.engine import Database
from orderhub.db.leases import hold_scope
from orderhub.db.sql_files import statement
from orderhub.errors import ConfigError
from orderhub.fulfillment.withdraw import free_withdrawals

SCOPE = "stock"
_COLUMNS = ("warehouse_id", "sku_id", "on_hand")
#: More pieces than this are a typing mistake, and bigint sums stay far from their end.
MOST_PIECES = 1_000_000_000
_DIGITS = len(str(MOST_PIECES))
COUNTS = text("""
    create temporary table counts (
        warehouse_id text collate "C", sku_id text collate "C", on_hand bigint,
        is_doubted boolean not null default false, primary key (warehouse_id, sku_id)
    ) on commit drop""")
_REFUSED = text("""
    select s.warehouse_id, s.sku_id, c.on_hand, s.reserved
    from counts as c join core.stock as s using (warehouse_id, sku_id)
    where s.reserved > c.on_hand
    order by s.warehouse_id, s.sku_id""")
_WITHOUT_REFUSED = text("""
    delete from counts as c using core.stock as s
    where s.warehouse_id = c.warehouse_id and s.sku_id = c.sku_id and s.reserved > c.on_hand""")


#: SKUs that the goods master, if there is one, does not have and that no count had before.
_UNKNOWN = text("""
    select distinct sku_id from counts as c
    where exists (select from core.skus)
        and not exists (select from core.skus as s where s.sku_id = c.sku_id)
        and not exists (select from core.stock as s where s.sku_id = c.sku_id)
    order by sku_id""")


@dataclass(frozen=True)
class StockCounts:
    """What a count changed, in (warehouse, SKU) rows.

    Attributes:
        refused: rows not taken because more is promised than was counted, each with its figures.
        returned: fulfillment orders of shops in shadow mode whose promises went back for the count.
        unknown: SKUs that were taken though the goods master does not have them: typing mistakes, perhaps.
    """

    counted: int
    changed: int
    refused: tuple[str, ...]
    returned: int = 0
    unknown: tuple[str, ...] = ()


def import_stock(database: Database, clock: Clock, file: Path, actor: str) -> StockCounts:
    """Take `file` (warehouse_id, sku_id, on_hand) as a count; the same figures again only move their as-of.

    Every change of on_hand is a ledger row, `opening` for a SKU that was never counted, else `count`. SKUs
    that the file does not name keep their stock.

    Raises:
        ConfigError: the file cannot be read, or a row is wrong; nothing was taken.
        LeaseTaken: another count is being taken.
    """
    counts = _read(file, [warehouse.id for warehouse in load_active(database).warehouses])
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    now = clock.now()
    source_id = f"{digest[:16]}@{now.isoformat()}"
    with hold_scope(database, SCOPE) as lease, database.transaction(lease) as connection:
        connection.execute(LOCK_DOCUMENTS)
        connection.execute(COUNTS)
        copy_rows(
            connection, "counts", _COLUMNS, [(*key, on_hand) for key, on_hand in sorted(counts.items())]
        )
        unknown = unknown_skus(connection)
        connection.execute(statement("core/lock_counted_stock"))
        for warehouse_id in sorted({warehouse_id for warehouse_id, _ in counts}):
            # Of what left in part all is still promised, so its pieces come back in until the rest is gone.
            connection.execute(
                statement("core/counts_with_parcels"), {"warehouse_id": warehouse_id, "as_of": now}
            )
        returned = give_back(connection, clock, only_shadow=True)
        refused = _refused(connection)
        stamp = {"now": now, "source_id": source_id}
        changed = connection.execute(statement("core/stock_ledger"), stamp).rowcount
        connection.execute(statement("core/stock"), {"now": now})
        connection.execute(_WITHOUT_REFUSED)
        connection.execute(statement("core/parcels_in_on_hand"))
        if changed:
            record_act(connection, clock, actor, "count", "stock", source_id, detail={"changed": changed})
    return StockCounts(len(counts), changed, refused, returned, unknown)


def unknown_skus(connection: Connection) -> tuple[str, ...]:
    """Return the SKUs of `counts` that neither the goods master nor an earlier count has."""
    return tuple(connection.execute(_UNKNOWN).scalars())


def give_back(connection: Connection, clock: Clock, *, only_shadow: bool) -> int:
    """Give back what is promised beyond `counts`, and return how many fulfillment orders lost their promise.

    Args:
        connection: holds the documents and the counted stock locked.
        clock: stamps what ends.
        only_shadow: only what is never handed over; what is promised for real a person must look at.
    """
    connection.execute(statement("core/excess_reservations"), {"only_shadow": only_shadow})
    free_withdrawals(connection, clock)
    return connection.execute(statement("core/cancel_documents"), {"now": clock.now()}).rowcount


def _refused(connection: Connection) -> tuple[str, ...]:
    return tuple(
        f"{row.warehouse_id} {row.sku_id}: counted {row.on_hand}, but {row.reserved} are promised to orders; "
        "recount, or cancel orders first"
        for row in connection.execute(_REFUSED)
    )


def _read(file: Path, warehouses: list[str]) -> dict[tuple[str, str], int]:
    try:
        source = file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ConfigError(f"{file}: no such file; a count has the columns {','.join(_COLUMNS)}") from None
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read: {error.strerror}; give the file of a count") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{file}: not UTF-8; save it as UTF-8 (Excel: CSV UTF-8)") from None
    counts: dict[tuple[str, str], int] = {}
    for row in read_table(source, file.name, _COLUMNS, ("comment",)):
        key = (row["warehouse_id"], row["sku_id"])
        _check(row, warehouses)
        if key in counts:
            raise row.refuse("sku_id", f"is counted twice for warehouse {key[0]}")
        counts[key] = int(row["on_hand"])
    if not counts:
        raise ConfigError(f"{file}: no row under the header; a count names its SKUs, one a line")
    return counts


def _check(row: Row, warehouses: list[str]) -> None:
    if row["warehouse_id"] not in warehouses:
        raise row.refuse("warehouse_id", f"does not exist; {nearest(row['warehouse_id'], warehouses)}")
    if not row["sku_id"]:
        raise row.refuse("sku_id", "must be given")
    pieces = row["on_hand"]
    if not (
        pieces.isascii() and pieces.isdecimal() and len(pieces) <= _DIGITS and int(pieces) <= MOST_PIECES
    ):
        raise row.refuse("on_hand", f"is not a whole number of pieces from 0 to {MOST_PIECES}")
