"""Records that could not be had: parked one by one, so that one failing id never blocks its window."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection, text

from orderhub.alerts.raising import Alert, close_alerts, raise_alerts
from orderhub.clock import Clock
from orderhub.config.models import MerchantConfig

RULE = "parked_record"
#: A record that could not be had this often is reported: its order is missing from the hub.
REPORT_AFTER = 3
#: Records tried again per pull; the rest waits for the next one.
RETRIED_AT_ONCE = 200
FIRST_WAIT = timedelta(minutes=15)
LONGEST_WAIT = timedelta(hours=6)


@dataclass(frozen=True)
class Source:
    """The stream of a shop that records come from, and who hears of those that do not."""

    platform: str
    shop_id: str
    stream: str
    config: MerchantConfig


def waiting_ids(connection: Connection, clock: Clock, source: Source) -> list[str]:
    """Return the parked ids that are due to be tried again, longest waiting first.

    The first retry comes with the next pull; each later one waits twice as long, at most `LONGEST_WAIT`.
    """
    statement = text("""
        select record_id from ops.parked_records
        where platform = :platform and shop_id = :shop and stream = :stream and resolved_at is null
          and parked_at + least(:longest, :first * (power(2, least(attempts, 20) - 1) - 1)) <= :now
        order by parked_at, record_id limit :limit""")
    values = {"limit": RETRIED_AT_ONCE, "first": FIRST_WAIT, "longest": LONGEST_WAIT, "now": clock.now()}
    return list(connection.execute(statement, {**_key(source), **values}).scalars())


def waiting_among(connection: Connection, source: Source, ids: list[str]) -> set[str]:
    """Return which of `ids` are parked."""
    statement = text("""
        select record_id from ops.parked_records
        where platform = :platform and shop_id = :shop and stream = :stream and resolved_at is null
          and record_id = any(:ids)""")
    return set(connection.execute(statement, {**_key(source), "ids": ids}).scalars())


def park(connection: Connection, clock: Clock, source: Source, failed: dict[str, str], where: str) -> None:
    """Park `failed` (record id → reason) in the caller's transaction; the third failure of one alerts."""
    statement = text("""
        insert into ops.parked_records (platform, shop_id, stream, record_id, reason, source, parked_at)
        values (:platform, :shop, :stream, :record, :reason, :where, :now)
        on conflict (platform, shop_id, stream, record_id) do update
        set attempts = case when ops.parked_records.resolved_at is null
                then ops.parked_records.attempts + 1 else 1 end,
            reason = excluded.reason, parked_at = excluded.parked_at, resolved_at = null
        returning attempts""")
    alerts = []
    for record_id, reason in failed.items():
        values = {
            **_key(source), "record": record_id, "reason": reason[:500], "where": where, "now": clock.now(),
        }  # fmt: skip
        if connection.execute(statement, values).scalar_one() >= REPORT_AFTER:
            alerts.append(_alert(source, record_id, reason))
    raise_alerts(connection, clock, source.config, alerts)


def unpark(connection: Connection, clock: Clock, source: Source, ids: list[str]) -> None:
    """Mark `ids` as had, in the caller's transaction."""
    statement = text("""
        update ops.parked_records set resolved_at = :now
        where platform = :platform and shop_id = :shop and stream = :stream
          and resolved_at is null and record_id = any(:ids)
        returning record_id""")
    had = connection.execute(statement, {**_key(source), "ids": ids, "now": clock.now()}).scalars().all()
    if had:
        close_alerts(connection, clock, RULE, [subject_of(source, record_id) for record_id in had])


def _key(source: Source) -> dict[str, str]:
    return {"platform": source.platform, "shop": source.shop_id, "stream": source.stream}


def subject_of(source: Source, what: str | int) -> str:
    """Return the subject of alerts about one record or window of a source."""
    return f"{source.shop_id}/{source.stream}/{what}"


def alert_of(
    source: Source,
    rule_id: str,
    fingerprint: str,
    what: str | int,
    title: tuple[str, str],
    said: tuple[str, str],
) -> Alert:
    """Return a warning about one record or window of a source; title and text are Chinese, English."""
    return Alert(
        rule_id=rule_id,
        severity="warning",
        subject=subject_of(source, what),
        fingerprint=fingerprint,
        title_zh=title[0],
        title_en=title[1],
        text_zh=said[0],
        text_en=said[1],
        shop_id=source.shop_id,
    )


def _alert(source: Source, record_id: str, reason: str) -> Alert:
    title = (f"订单详情取不到:{record_id}", f"A record cannot be fetched: {record_id}")
    text_zh = (
        f"店铺 {source.shop_id} 的记录 {record_id}({source.stream})连续 {REPORT_AFTER} 次以上"
        f"取不到详情:{reason}。该订单暂时不在系统里;系统会继续重试,取到后自动关闭。"
    )
    text_en = (
        f"Record {record_id} of {source.stream} of shop {source.shop_id} could not be fetched: {reason}. "
        "Its order is not in the hub yet; it is retried."
    )
    return alert_of(source, RULE, "parked", record_id, title, (text_zh, text_en))
