"""Hands over what is due: the last look, what it changed, who goes with whom, the manifests."""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from orderhub.alerts.manifests import DUE_BEFORE, due_before
from orderhub.alerts.raising import keep_alerts
from orderhub.clock import Clock
from orderhub.config.models import MerchantConfig
from orderhub.db.engine import Database
from orderhub.db.leases import hold_scope
from orderhub.db.sql_files import statement
from orderhub.errors import LeaseTaken
from orderhub.fulfillment.close import ClosedManifest, all_due, close_cutoffs
from orderhub.fulfillment.cutoffs import EXTRA_AHEAD, Cutoff, next_lists, request_due_extras
from orderhub.fulfillment.last_look import Opener, look_again, open_shop
from orderhub.fulfillment.merge_asking import ask_merges
from orderhub.fulfillment.run import run_fulfillment
from orderhub.fulfillment.touched import is_behind
from orderhub.platforms.spec import visibility_lags
from orderhub.settings import Settings
from orderhub.transform.run import is_work_pending, run_transform

#: A pass that is at work when a cut-off rings is waited for: tries, and seconds between them.
TRIES, PAUSE_SECONDS = 20, 3.0


def hand_over_due(
    database: Database, clock: Clock, settings: Settings, config: MerchantConfig,
    opener: Opener = open_shop, wait: Callable[[float], Any] = time.sleep,
) -> Sequence[ClosedManifest]:  # fmt: skip
    """Look a last time at the orders of every due cut-off and amendment, take in what changed, close them.

    One that rings meanwhile closes after a look of its own.

    Raises:
        LeaseTaken: a pass of somebody else outlasts our patience; nothing more was closed.
        RetryError: the database failed, or stock kept being taken; cut-offs are closed whole or not at all.
    """
    with suppress(LeaseTaken):  # Whoever writes cut-offs now does the same.
        request_due_extras(database, clock, config)
    closed: list[ClosedManifest] = []
    looked_at: set[Cutoff] = set()
    lags = visibility_lags(config)
    while due := [one for one in all_due(database, clock, config, lags) if one not in looked_at]:
        looked_at.update(due)
        _look(database, clock, settings, config, due, opener, wait)
        closed += close_cutoffs(database, clock, config, lags, due)
    with suppress(LeaseTaken):  # Another pass tells of the same.
        tell_of_due(database, clock, config)
    return closed


def _look(
    database: Database, clock: Clock, settings: Settings, config: MerchantConfig, due: Sequence[Cutoff],
    opener: Opener, wait: Callable[[float], Any],
) -> None:  # fmt: skip
    """Read the orders of `due` again, and take in what changed."""
    _when_free(lambda: look_again(database, clock, settings, config, due, opener), wait)
    if is_work_pending(database):
        _when_free(lambda: run_transform(database, clock, config), wait)
    if is_behind(database):
        _when_free(lambda: run_fulfillment(database, clock, config), wait)
    with suppress(LeaseTaken):  # Without an answer orders leave alone.
        warehouses = sorted({cutoff.warehouse_id for cutoff in due})
        ask_merges(database, clock, settings, config, warehouses, opener)


def tell_of_due(database: Database, clock: Clock, config: MerchantConfig) -> int:
    """Alert, per warehouse, about what must be handed over before its next list closes; return the new ones.

    Such an alert is over once the orders are on a list, or the next cut-off has come.
    """
    now = clock.now()
    following = next_lists(database, clock, config)
    calm = {each.id for each in config.warehouses if each.extra_when_due}
    given = {"warehouses": list(following), "next_cutoffs": list(following.values()), "now": now}
    with hold_scope(database, DUE_BEFORE) as lease, database.transaction(lease) as connection:
        rows = connection.execute(statement("ops/due_before_next_cutoff"), given)
        # Where an extra list comes by itself, only what that did not take is told.
        told = [row for row in rows if row.warehouse_id not in calm or row.first_at <= now + EXTRA_AHEAD]
        return keep_alerts(connection, clock, config, DUE_BEFORE, [due_before(*row) for row in told])


def _when_free(work: Callable[[], object], wait: Callable[[float], Any]) -> None:
    """Do `work` as soon as nobody else is at it."""
    for _ in range(TRIES):
        try:
            work()
        except LeaseTaken:
            wait(PAUSE_SECONDS)
        else:
            return
    work()
