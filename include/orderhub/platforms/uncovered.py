"""Says that a window cannot be proven complete: after how many readings, and when it is over."""

from collections.abc import Sequence

from sqlalchemy import Connection, text

from orderhub.alerts.raising import close_alerts, raise_alerts
from orderhub.clock import Clock
from orderhub.db.windows import PullWindow
from orderhub.platforms.parked import Source, alert_of, subject_of

RULE = "uncovered_window"
UNUSABLE_ID = "unusable_id"
REFUSED = "refused_range"
#: A window that could not be proven complete this often is reported.
REPORT_AFTER = 3
_READ_AGAIN = text("""
    select window_id from ops.pull_windows
    where shop_id = :shop and stream = :stream and rejected_count > 0 and state = 'covered'
      and :kind = 'requested' and start_at < :end and end_at > :start""")


def tell_of_uncovered(
    connection: Connection, clock: Clock, source: Source, window: PullWindow, said: str
) -> None:
    """Alert about `window`; `said` is why the last reading did not cover it."""
    title = (f"拉取窗口不完整:{source.shop_id}", f"Window not covered: {source.shop_id}")
    text_zh = (
        f"{_zh(source, window)} 连续 {REPORT_AFTER} 次以上无法证明完整:{said}。"
        "系统会继续重试,读全后自动关闭。"
    )
    text_en = (
        f"{_en(source, window)} could not be proven complete {REPORT_AFTER} times or more: {said}. "
        "It is retried."
    )
    alert = alert_of(source, RULE, "uncovered", window.window_id, title, (text_zh, text_en))
    raise_alerts(connection, clock, source.config, [alert])


def tell_of_unusable_ids(
    connection: Connection, clock: Clock, source: Source, window: PullWindow, refused: Sequence[str]
) -> None:
    """Alert about rows of `window` that have no usable id: they cannot be stored, the others are.

    Nothing waits for them any longer; the alert stays until the range is read again without such rows.
    """
    title = (f"平台给的记录没有可用的编号:{source.shop_id}", f"Records without a usable id: {source.shop_id}")
    text_zh = (
        f"{_zh(source, window)} 有 {len(refused)} 条没有可用的编号:{refused[0]}。它们进不了系统,"
        "其余已入库,也不再等它们。请到平台后台核对这段时间的订单,并报给平台;平台改好后补拉这段时间"
        "(./hub backfill),它们就会进来,这条随之关闭。"
    )
    text_en = (
        f"{_en(source, window)} has {len(refused)} record(s) without a usable id: {refused[0]}. "
        "They cannot be stored, the others are, and nothing waits for them. "
        "Look for them at the platform and tell it; once it gives ids, read that range again "
        "(./hub backfill): they come in and this closes."
    )
    alert = alert_of(source, UNUSABLE_ID, "unusable", window.window_id, title, (text_zh, text_en))
    raise_alerts(connection, clock, source.config, [alert])


def tell_of_refused(
    connection: Connection, clock: Clock, source: Source, window: PullWindow, said: str
) -> None:
    """Alert once per shop and stream that the platform does not give a range that somebody asked for."""
    title = (f"平台不给要补的那段:{source.shop_id}", f"A backfill is refused: {source.shop_id}")
    text_zh = (
        f"{_zh(source, window)} 是补拉要的,平台拒绝了:{said}。多半是超出了平台能查的时间,不会再试;"
        "其余的照常读,日常拉取不受影响。要补就换一段再执行;再补一次,这条就关闭。"
    )
    text_en = (
        f"{_en(source, window)} was asked for by a backfill, and the platform refuses it: {said}. It is "
        "probably older than the platform gives, and is not tried again; the rest is read, pulls go on. "
        "The next backfill of this stream closes this."
    )
    alert = alert_of(source, REFUSED, "refused", "backfill", title, (text_zh, text_en))
    raise_alerts(connection, clock, source.config, [alert])


def close_refused(connection: Connection, clock: Clock, source: Source) -> None:
    """Close the alert about a refused backfill of a stream: somebody asks anew."""
    close_alerts(connection, clock, REFUSED, [subject_of(source, "backfill")])


def close_covered(connection: Connection, clock: Clock, source: Source, window: PullWindow) -> None:
    """Close the alerts about `window`: it is complete now. One that was asked for speaks for all it reads."""
    values = {
        "shop": source.shop_id, "stream": source.stream, "window": window.window_id, "kind": window.kind,
        "start": window.start_at, "end": window.end_at,
    }  # fmt: skip
    ids = connection.execute(_READ_AGAIN, values).scalars()
    subjects = [subject_of(source, window_id) for window_id in (window.window_id, *ids)]
    for rule in (RULE, UNUSABLE_ID):
        close_alerts(connection, clock, rule, subjects)


def _zh(source: Source, window: PullWindow) -> str:
    return (
        f"店铺 {source.shop_id} 的 {source.stream} 窗口 {window.start_at:%Y-%m-%d %H:%M}"
        f"–{window.end_at:%H:%M} UTC"
    )


def _en(source: Source, window: PullWindow) -> str:
    return f"Window {window.window_id} of {source.stream} of shop {source.shop_id}"
