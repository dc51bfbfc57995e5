"""Lays indexes aside while a pass fills an almost empty hub, and builds them at its end.

A new row goes to another page of an index over phones, addresses or buyers each time; built at the end they
cost a fifth. Others wait for the tables meanwhile, so only a pass that brings ten times what is there does
so: a first import. Not for passes of every day.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, text

from orderhub.transform import map_ahead

_TIMES = 10
_ARE_FEW = text("select count(*) < :many from (select from core.orders limit :many) as known")


@contextmanager
def indexes_aside(connection: Connection, staged: int) -> Iterator[None]:
    """Merge without the three indexes when `staged` rows are at least ten times the orders of core.

    Somebody who reads the tables now is not waited for: then the indexes stay.
    """
    is_aside = staged > map_ahead.SLICE_ROWS and _lay_aside(connection, staged // _TIMES)
    yield
    if is_aside:
        connection.exec_driver_sql("select ops.build_indexes()")


def _lay_aside(connection: Connection, many: int) -> bool:
    are_few = connection.execute(_ARE_FEW, {"many": many}).scalar_one()
    return bool(are_few and connection.exec_driver_sql("select ops.lay_indexes_aside()").scalar_one())
