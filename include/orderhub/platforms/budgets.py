"""Call budgets and bans that all tasks and processes of one app key share, in the database.

Each call books the next free slot at the documented pace (GCRA: one instant per budget is all that is kept).
A few calls may come at once; in no stretch of `seconds` are there more than `calls`.
"""

import math
import threading
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, CursorResult, TextClause, text
from sqlalchemy.exc import DBAPIError

from orderhub.clock import Clock
from orderhub.db.engine import Database, describe_fault
from orderhub.errors import DatabaseFault, ThrottledError
from orderhub.platforms.protocol import Budget

#: A shorter wait is slept in place; for a longer one the task ends, and no worker is held.
SHORT_WAIT_SECONDS = 30.0
#: Two calls may arrive closer together than they were sent.
_MARGIN = 1.02
#: So many of a budget's calls may come at once; the others follow at its pace.
_AT_ONCE = 0.1

_BOOK = text("""
    select ops.book_call(
        cast(:keys as text[]), cast(:gaps as float8[]), cast(:slacks as float8[]), cast(:bans as text[]),
        :now, make_interval(secs => :patience))""")
_SET_BAN = text("""
    insert into ops.call_bans (ban_key, banned_until, said) values (:ban, :until, :said)
    on conflict (ban_key) do update
    set banned_until = greatest(call_bans.banned_until, excluded.banned_until), said = excluded.said""")


@dataclass(frozen=True)
class Caller:
    """Whose calls are counted.

    Attributes:
        platform: its name.
        app_key: the application; all its shops share what is not `per: shop`.
        shop_id: our id of the shop.
    """

    platform: str
    app_key: str
    shop_id: str


class CallBudgets:
    """What one shop's client asks before each call; safe to use from several threads.

    Args:
        database: holds the budgets.
        clock: tells what is booked; processes whose clocks differ are off by that difference.
        caller: whose calls are counted.
        budgets: what the platform documents.
        wait: sleeps.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        caller: Caller,
        budgets: tuple[Budget, ...],
        wait: Callable[[float], Any],
    ) -> None:
        self._database = database
        self._clock = clock
        self._caller = caller
        self._budgets = budgets
        self._wait = wait
        self._one_at_a_time = threading.Lock()
        self._stack = ExitStack()
        self._session: Connection | None = None

    def take(self, method: str) -> None:
        """Return when a call of `method` may be made, after waiting for its slot if that is near.

        Raises:
            ThrottledError: it is free only later than we wait in place; nothing was booked.
            DatabaseFault: the database refused or vanished.
        """
        left = self._book(method)
        while left > 0:
            if left > SHORT_WAIT_SECONDS:
                said = f"{method}: banned, or its calls are used up, for {left:.0f} s more; not asked"
                raise ThrottledError(said, left)
            self._wait(left)
            left = self._ban_left(method)  # Somebody may have been banned meanwhile.

    def ban(self, method: str, seconds: float, said: str) -> None:
        """Keep everybody from calling `method` for `seconds`, because the platform said so."""
        until = self._clock.now() + timedelta(seconds=seconds)
        mine = self._budgets_of(method)
        is_shops = bool(mine) and all(budget.per == "shop" for budget in mine)
        self._execute(_SET_BAN, {"ban": self._ban_keys(method)[is_shops], "until": until, "said": said})

    def close(self) -> None:
        """Give the session back."""
        with self._one_at_a_time:
            self._close()

    def _book(self, method: str) -> float:
        mine = sorted((self._key(budget), *_pace(budget)) for budget in self._budgets_of(method))
        values = {
            "keys": [key for key, _, _ in mine],
            "gaps": [gap for _, gap, _ in mine],
            "slacks": [slack for _, _, slack in mine],
            "bans": self._ban_keys(method),
            "now": self._clock.now(),
            "patience": SHORT_WAIT_SECONDS,
        }
        return _whole(self._execute(_BOOK, values).scalar_one())

    def _ban_left(self, method: str) -> float:
        nothing: dict[str, Any] = {"keys": [], "gaps": [], "slacks": [], "patience": 0}
        values = {**nothing, "bans": self._ban_keys(method), "now": self._clock.now()}
        return _whole(self._execute(_BOOK, values).scalar_one())

    def _execute(self, statement: TextClause, values: dict[str, Any]) -> CursorResult[Any]:
        """Run one statement on a session that stays open: opening one costs more than asking."""
        with self._one_at_a_time:
            try:
                if self._session is None:
                    self._session = self._stack.enter_context(self._database.session())
                return self._session.execute(statement, values)
            except DBAPIError as error:
                self._close()
                raise describe_fault(error) from None

    def _close(self) -> None:
        self._session = None
        with suppress(DatabaseFault):  # A session that is gone needs no closing.
            self._stack.close()

    def _budgets_of(self, method: str) -> list[Budget]:
        return [budget for budget in self._budgets if budget.method in (None, method)]

    def _key(self, budget: Budget) -> str:
        pace = f"{self._app}/{budget.method or '*'}/{budget.calls} per {budget.seconds:g} s"
        return f"{pace}/{self._caller.shop_id}" if budget.per == "shop" else pace

    def _ban_keys(self, method: str) -> list[str]:
        """Return the keys of the app's ban and of the shop's."""
        return [f"{self._app}/{method}", f"{self._app}/{method}/{self._caller.shop_id}"]

    @property
    def _app(self) -> str:
        return f"{self._caller.platform}/{self._caller.app_key}"


def _pace(budget: Budget) -> tuple[float, float]:
    """Return seconds from call to call, and seconds that calls at once may be ahead of that."""
    at_once = max(1, int(budget.calls * _AT_ONCE))
    gap = budget.seconds / (budget.calls - at_once + 1) * _MARGIN
    return gap, (at_once - 1) * gap


def _whole(seconds: Any) -> float:
    """Return seconds rounded up to milliseconds, so that a wait always reaches its end.

    The database rounds instants to microseconds: a few of those are none.
    """
    return max(0.0, math.ceil(float(seconds or 0) * 1000 - 0.05) / 1000)
