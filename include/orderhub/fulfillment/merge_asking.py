"""Asks platforms whose receivers only they can compare which promised orders go to one receiver.

An answer holds for the receivers that it was given for: a buyer with a changed address, or with one order
more, is asked about anew. No answer, or one that cannot be read: the orders leave alone. Not for deciding
what is merged: `orderhub.fulfillment.merge`.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter
from typing import Any

import structlog
from sqlalchemy import Row

from orderhub.clock import Clock
from orderhub.config.models import MerchantConfig
from orderhub.db.engine import Database
from orderhub.db.leases import Lease, hold_scope
from orderhub.db.sql_files import statement
from orderhub.errors import ConfigError, LeaseTaken, RetryError, ShopError
from orderhub.fulfillment.last_look import Opener, shop_access
from orderhub.fulfillment.merge import merging_shops
from orderhub.platforms.backfill import Access
from orderhub.platforms.client import Client
from orderhub.platforms.encoding import fill
from orderhub.platforms.merging import MergeQuestion, groups_in
from orderhub.settings import Settings

log = structlog.get_logger(__name__)
SCOPE = "merge_asking"
#: All shops together; parcels are not worth a late manifest.
BUDGET = timedelta(minutes=1)
HOLDS_FOR = timedelta(days=1)
MOST_ORDERS = 20_000


def ask_merges(
    database: Database, clock: Clock, settings: Settings, config: MerchantConfig,
    warehouses: Sequence[str], opener: Opener,
) -> int:  # fmt: skip
    """Ask about buyers with several promised orders at one of `warehouses`; return how many are known.

    A shop that cannot be asked stops no other.

    Raises:
        LeaseTaken: somebody else asks now.
        DatabaseFault: the database failed.
    """
    shops = set(merging_shops(config).get("merge_interface", ()))
    access = {
        shop.id: one
        for shop in config.shops
        if shop.id in shops and (one := shop_access(database, clock, settings, config, shop)) is not None
        and one.platform.spec.merge is not None
    }  # fmt: skip
    if not access:
        return 0
    deadline, known = clock.now() + BUDGET, 0
    with hold_scope(database, SCOPE) as lease:
        for shop_id, orders in _wanted(database, clock, warehouses, list(access)).items():
            try:
                with opener(access[shop_id]) as client:
                    known += _ask(access[shop_id], lease, client, orders, deadline)
            except (RetryError, ShopError, ConfigError, LeaseTaken) as error:
                log.warning("nobody said which orders go together", shop_id=shop_id, why=str(error))
    return known


def _wanted(
    database: Database, clock: Clock, warehouses: Sequence[str], shops: list[str]
) -> Mapping[str, list[Row[Any]]]:
    given = {
        "warehouses": list(warehouses),
        "shops": shops,
        "since": clock.now() - HOLDS_FOR,
        "most": MOST_ORDERS,
    }
    with database.read() as connection:
        rows = connection.execute(statement("core/merge_questions"), given).all()
    return {shop_id: list(orders) for shop_id, orders in groupby(rows, key=attrgetter("shop_id"))}


def _ask(access: Access, lease: Lease, client: Client, orders: Sequence[Row[Any]], deadline: datetime) -> int:
    question, known = access.platform.spec.merge, 0
    assert question is not None
    for some in _calls(question, orders):
        if access.clock.now() > deadline:
            break
        described = [
            fill(question.order, {"order_id": one.platform_order_id, "token": one.token}) for one in some
        ]
        answer = client.call(question, {"orders": described})
        groups = groups_in(question, answer, [one.platform_order_id for one in some])
        found = _found(some, groups, access.clock.now())
        with access.database.transaction(lease) as connection:
            known += connection.execute(statement("core/merge_answers"), found).rowcount
    return known


def _found(asked: Sequence[Row[Any]], groups: Mapping[str, str], now: datetime) -> dict[str, Any]:
    """Return columns of core.merge_answers; keys of two answers are never equal."""
    ours = {one.platform_order_id: one.order_id for one in asked}
    told = [one for one in asked if one.platform_order_id in groups]
    return {
        "order_ids": [one.order_id for one in told],
        "merge_keys": [f"{ours[groups[one.platform_order_id]]}|{now.isoformat()}" for one in told],
        "receiver_keys": [one.receiver_key for one in told],
        "now": now,
    }


def _calls(question: MergeQuestion, orders: Sequence[Row[Any]]) -> Iterator[list[Row[Any]]]:
    """Yield what one call asks about: the orders of whole buyers, as many as it takes."""
    together: list[Row[Any]] = []
    for _, group in groupby(orders, key=attrgetter("customer_id")):
        of_buyer = list(group)[: question.most]
        if len(together) + len(of_buyer) > question.most:
            yield together
            together = []
        together += of_buyer
    if together:
        yield together
