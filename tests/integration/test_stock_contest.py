"""200 processes want the last pieces of two warehouses at the same instant."""

import subprocess
import sys
from pathlib import Path

from orderhub.db.engine import Database
from tests.builders import rows, stock

PROCESSES, PIECES = 200, 5
RESERVED = "select warehouse_id, sku_id, reserved from core.stock order by 1, 2"


def contest(database: Database, reservation: str, processes: int) -> list[int]:
    """Return how many were granted, how many refused, and by how many processes."""
    with database.engine.begin() as connection:
        stock(connection, hangzhou__MUG=PIECES, hangzhou__CUP=PIECES, yiwu__MUG=PIECES, yiwu__CUP=PIECES)
    url = database.engine.url.render_as_string(hide_password=False)
    ended = subprocess.run(
        [sys.executable, "-m", "tests.integration.contest", url, str(processes), reservation],
        capture_output=True, text=True, check=True, timeout=120, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    return [int(figure) for figure in ended.stdout.split()]


def test_two_hundred_processes_get_exactly_the_ten_units_there_are(database: Database):
    said = contest(database, "guarded", PROCESSES)

    assert [10, 190, PROCESSES] == said
    assert rows(database, RESERVED) == [
        ("hangzhou", "CUP", 5), ("hangzhou", "MUG", 5), ("yiwu", "CUP", 5), ("yiwu", "MUG", 5)
    ]  # fmt: skip


def test_the_same_contest_catches_read_then_write(database: Database):
    granted, _, _ = contest(database, "read_then_write", 40)

    assert granted > 10
