"""Lays indexes aside while a pass fills an almost empty hub, and builds them beside its checks.

A new row goes to another page of an index over phones, addresses or buyers each time; built at the end they
cost a fifth. Others wait for the tables meanwhile, so only a pass that brings ten times what is there does
so: a first import. Not for passes of every day.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from sqlalchemy import Connection, text

_TIMES = 10
_TABLES = ("orders", "receivers")
_ARE_FEW = text("select count(*) < :many from (select from core.orders limit :many) as known")
_BUILD = text("select ops.build_indexes_of(:name)")


def lay_aside(connection: Connection, staged: int) -> None:
    """Let the pass merge without the three indexes when `staged` is ten times the orders of core.

    Somebody who reads the tables now is not waited for: then the indexes stay. Whoever judges the pass builds
    them (`builders`), and a pass that dies before is judged by the next.
    """
    if connection.execute(_ARE_FEW, {"many": staged // _TIMES}).scalar_one():
        connection.exec_driver_sql("select ops.lay_indexes_aside()")


def builders() -> Sequence[Callable[[Connection], Any]]:
    """Return what builds the indexes that are missing, a table each: two sessions may do it side by side."""
    return [partial(_build, name=name) for name in _TABLES]


def _build(connection: Connection, name: str) -> None:
    connection.execute(_BUILD, {"name": name})
