"""Asks another side for one thing after the other: what gets no clear answer keeps no other waiting."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

import structlog

from orderhub.errors import ContractError, CredentialError, OrderhubError, RetryError
from orderhub.platforms.payload import quotable

Said = TypeVar("Said")
log = structlog.get_logger(__name__)
#: So many in a row without any answer: it is out of reach; with answers nobody understands: it is broken.
MOST_UNANSWERED = 3
MOST_UNCLEAR = 20


@dataclass(frozen=True)
class Asked(Generic[Said]):
    """What asking brought.

    Attributes:
        said: code → what is known of it there; None where it never heard of it.
        unclear: codes of which it said neither.
        fault: why the rest was not asked for.
    """

    said: Mapping[str, Said | None]
    unclear: tuple[str, ...] = ()
    fault: OrderhubError | None = None


def ask_each(codes: Iterable[str], look: Callable[[str], Said | None]) -> Asked[Said]:
    """Ask for each of `codes`, until our calls are refused or get no answer several times in a row."""
    said: dict[str, Said | None] = {}
    unclear: list[str] = []
    unanswered = in_a_row = 0
    for code in codes:
        try:
            said[code] = look(code)
            unanswered = in_a_row = 0
        except CredentialError as error:
            return Asked(said, tuple(unclear), error)
        except RetryError as error:
            log.warning("no clear answer", code=code, why=quotable(str(error)))
            unclear.append(code)
            in_a_row += 1
            unanswered = 0 if isinstance(error, ContractError) else unanswered + 1
            if unanswered == MOST_UNANSWERED or in_a_row == MOST_UNCLEAR:
                return Asked(said, tuple(unclear), error)
    return Asked(said, tuple(unclear))
