"""`python -m tests.integration.contest URL PROCESSES RESERVATION`: all want stock at the same instant; prints who got it.

Every process wants one piece of two SKUs of one of two warehouses; half of them ask for the two the other way round.
"""

import gc
import os
import sys
import time

from sqlalchemy import Connection, text

from orderhub.db.copy import copy_rows
from orderhub.db.engine import Database
from orderhub.errors import StockTaken
from orderhub.fulfillment.reserve import take_stock

WAREHOUSES, SKUS = ("hangzhou", "yiwu"), ("CUP", "MUG")
_WANTED = text("""
    create temporary table wanted_stock (warehouse_id text, sku_id text, pieces bigint) on commit drop""")
_PRESENT = text("select count(*) from pg_stat_activity where application_name like 'contest%'")
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
    time.sleep(0.005)
    if free < 1:
        raise StockTaken
    connection.execute(_WRITE, {"warehouse": warehouse, "reserved": reserved + 1})


RESERVATIONS = {"guarded": guarded, "read_then_write": read_then_write}


def take_part(url: str, number: int, reservation: str, start: int) -> bool:
    """Connect, wait until everybody has, and want; tell whether it was granted."""
    database = Database(url, "contest")
    skus = SKUS if number % 4 < 2 else SKUS[::-1]
    try:
        with database.engine.begin() as connection:
            os.read(start, 1)  # Returns when the last writing end is closed.
            RESERVATIONS[reservation](connection, WAREHOUSES[number % 2], skus)
    except StockTaken:
        return False
    finally:
        database.close()
    return True


def main(url: str, processes: int, reservation: str) -> None:
    """Fork them all, let them go at once, and print how many were granted."""
    waiting, start = os.pipe()
    _connected(url)  # Whatever a first connection imports is imported once.
    gc.freeze()  # What is shared stays shared: a child that looks for garbage copies it.
    children = []
    for number in range(processes):
        child = os.fork()
        if child == 0:
            os.close(start)
            os._exit(0 if take_part(url, number, reservation, waiting) else 3)
        children.append(child)
    _wait_for_connections(url, processes)
    os.close(start)
    ends = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    sys.stdout.write(f"{ends.count(0)} {ends.count(3)} {len(set(children))}\n")


def _wait_for_connections(url: str, processes: int) -> None:
    deadline = time.monotonic() + 60
    while _connected(url) < processes and time.monotonic() < deadline:
        time.sleep(0.2)


def _connected(url: str) -> int:
    database = Database(url, "starter")
    with database.read() as connection:
        count: int = connection.execute(_PRESENT).scalar_one()
    database.close()
    return count


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
