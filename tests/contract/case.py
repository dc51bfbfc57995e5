"""What a case of the contract is: a sentence, a check that asserts, and the connectors that it is about."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.contract.connector import Connector
from tests.contract.lab import Lab

#: Does the case say anything about this connector's stream?
Applies = Callable[[Connector, str], bool]


def always(_connector: Connector, _stream: str) -> bool:
    return True


@dataclass(frozen=True)
class Case:
    """One promise.

    Attributes:
        check: asserts on a fresh lab.
        applies: which connectors and streams it is about.
        per_stream: asked of every stream alone; else once per connector, on orders.
        whole: the lab pulls every stream of the connector.
    """

    check: Callable[[Lab], None]
    applies: Applies = always
    per_stream: bool = False
    whole: bool = False


def reads_pages(connector: Connector, stream: str) -> bool:
    return connector.stream(stream).paging == "pages"


def reads_a_cursor(connector: Connector, stream: str) -> bool:
    return connector.stream(stream).paging == "cursor"


def asks_for_details(connector: Connector, stream: str) -> bool:
    return connector.stream(stream).detail is not None
