"""What every model of the merchant's files is built from."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field


def _zoned(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("must carry a zone, for example 2026-01-01T00:00:00+08:00")
    return value


def _written_out(value: object) -> object:
    """Refuse a bare number: it would be taken as seconds since 1970."""
    if not isinstance(value, datetime) and "-" not in str(value)[1:]:
        raise ValueError("must be written out, for example 2026-01-01T00:00:00+08:00")
    return value


ZonedTime = Annotated[datetime, BeforeValidator(_written_out), AfterValidator(_zoned)]
Identifier = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]


class Frozen(BaseModel):
    """A model that refuses unknown keys and never changes."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def refuse_repeated(what: str, values: list[str]) -> None:
    """Refuse a value that is given twice.

    Raises:
        ValueError: naming it.
    """
    for value in values:
        if values.count(value) > 1:
            raise ValueError(f"{what} {value!r} is used twice")
