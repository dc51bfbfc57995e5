"""Says first, when mails leave after hours in which none could, how many follow and since when they wait.

One such mail per people and hour. Not for what the mails say: each still arrives, in its order.
"""

from collections.abc import Sequence
from datetime import timedelta
from html import escape
from typing import Any

from sqlalchemy import Connection, Row, text

from orderhub.alerts.links import LINK
from orderhub.clock import BEIJING, Clock
from orderhub.db.outbox import Effect, enqueue

SUBJECT = "mail_backlog"
#: Fewer mails, or younger ones, speak for themselves.
_MANY, _LONG = 5, timedelta(hours=1)
_WAITING = text("""
    with waiting as (
        select payload -> 'to' as recipients, min(payload ->> 'sender') as sender, count(*) as mails,
            min(created_at) as since, (array_agg(outbox_id order by sequence))[1] as first_id
        from ops.outbox
        where target = 'mail' and state in ('pending', 'claimed') and subject <> :subject
        group by payload -> 'to'
    )
    select recipients, sender, mails, since, first_id
    from waiting
    where mails >= :many and since <= :before and not exists (
        select from ops.outbox as told
        where told.target = 'mail' and told.subject = :subject and told.payload -> 'to' = waiting.recipients
            and (told.state not in ('sent', 'failed') or told.sent_at > :before)
    )""")
_CLAIMED = text("""
    update ops.outbox set state = 'claimed', attempts = attempts + 1, claimed_at = clock_timestamp()
    where target = 'mail' and subject = :subject and state in ('pending', 'claimed')
        and (not_before is null or not_before <= :now)
    returning outbox_id, target, subject, payload, 'pending' as state, attempts, created_at""")


def claim_summaries(connection: Connection, clock: Clock) -> Sequence[Row[Any]]:
    """Write a summary for whom many mails have waited for long, and claim those that are due.

    Args:
        connection: a write transaction under the lease of the delivery.
        clock: says what is long.
    """
    now = clock.now()
    given = {"subject": SUBJECT, "many": _MANY, "before": now - _LONG}
    enqueue(connection, [_summary(row) for row in connection.execute(_WAITING, given)], clock)
    return connection.execute(_CLAIMED, {"subject": SUBJECT, "now": now}).all()


def _summary(row: Row[Any]) -> Effect:
    since = f"{row.since.astimezone(BEIJING):%m-%d %H:%M}"
    zh = (
        f"自 {since} 起的提醒没能送出,至少 {row.mails} 封。它们按先后随这一封送到;旧的可能已经过去,"
        "现在还开着的看 ./hub alerts list。"
    )
    en = (
        f"Alerts since {since} (Beijing) could not be sent, at least {row.mails} mails. They follow this one "
        "in their order; some may be over by now: ./hub alerts list shows what is open."
    )
    payload = {
        "sender": row.sender,
        "to": row.recipients,
        **_texts(f"[orderhub] 迟到的提醒:至少 {row.mails} 封随后送到", zh),
        "en": _texts(f"[orderhub] Late alerts: at least {row.mails} mails follow", en),
    }
    return Effect(f"mail:backlog:{row.first_id}", "mail", SUBJECT, payload)


def _texts(subject: str, said: str) -> dict[str, str]:
    link = f'<a href="{LINK}">{LINK}</a>'
    return {"subject": subject, "text": f"{said}\n{LINK}\n", "html": f"<p>{escape(said)}</p><p>{link}</p>"}
