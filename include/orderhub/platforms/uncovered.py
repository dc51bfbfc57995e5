"""Windows that cannot be proven complete: who is told, once, after how many readings."""

from orderhub.db.outbox import Effect
from orderhub.db.windows import PullWindow
from orderhub.platforms.parked import Source

#: A window that could not be proven complete this often is reported.
REPORT_AFTER = 3


def uncovered_mail(source: Source, shop_name: str, window: PullWindow, said: str) -> Effect:
    """Return the one mail about `window`; `said` is why the last reading did not cover it."""
    body = (
        f"店铺 {shop_name}({source.shop_id})的 {source.stream} 窗口 {window.start_at:%Y-%m-%d %H:%M}"
        f"–{window.end_at:%H:%M} UTC 连续 {REPORT_AFTER} 次无法证明完整:{said}。系统会继续重试。\n"
        f"Window {window.window_id} could not be proven complete {REPORT_AFTER} times: {said}. It is retried."
    )
    return Effect(
        outbox_id=f"mail:window:{window.window_id}:uncovered",
        target="mail",
        subject=f"window:{window.window_id}",
        payload={
            "to": list(source.supervisors),
            "subject": "拉取窗口不完整 / window not covered",
            "text": body,
        },
    )
