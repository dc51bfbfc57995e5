"""Lets what may be begun again give way to a pass, instead of holding what that waits for.

Of two transactions that wait for each other the server ends one after a second, and it may be the pass of a
minute. What gives way never waits for so long while it holds anything. Not for passes.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from sqlalchemy import text

from orderhub.errors import LocksTaken

T = TypeVar("T")
#: The first statement of a transaction that gives way.
PATIENCE = text("set local lock_timeout = '500ms'")


def giving_way(work: Callable[[], T], tries: int) -> T:
    """Do `work`, a transaction that begins with `PATIENCE`; when somebody makes it wait, begin again.

    Raises:
        LocksTaken: it was made to wait each time.
    """
    for _ in range(tries - 1):
        with suppress(LocksTaken):
            return work()
    return work()
