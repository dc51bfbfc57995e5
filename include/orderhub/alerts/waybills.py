"""Finds labels of cancelled documents that stay: an account is gone, a service refuses or is silent."""

from datetime import datetime, timedelta

from sqlalchemy import Connection

from orderhub.alerts.raising import Alert
from orderhub.alerts.worded import Words, worded
from orderhub.config.models import MerchantConfig
from orderhub.db.sql_files import statement

#: A service that is down for a while is asked again by itself.
UNANSWERED_AFTER = timedelta(days=1)
_WORDS: dict[str, Words] = {
    "waybill_account_gone": (
        "warning",
        "面单要作废,账号却从配置里删了:{subject}",
        "Labels to take back, and their account was removed: {subject}",
        (
            "{subject} 有面单要作废({detail}),carriers.yaml 里却没有它的 waybill(或渠道、仓库的 sender)了。"
            "放回去就自己作废;不放回的,到快递后台作废,再 ./hub waybill settle。"
        ),
        (
            "Labels of {subject} are to be taken back ({detail}), and carriers.yaml has no waybill for them "
            "now, or their platform or sender is gone. Put it back, or void them, then ./hub waybill settle."
        ),
    ),
    "waybill_void_refused": (
        "warning",
        "面单服务不肯作废:{subject}",
        "The waybill service does not take labels back: {subject}",
        "{subject} 有面单没能作废({detail}),原因见 ops.outbox。到快递后台作废,再 ./hub waybill settle。",
        "Labels of {subject} were refused ({detail}); see ops.outbox. Void them, then ./hub waybill settle.",
    ),
    "waybill_void_unanswered": (
        "warning",
        "面单作废一天没有答复:{subject}",
        "The waybill service does not say whether labels are void: {subject}",
        "{subject} 有面单作废一天没有答复({detail}),还在问。急的到快递后台作废,再 ./hub waybill settle。",
        "No answer for a day about labels of {subject} ({detail}). Void them, then ./hub waybill settle.",
    ),
}
RULES = tuple(_WORDS)


def waybill_alerts(connection: Connection, config: MerchantConfig, now: datetime) -> dict[str, list[Alert]]:
    """Return rule → its alerts, also where there are none."""
    accounts = [
        (carrier.id, platform)
        for carrier in config.carriers.carriers
        if carrier.waybill is not None
        for platform in carrier.waybill.channels
    ]
    given = {
        "carriers": [carrier for carrier, _ in accounts],
        "platforms": [platform for _, platform in accounts],
        "senders": [house.id for house in config.warehouses if config.sender_of(house.id) is not None],
        "unanswered_before": now - UNANSWERED_AFTER,
    }
    found: dict[str, list[Alert]] = {rule: [] for rule in RULES}
    for row in connection.execute(statement("ops/waybill_alerts"), given):
        found[row.rule].append(
            worded(
                row.rule,
                _WORDS[row.rule],
                subject=f"{row.warehouse_id}:{row.carrier_id}",
                detail=f"{row.labels}: {', '.join(row.examples)}",
                warehouse_id=row.warehouse_id,
            )
        )
    return found
