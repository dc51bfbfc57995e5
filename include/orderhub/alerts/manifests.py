"""Alerts about shipping manifests: orders that nobody could confirm, orders due before the next list."""

from collections.abc import Sequence
from datetime import MAXYEAR, datetime

from orderhub.alerts.raising import Alert
from orderhub.clock import BEIJING

#: Rule, and reason in `core.manifests.left_out`: the platform did not say what became of an order.
UNCONFIRMED = "status_unconfirmed"
DUE_BEFORE = "due_before_next_cutoff"


def unconfirmed(warehouse_id: str, cutoff_id: str, orders: int) -> Alert:
    """Return the alert about orders that were left out of a manifest because their state is not known."""
    return Alert(
        rule_id=UNCONFIRMED,
        severity="warning",
        subject=warehouse_id,
        fingerprint=cutoff_id,
        title_zh=f"{warehouse_id}:{orders} 单没上清单,平台状态未能确认",
        title_en=f"{warehouse_id}: {orders} order(s) left out, their state is unconfirmed",
        text_zh=(
            f"截单 {cutoff_id} 前再看平台时,{orders} 单读不到,最后一次见到已超过 30 分钟,所以没有发。"
            "平台恢复后自动作为补充清单跟上;步骤见 docs/runbooks/fulfill.md。"
        ),
        text_en=(
            f"Before cut-off {cutoff_id} {orders} order(s) could not be read from their platform and were "
            "last seen more than 30 minutes ago: they were not handed over. They follow as an amendment once "
            "the platform answers; see docs/runbooks/fulfill.md."
        ),
        warehouse_id=warehouse_id,
    )


def due_before(
    warehouse_id: str, next_cutoff_at: datetime, documents: int, first_at: datetime, examples: Sequence[str]
) -> Alert:
    """Return the alert about documents that must leave before the warehouse's next list closes."""
    zh, en = _following(warehouse_id, next_cutoff_at)
    first, shown = f"{first_at.astimezone(BEIJING):%m-%d %H:%M}", ", ".join(examples)
    return Alert(
        rule_id=DUE_BEFORE,
        severity="critical",
        subject=warehouse_id,
        fingerprint=next_cutoff_at.isoformat(),
        title_zh=f"{warehouse_id}:{documents} 单等不到下一次截单",
        title_en=f"{warehouse_id}: {documents} order(s) are due before the next list closes",
        text_zh=(
            f"{zh},有 {documents} 单的最晚发货时间更早"
            f"(最早 {first}):{shown}。"
            f"现在加开一份:./hub manifest close {warehouse_id} --now。"
        ),
        text_en=(
            f"{en}; {documents} order(s) must be "
            f"handed over before, the first by {first}: {shown}. Close an extra one now: "
            f"./hub manifest close {warehouse_id} --now."
        ),
        warehouse_id=warehouse_id,
    )


def _following(warehouse_id: str, next_cutoff_at: datetime) -> tuple[str, str]:
    """Return when the next list closes, in words; a warehouse that stays closed has none in sight."""
    if next_cutoff_at.year == MAXYEAR:
        return f"{warehouse_id} 看得到的日子里没有下一次截单", f"{warehouse_id} has no next list in sight"
    at = f"{next_cutoff_at.astimezone(BEIJING):%m-%d %H:%M}"
    return f"{warehouse_id} 下一次截单在 {at}", f"The next list of {warehouse_id} closes {at} (Beijing)"
