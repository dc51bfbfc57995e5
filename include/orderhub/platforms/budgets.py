"""Call budgets and bans that all tasks and processes of one app key share, in the database.

Each call books the next free slot at the documented pace (GCRA: one instant per budget is all that is kept).
A few calls may come at once; in no stretch of `seconds` are there more than `calls`.
"""

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import text

from orderhub.clock import Clock
from orderhub.db.engine import Database
from orderhub.errors import ThrottledError
from orderhub.platforms.protocol import Budget

#: A shorter wait is slept in place; for a longer one the task ends, and no worker is held.
SHORT_WAIT_SECONDS = 30.0
#: Two calls may arrive closer together than they were sent.
_MARGIN = 1.02
#: So many of a budget's calls may come at once; the others follow at its pace.
_AT_ONCE = 0.1

_KNOWN = text("""
    insert into ops.call_budgets (budget_key, booked_until) select unnest(cast(:keys as text[])), :now
    on conflict do nothing""")
_BAN = text("""
    select extract(epoch from max(banned_until) - cast(:now as timestamptz))
    from ops.call_bans where ban_key = any(cast(:bans as text[]))""")
#: A lost booking costs a call too many and no order, so its commit waits for no disk.
#: An instant further away than anything that can be booked was written by a clock that was wrong.
_BOOK = text("""
    with asked as (
        select budget_key, make_interval(secs => gap) as gap, make_interval(secs => slack) as slack
        from unnest(cast(:keys as text[]), cast(:gaps as float8[]), cast(:slacks as float8[]))
             as a (budget_key, gap, slack)
    ),
    locked as (
        select b.budget_key, b.booked_until from ops.call_budgets as b
        where b.budget_key = any(cast(:keys as text[])) order by b.budget_key for update
    ),
    standing as (
        select budget_key, gap, slack,
            case when booked_until <= cast(:last as timestamptz) + gap + slack + interval '5 s'
                 then booked_until end as booked_until
        from asked join locked using (budget_key)
    ),
    slot as (
        select greatest(
            cast(:now as timestamptz),
            (select max(banned_until) from ops.call_bans where ban_key = any(cast(:bans as text[]))),
            (select max(booked_until - slack) from standing)
        ) as at
    ),
    booked as (
        update ops.call_budgets as b set booked_until = greatest(s.booked_until, slot.at) + s.gap
        from standing as s, slot where b.budget_key = s.budget_key and slot.at <= :last
    )
    select extract(epoch from at - cast(:now as timestamptz)),
        set_config('synchronous_commit', 'off', true)
    from slot""")
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
        self._one_session = threading.Lock()
        self._known: set[str] = set()

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
        with self._one_session, self._database.session() as session:
            session.execute(_SET_BAN, {"ban": self._ban_keys(method)[is_shops], "until": until, "said": said})

    def _book(self, method: str) -> float:
        mine = self._budgets_of(method)
        if not mine:
            return self._ban_left(method)
        gaps, slacks = zip(*(_pace(budget) for budget in mine), strict=True)
        now = self._clock.now()
        values = {
            "keys": [self._key(budget) for budget in mine],
            "gaps": list(gaps),
            "slacks": list(slacks),
            "bans": self._ban_keys(method),
            "now": now,
            "last": now + timedelta(seconds=SHORT_WAIT_SECONDS),
        }
        with self._one_session, self._database.session() as session:
            if method not in self._known:
                session.execute(_KNOWN, {"keys": values["keys"], "now": now})
                self._known.add(method)
            return _whole(session.execute(_BOOK, values).scalar_one())

    def _ban_left(self, method: str) -> float:
        with self._one_session, self._database.session() as session:
            values = {"bans": self._ban_keys(method), "now": self._clock.now()}
            return _whole(session.execute(_BAN, values).scalar_one())

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
    """Return seconds rounded up to milliseconds, so that a wait always reaches its end."""
    return math.ceil(float(seconds or 0) * 1000) / 1000 if seconds and seconds > 0 else 0.0
