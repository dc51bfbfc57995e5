"""Tells people of open alerts: one message per topic and audience, through the outbox.

Not for raising alerts (`raising`) or wording messages (`wording`).
"""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, Row, text

from orderhub.alerts.audience import Audience, audiences
from orderhub.alerts.held_wording import HeldRule, held_chat_texts, held_mail_texts
from orderhub.alerts.quiet import is_quiet
from orderhub.alerts.wording import HELD, Example, Told, chat_texts, mail_texts
from orderhub.clock import Clock
from orderhub.config.models import Alerts, MerchantConfig
from orderhub.db.outbox import Effect, enqueue
from orderhub.db.sql_files import statement

_EXAMPLES = text("""
    select
        alerts.alert_id, alerts.rule_id, alerts.severity, alerts.subject, alerts.fingerprint,
        alerts.title_zh, alerts.title_en, alerts.text_zh, alerts.text_en, alerts.link,
        coalesce(anomalies.evidence, '{}') as evidence
    from ops.alerts
    left join core.holds on alerts.topic = 'held' and holds.hold_id = alerts.fingerprint
    left join core.anomalies on anomalies.anomaly_id = holds.anomaly_id
    where alerts.alert_id = any(cast(:ids as bigint[]))""")


def tell(
    connection: Connection, clock: Clock, config: MerchantConfig, topics: Collection[str] | None = None
) -> int:
    """Put messages about open alerts that nobody was told of into the outbox, and return how many.

    What quiet hours or a flood keep back stays untold and is taken up by a later call.

    Args:
        connection: the caller's write transaction.
        clock: decides whether hours are quiet.
        config: who is told of what.
        topics: only these; all when not given.
    """
    due = connection.execute(
        statement("ops/told_alerts"),
        {
            "topics": None if topics is None else sorted(topics),
            "is_quiet": is_quiet(config.alerts, clock.now()),
            "messages_per_hour": config.alerts.messages_per_hour,
            "now": clock.now(),
        },
    ).all()
    by_topic: dict[str, list[Row[Any]]] = defaultdict(list)
    for row in due:
        by_topic[row.topic].append(row)
    ids = [alert_id for row in due for alert_id in row.example_ids]
    found = connection.execute(_EXAMPLES, {"ids": ids}).mappings()
    examples = {row["alert_id"]: Example(**row) for row in found}
    effects = [
        _message(config.alerts, topic, [rows[index] for index in audience.heard], audience, examples)
        for topic, rows in by_topic.items()
        for audience in audiences(
            config.alerts, [(row.severity, row.shop_id, row.warehouse_id) for row in rows]
        )
    ]
    return enqueue(connection, effects, clock)


def _message(
    alerts: Alerts, topic: str, rows: Sequence[Row[Any]], audience: Audience, examples: dict[int, Example]
) -> Effect:
    in_chat = audience.robot is not None
    shown = sorted(alert_id for row in rows for alert_id in row.example_ids)
    if topic == HELD:
        orders = {order_id for row in rows for order_id in row.held_orders}
        texts = (held_chat_texts if in_chat else held_mail_texts)(_held_rules(rows, examples), len(orders))
    else:
        told = Told(sum(row.alert_count for row in rows), [examples[alert_id] for alert_id in shown])
        texts = (chat_texts if in_chat else mail_texts)(told)
    fact = f"alert:{topic}:{shown[0]}"
    if in_chat:
        return Effect(f"{audience.robot}:{fact}", f"robot:{audience.robot}", fact, texts)
    who = hashlib.sha256(",".join(audience.to).encode()).hexdigest()[:8]
    return Effect(
        f"mail:{fact}:{who}", "mail", fact, {"sender": alerts.sender, "to": list(audience.to), **texts}
    )


def _held_rules(rows: Sequence[Row[Any]], examples: dict[int, Example]) -> list[HeldRule]:
    """Return the rules, most frequent first, over all shops that the audience hears of."""
    by_rule: dict[str, list[Row[Any]]] = defaultdict(list)
    for row in rows:
        by_rule[row.rule_id].append(row)
    rules = [
        HeldRule(
            sum(row.alert_count for row in found),
            sorted((examples[i] for row in found for i in row.example_ids), key=lambda e: e.subject),
        )
        for _, found in sorted(by_rule.items())
    ]
    return sorted(rules, key=lambda rule: -rule.count)
