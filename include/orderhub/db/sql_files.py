"""SQL lives in files whose path is schema/table; this reads them once."""

from functools import cache

from sqlalchemy import TextClause, text

from orderhub import paths


@cache
def statement(name: str) -> TextClause:
    """Return the statement of `include/sql/<name>.sql`, for example `statement("core/orders")`.

    Values are bound with `:name`; the file never contains a template.
    """
    return text(source(name))


@cache
def source(name: str) -> str:
    """Return the text of `include/sql/<name>.sql`."""
    return (paths.sql_directory() / f"{name}.sql").read_text(encoding="utf-8")
