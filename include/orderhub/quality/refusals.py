"""Raises an anomaly that somebody else than the checks found: a waybill service that refuses an address.

It is the same anomaly, by the same rule, as if a check had found it: it holds, it counts in the buyer's row,
and the next pass judges the buyer's orders again. It ends when the order has another version.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from orderhub.clock import Clock
from orderhub.config.models import MerchantConfig
from orderhub.db.sql_files import statement
from orderhub.quality.active import active_suites

_JUDGE_AGAIN = text("update core.orders set checked_version = null where order_id = any(:order_ids)")


@dataclass(frozen=True)
class Refusal:
    """What somebody else says of an order.

    Attributes:
        order_id: the order.
        rule_id: the rule of expectations/orders.json that says the same, as `vague_address`.
        evidence: what was said, codes and words; no personal data.
    """

    order_id: str
    rule_id: str
    evidence: Mapping[str, Any]


def raise_anomaly(
    connection: Connection, clock: Clock, config: MerchantConfig, refusal: Refusal, raised_by: str = "waybill"
) -> bool:
    """Open the anomaly and its hold, and return whether it is new; not where the merchant has no such rule.

    Args:
        connection: the caller's write transaction.
        clock: stamps both.
        config: whose rules say severity and action.
        refusal: who was refused and why.
        raised_by: who says so; kept with the anomaly.
    """
    suites = active_suites(connection, clock, config)
    check = suites.checks().get(refusal.rule_id)
    if check is None:
        return False
    given = {
        "order_id": refusal.order_id, "rule_id": check.id, "severity": check.severity, "action": check.action,
        "kind": check.kind,
        "evidence": json.dumps({**refusal.evidence, "raised_by": raised_by}, ensure_ascii=False),
        "raised_by": raised_by, "now": clock.now(), "checks_version": suites.version,
    }  # fmt: skip
    is_new = connection.execute(statement("core/refusals"), given).rowcount > 0
    if is_new:
        connection.execute(_JUDGE_AGAIN, {"order_ids": [refusal.order_id]})
    return is_new
