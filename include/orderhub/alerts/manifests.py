"""Alerts about shipping manifests: orders whose state nobody could confirm."""

from orderhub.alerts.raising import Alert

#: Rule, and reason in `core.manifests.left_out`: the platform did not say what became of an order.
UNCONFIRMED = "status_unconfirmed"


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
