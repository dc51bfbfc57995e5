"""Keeps decisions while more of them are taken: what they say in core, what the pass needs of them at hand.

Not for taking them (`orderhub.fulfillment.desk`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from orderhub.db.copy import CopyText, Value, copy_rows
from orderhub.db.sql_files import statement
from orderhub.fulfillment.desk import COLUMNS

_DECIDED = text("""
    create temporary table decided (
        order_id text collate "C" not null, outcome text not null, rule_id text, warehouse_id text,
        candidates jsonb not null, version_id text not null, is_shadow boolean not null,
        facts jsonb not null, promised_date date, hold_rule_id text, part smallint not null
    ) on commit drop""")
_DECISIONS = text("""
    create temporary table decisions (
        order_id text collate "C" not null, outcome text not null, rule_id text, warehouse_id text,
        held_candidates jsonb, version_id text not null, is_shadow boolean not null, hold_rule_id text,
        part smallint not null
    ) on commit drop""")
#: What is told of each decision is written already; only who holds an order tells of its candidates again.
_AT_HAND = text("""
    insert into decisions
    select
        order_id, outcome, rule_id, warehouse_id, case when hold_rule_id is not null then candidates end,
        version_id, is_shadow, hold_rule_id, part
    from decided""")
_NEXT = text("truncate decided")
_FIGURES = text("analyze decisions (order_id, outcome, warehouse_id, hold_rule_id, part)")


@dataclass(frozen=True)
class Decided:
    """The decisions of one pass.

    Attributes:
        connection: the transaction of the pass.
        stamp: pass_id, config_version and now of the rows in core; None: nothing is written there.
    """

    connection: Connection
    stamp: Mapping[str, Any] | None

    def open(self) -> None:
        """Make the temporary table `decisions`."""
        self.connection.execute(_DECIDED)
        self.connection.execute(_DECISIONS)

    def keep(self, rows: Iterable[tuple[Value, ...]] | CopyText) -> None:
        """Keep some decisions; both of an order in two parts come together."""
        copy_rows(self.connection, "decided", COLUMNS, rows)
        if self.stamp is not None:
            self.connection.execute(statement("core/routing_decisions"), self.stamp)
        self.connection.execute(_AT_HAND)
        self.connection.execute(_NEXT)

    def tell(self) -> None:
        """Let the planner know what there is."""
        self.connection.execute(_FIGURES)

    def close(self) -> None:
        """Let it know of the last ones too; no more come."""
        self.connection.execute(text("drop table decided"))
        self.tell()
