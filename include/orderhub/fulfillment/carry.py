"""Chooses the carrier of each document of a pass, between the decision on its warehouse and its reservation.

Documents made before are looked at again while nobody fits them, or when their order has changed. Orders with
the same facts get the same answer, which is worked out once.
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Connection, text

from orderhub.alerts.held import DocumentRule, raise_held_documents
from orderhub.clock import BEIJING, Clock
from orderhub.config.goods import DEFAULT_WEIGHT_G
from orderhub.config.models import MerchantConfig
from orderhub.db.copy import Value, copy_rows, copy_text
from orderhub.db.reading import waves_of
from orderhub.db.sql_files import statement
from orderhub.domain.calendar import CalendarKind
from orderhub.fulfillment.beside import worked_beside
from orderhub.fulfillment.carrier_desk import CarrierDesk
from orderhub.fulfillment.carriers import (
    names_pattern,
    points,
    tags_not_today,
    tags_that_count,
    wish_reader,
)
from orderhub.fulfillment.plans import WITH_FIGURES, WITHOUT_FIGURES
from orderhub.fulfillment.touched import Look

_READ_ROWS = 20_000
_CHOICES = text("""
    create temporary table carrier_choices (
        order_id text collate "C" not null, fulfillment_order_id text collate "C", warehouse_id text not null,
        weight_g bigint not null, carrier_id text, carrier_rule_id text,
        carrier_reason_id text collate "C" not null, carrier_date date, carrier_left integer,
        ship_not_before timestamptz, freight_fen bigint, is_waiting boolean not null
    ) on commit drop""")
_COLUMNS = (
    "order_id", "fulfillment_order_id", "warehouse_id", "weight_g", "carrier_id", "carrier_rule_id",
    "carrier_reason_id", "carrier_date", "carrier_left", "ship_not_before", "freight_fen", "is_waiting",
)  # fmt: skip
_REASONS = text("""
    insert into core.carrier_reasons (reason_id, candidates, first_seen_at)
    select *, cast(:now as timestamptz)
    from unnest(cast(:reason_ids as text[]), cast(:candidates as jsonb[]))
    on conflict do nothing""")
_NO_DOCUMENTS = text("""
    create temporary table documents_to_carry on commit drop as
    select fulfillment_order_id, order_id, warehouse_id, is_shadow from core.fulfillment_orders
    where false""")
#: What is looked at again asks for its place again.
_TAKEN = text("""
    select f.carrier_id, f.carrier_date, count(*) as documents
    from core.fulfillment_orders as f
    left join documents_to_carry as d using (fulfillment_order_id)
    where f.carrier_date >= :today and f.state <> 'cancelled' and not f.is_shadow
        and d.fulfillment_order_id is null
    group by f.carrier_id, f.carrier_date""")
NO_CARRIER = DocumentRule("no_carrier", "critical", "没有快递能送", "No carrier can take it")


def choose_carriers(
    connection: Connection,
    config: MerchantConfig,
    now: datetime,
    look: Look | None = None,
    *,
    taken: Mapping[tuple[str, date], int] | None = None,
) -> None:
    """Fill the temporary table `carrier_choices`, over `decisions` and over documents that need another look.

    Without carriers.yaml it stays empty: the warehouse decides. Of the documents, those that `look` looks at;
    all without one. What carriers have `taken` on a day is counted unless it is given: then days are
    replayed, and no document that stands is looked at.
    """
    connection.execute(_CHOICES)
    if not config.carriers.carriers:
        return
    today = now.astimezone(BEIJING).date()
    closed = {
        row.id: config.calendar.works_again(CalendarKind.CARRIER, row.id, today)
        for row in config.calendar.on(CalendarKind.CARRIER, today)
    }
    if taken is None:
        _read_documents(connection, config, look, now, closed)
    else:
        connection.execute(_NO_DOCUMENTS)
    _read_uncarried(connection, config)
    desk = CarrierDesk(config, now, _taken(connection, today) if taken is None else taken, closed)
    facts = _facts(connection, config, now)
    for chosen in worked_beside(facts, lambda rows: copy_text(_chosen(desk, row) for row in rows)):
        copy_rows(connection, "carrier_choices", _COLUMNS, chosen)
    connection.execute(text("analyze carrier_choices"))
    given = {"reason_ids": list(desk.reasons), "candidates": list(desk.reasons.values()), "now": now}
    connection.execute(_REASONS, given)


def _read_documents(
    connection: Connection, config: MerchantConfig, look: Look | None, now: datetime, closed: Collection[str]
) -> None:
    if look is not None and not look.is_all:
        connection.execute(statement("core/touched_to_carry"))
        return
    working = [carrier.id for carrier in config.carriers.carriers if carrier.id not in closed]
    given = {"carriers": working, "not_today": tags_not_today(config, now), "now": now}
    connection.execute(WITHOUT_FIGURES)
    connection.execute(statement("core/documents_to_carry"), given)
    connection.execute(WITH_FIGURES)


def _read_uncarried(connection: Connection, config: MerchantConfig) -> None:
    connection.execute(WITHOUT_FIGURES)
    asked = {"tags": tags_that_count(config), "weight_g": DEFAULT_WEIGHT_G}
    connection.execute(statement("core/uncarried"), asked)
    connection.execute(WITH_FIGURES)
    connection.execute(text("analyze uncarried"))


def settle_carriers(connection: Connection, clock: Clock, config: MerchantConfig, *, pass_id: int) -> None:
    """Give older documents the carriers chosen now, hold what nobody takes, end the holds that are over."""
    now = clock.now()
    connection.execute(statement("core/carried_documents"))
    close_no_carrier(connection, config, now)
    given = {"pass_id": pass_id, "config_version": config.version, "now": now}
    if connection.execute(statement("core/no_carrier"), given).rowcount:
        raise_held_documents(connection, clock, config, NO_CARRIER, placed_at=now)


def close_no_carrier(connection: Connection, config: MerchantConfig, now: datetime) -> None:
    """End the holds of documents that have a carrier now, were cancelled, or whose order changed."""
    given = {"is_chosen": bool(config.carriers.carriers), "now": now}
    connection.execute(statement("core/close_no_carrier"), given)


def _taken(connection: Connection, today: date) -> dict[tuple[str, date], int]:
    rows = connection.execute(_TAKEN, {"today": today})
    return {(row.carrier_id, row.carrier_date): row.documents for row in rows}


def _facts(connection: Connection, config: MerchantConfig, now: datetime) -> Iterator[list[tuple[Any, ...]]]:
    """Yield the facts in order of urgency."""
    today = now.astimezone(BEIJING).date()
    given = {
        **points(config),
        "names": names_pattern(wish_reader(config)),
        "tomorrow": datetime.combine(today + timedelta(days=1), time(), BEIJING),
    }
    return waves_of(connection, statement("core/carrier_facts"), given, _READ_ROWS)


def _chosen(desk: CarrierDesk, row: tuple[Any, ...]) -> tuple[Value, ...]:
    order_id, fulfillment_order_id, warehouse_id, weight_g, is_shadow = row[:5]
    choice = desk.choose(order_id, row[5:], is_shadow=is_shadow)
    return order_id, fulfillment_order_id, warehouse_id, weight_g, *choice
