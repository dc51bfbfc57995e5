"""`python -m tests.integration.contest URL PROCESSES RESERVATION`: all want stock at the same instant; prints who got it.

Every process wants one piece of two SKUs of one of two warehouses; half of them ask for the two the other way round.
"""

import gc
import os
import sys

from sqlalchemy import Connection, text

from orderhub.db.copy import copy_rows
from orderhub.db.engine import Database
from orderhub.errors import StockTaken
from orderhub.fulfillment.reserve import take_stock

WAREHOUSES, SKUS = ("hangzhou", "yiwu"), ("CUP", "MUG")
_WANTED = text("""
    create temporary table wanted_stock (warehouse_id text, sku_id text, pieces bigint) on commit drop""")
_FREE = text("""
    select min(on_hand - reserved), min(reserved) from core.stock where warehouse_id = :warehouse""")
_WRITE = text("update core.stock set reserved = :reserved where warehouse_id = :warehouse")


def guarded(connection: Connection, warehouse: str, skus: tuple[str, ...]) -> None:
    """What the hub does."""
    connection.execute(_WANTED)
    wanted = [(warehouse, sku, 1) for sku in skus]
    copy_rows(connection, "wanted_stock", ("warehouse_id", "sku_id", "pieces"), wanted)
    take_stock(connection)


def read_then_write(connection: Connection, warehouse: str, skus: tuple[str, ...]) -> None:
    """The planted bug: what was read may be gone when it is written."""
    free, reserved = connection.execute(_FREE, {"warehouse": warehouse}).one()
    connection.execute(text("select pg_sleep(0.005)"))
    if free < 1:
        raise StockTaken(f"{warehouse}: {skus}")
    connection.execute(_WRITE, {"warehouse": warehouse, "reserved": reserved + 1})


RESERVATIONS = {"guarded": guarded, "read_then_write": read_then_write}


def take_part(url: str, number: int, reservation: str, ready: int, start: int) -> bool:
    """Connect, say so, wait until everybody has, and want; tell whether it was granted."""
    database = Database(url, "contest")
    skus = SKUS if number % 4 < 2 else SKUS[::-1]
    try:
        with database.engine.begin() as connection:
            os.write(ready, b"!")
            os.read(start, 1)  # Returns when the last writing end is closed.
            RESERVATIONS[reservation](connection, WAREHOUSES[number % 2], skus)
    except StockTaken:
        return False
    finally:
        database.close()
    return True


def main(url: str, processes: int, reservation: str) -> None:
    """Fork them all, let them go at once, and print how many were granted, refused, and how many there were."""
    (present, ready), (waiting, start) = os.pipe(), os.pipe()
    _warm_up(url)
    children = []
    for number in range(processes):
        child = os.fork()
        if child == 0:
            os.close(start)
            os._exit(0 if take_part(url, number, reservation, ready, waiting) else 3)
        children.append(child)
    for _ in children:
        os.read(present, 1)
    os.close(start)
    ends = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    sys.stdout.write(f"{ends.count(0)} {ends.count(3)} {len(set(children))}\n")


def _warm_up(url: str) -> None:
    """Whatever a first connection imports is imported once, and stays shared by the children."""
    database = Database(url, "contest")
    with database.read() as connection:
        connection.execute(text("select 1"))
    database.close()
    gc.freeze()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
