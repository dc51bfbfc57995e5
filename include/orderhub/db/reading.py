"""Reads the rows of large queries: as texts by `COPY`, or as values through a cursor on the server.

Not for small answers: `Connection.execute` gives rows with named columns.
"""

import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any, BinaryIO

from sqlalchemy import Connection, TextClause

_BLOCK_BYTES = 1 << 18
_ESCAPED = re.compile(r"\\(.)")
_MEANT = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def texts_of(
    connection: Connection, query: TextClause, parameters: Mapping[str, object]
) -> Iterator[list[str]]:
    """Yield rows as PostgreSQL writes them, null as the empty text, by way of a temporary file.

    The server does not wait for whoever takes the rows, and no driver makes objects of them. The query has
    run when the first row is there.
    """
    with _spooled(connection, query, parameters) as spool:
        for line in spool:
            yield _values(line[:-1])


def blocks_of(connection: Connection, query: TextClause, parameters: Mapping[str, object]) -> Iterator[str]:
    """Yield the same as text, so many whole lines at once, each as COPY writes it; see `rows_of`."""
    with _spooled(connection, query, parameters) as spool:
        while block := spool.read(_BLOCK_BYTES):
            yield (block + spool.readline()).decode()


def rows_of(block: str) -> Iterator[list[str]]:
    """Yield the rows of a block."""
    return map(_values, block.encode().split(b"\n")[:-1])


@contextmanager
def _spooled(
    connection: Connection, query: TextClause, parameters: Mapping[str, object]
) -> Iterator[BinaryIO]:
    driver: Any = connection.connection
    with tempfile.TemporaryFile() as spool:
        with closing(driver.cursor()) as cursor:
            asked = cursor.mogrify(_compiled(connection, query), dict(parameters)).decode()
            cursor.copy_expert(f"copy ({asked}\n) to stdout (null '')", spool)
        spool.seek(0)
        yield spool


def _values(line: bytes) -> list[str]:
    values = line.decode().split("\t")
    return [_meant(value) for value in values] if b"\\" in line else values


def waves_of(
    connection: Connection, query: TextClause, parameters: Mapping[str, object], size: int
) -> Iterator[list[tuple[Any, ...]]]:
    """Yield rows as plain tuples, at most `size` at once: a million of them never sit in memory."""
    driver: Any = connection.connection
    with closing(driver.cursor("waves")) as cursor:
        cursor.execute(_compiled(connection, query), dict(parameters))
        while rows := cursor.fetchmany(size):
            yield rows


def _compiled(connection: Connection, query: TextClause) -> str:
    return str(query.compile(dialect=connection.dialect))


def _meant(written: str) -> str:
    """Return the text that COPY wrote with backslashes."""
    return _ESCAPED.sub(lambda found: _MEANT.get(found[1], found[1]), written)
