"""Decides which warehouse ships each candidate order. Writes temporary tables only."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, text

from orderhub.config.models import MerchantConfig
from orderhub.db.copy import Value, copy_rows
from orderhub.db.sql_files import statement
from orderhub.domain.inventory import STALE, Availability, Candidate, Needs
from orderhub.domain.routing import Destination, NoRule, Rule, RuleTable
from orderhub.fulfillment.freeze import frozen_warehouses
from orderhub.fulfillment.rules import rule_table, shadow_shops

#: Candidate lines read at once; bounds memory, not the decision.
WAVE_LINES = 50_000
#: A figure of a WMS older than this is marked; one older than that counts against twice the safety stock.
AGED_AFTER = timedelta(minutes=15)
STALE_AFTER = timedelta(hours=2)
_FREE = text("select warehouse_id, sku_id, on_hand - reserved as free, counted_at from core.stock")
_DECISIONS = text("""
    create temporary table decisions (
        order_id text collate "C" primary key, outcome text not null, rule_id text, warehouse_id text,
        candidates jsonb not null, version_id text not null, is_shadow boolean not null
    ) on commit drop""")
_COLUMNS = ("order_id", "outcome", "rule_id", "warehouse_id", "candidates", "version_id", "is_shadow")
_IN_ORDER_OF_URGENCY = """
    select order_id, version_id, province, city, platform, shop_id, sku_id, quantity
    from candidate_lines
    order by ship_by_at nulls last, paid_at nulls last, order_id"""
_order_of = itemgetter(0, 1, 2, 3, 4, 5)


@dataclass(frozen=True, slots=True)
class _Short:
    """An order that no warehouse of its rule can ship whole."""

    order_id: str
    version_id: str
    shop_id: str
    rule: Rule
    needs: Needs


@dataclass
class _Desk:
    """Everything one pass decides with, and the outcomes it counts."""

    table: RuleTable
    availability: Availability
    shadow: frozenset[str]
    outcomes: Counter[str] = field(default_factory=Counter)
    short: list[_Short] = field(default_factory=list)


def decide(connection: Connection, config: MerchantConfig, now: datetime) -> Counter[str]:
    """Fill the temporary tables `candidate_lines` and `decisions`, and return outcome → orders.

    Orders are served by the hand-over time promised, then by payment time, then by id. A whole order ships
    from one warehouse. Figures of orders that stay short are those at the end of the pass, so that the same
    shortage decided again is the same row.
    """
    connection.execute(statement("core/candidate_lines"), {"now": now})
    connection.execute(text("analyze candidate_lines"))
    connection.execute(_DECISIONS)
    shadow = frozenset(shadow_shops(config))
    desk = _Desk(rule_table(config), _availability(connection, config, now), shadow)
    for wave in _waves(connection):
        copy_rows(connection, "decisions", _COLUMNS, _decided(wave, desk))
    copy_rows(connection, "decisions", _COLUMNS, (_short_row(short, desk) for short in desk.short))
    connection.execute(text("analyze decisions"))
    return desk.outcomes


def _availability(connection: Connection, config: MerchantConfig, now: datetime) -> Availability:
    """Return what can be promised; only a WMS gives figures that are expected to be young."""
    rows = connection.execute(_FREE).all()
    told = {warehouse.id for warehouse in config.warehouses if warehouse.wms is not None}
    old = {
        (row.warehouse_id, row.sku_id): STALE if now - row.counted_at > STALE_AFTER else "aged"
        for row in rows
        if row.warehouse_id in told and now - row.counted_at > AGED_AFTER
    }
    free = {(row.warehouse_id, row.sku_id): row.free for row in rows}
    return Availability(free, config.safety_stock, old, frozen_warehouses(connection))


def _waves(connection: Connection) -> Iterator[list[tuple[Any, ...]]]:
    """Yield whole orders in waves: a cursor on the server, so that a million orders never sit in memory."""
    with closing(connection.connection.cursor("candidates_by_urgency")) as cursor:
        cursor.execute(_IN_ORDER_OF_URGENCY)
        carried: list[tuple[Any, ...]] = []
        while rows := list(cursor.fetchmany(WAVE_LINES)):
            last = rows[-1][0]
            cut = next((i for i in range(len(rows) - 1, -1, -1) if rows[i][0] != last), -1) + 1
            if cut:
                yield carried + rows[:cut]
                carried = []
            carried += rows[cut:]
        if carried:
            yield carried


def _decided(wave: list[tuple[Any, ...]], desk: _Desk) -> Iterator[tuple[Value, ...]]:
    for (order_id, version_id, province, city, platform, shop_id), lines in groupby(wave, key=_order_of):
        needs: dict[str, int] = {}
        for line in lines:
            needs[line[6]] = needs.get(line[6], 0) + line[7]
        rule = desk.table.match(Destination(province, city, platform, shop_id))
        if isinstance(rule, NoRule):
            desk.outcomes["no_rule"] += 1
            why = json.dumps([{"why": rule.value}])
            yield (order_id, "no_rule", None, None, why, version_id, shop_id in desk.shadow)
            continue
        looked_at = desk.availability.choose(rule.warehouses, needs)
        if not looked_at[-1].is_chosen:
            desk.outcomes["out_of_stock"] += 1
            desk.short.append(_Short(order_id, version_id, shop_id, rule, needs))
            continue
        desk.outcomes["allocated"] += 1
        warehouse_id = looked_at[-1].warehouse_id
        shown = _shown(looked_at)
        yield (order_id, "allocated", rule.rule_id, warehouse_id, shown, version_id, shop_id in desk.shadow)


def _short_row(short: _Short, desk: _Desk) -> tuple[Value, ...]:
    looked_at = [desk.availability.look(warehouse, short.needs) for warehouse in short.rule.warehouses]
    shown, is_shadow = _shown(looked_at), short.shop_id in desk.shadow
    return (short.order_id, "out_of_stock", short.rule.rule_id, None, shown, short.version_id, is_shadow)


def _why(candidate: Candidate) -> str:
    if candidate.is_frozen:
        return "frozen"
    return "chosen" if candidate.is_chosen else "short"


def _shown(looked_at: list[Candidate]) -> str:
    return json.dumps(
        [
            {
                "warehouse": candidate.warehouse_id,
                "why": _why(candidate),
                "figures": {
                    sku: {"needed": needed, "available": available}
                    for sku, (needed, available) in candidate.figures.items()
                },
                **({"old_figures": dict(candidate.old_figures)} if candidate.old_figures else {}),
            }
            for candidate in looked_at
        ],
        ensure_ascii=False,
    )
