"""Finds what is wrong with parcels on their way: not told to the platform, refused by it, never collected."""

from datetime import datetime, timedelta

from sqlalchemy import Connection

from orderhub.alerts.raising import Alert
from orderhub.alerts.worded import Words, worded
from orderhub.config.models import MerchantConfig
from orderhub.db.sql_files import statement

#: A number that the platform has not taken for so long is told.
UNTOLD_AFTER = timedelta(hours=2)
#: Nobody looks for the first scan of an older parcel any more.
FORGOTTEN_AFTER = timedelta(days=10)
_WORDS: dict[str, Words] = {
    "tracking_refused": (
        "critical",
        "平台不收运单号:{subject}",
        "The platform refuses the number of {subject}",
        (
            "{subject} 的包裹已经发出,平台不收运单号({detail})。order_closed:订单已关闭,请让快递拦截退回;"
            "bad_number:运单号不对,在平台上改好。处理后 ./hub tracking settle 包裹号。"
        ),
        (
            "A parcel of {subject} has left, and the platform does not take its number ({detail}). "
            "order_closed: ask the carrier to bring it back; bad_number: correct it there. "
            "Then ./hub tracking settle."
        ),
    ),
    "shipped_with_refund": (
        "critical",
        "退款中的订单已发出:{subject}",
        "Sent while a refund is open: {subject}",
        (
            "{subject} 的包裹({detail})已经发出,买家有未完结的售后,平台暂不收运单号。"
            "请让快递拦截,或与买家谈好;售后撤销后系统自动补传。"
        ),
        (
            "A parcel of {subject} ({detail}) has left while an after-sale is open; its number is not taken "
            "there. Ask the carrier to stop it, or agree with the buyer; it is told once that is withdrawn."
        ),
    ),
    "unknown_carrier_code": (
        "warning",
        "不知道快递在平台上的编码:{subject}",
        "No code for a carrier: {subject}",
        (
            "{detail} 个包裹的快递({subject})没有平台编码,运单号还没告诉平台。"
            "在 carriers.yaml 的 codes 或平台目录的 carriers.csv 加一行,系统自动补传。"
        ),
        (
            "{detail} parcel(s) of {subject} wait: nobody said what the carrier is called there. Add it to "
            "codes in carriers.yaml, or to the platform's carriers.csv; they are told by themselves."
        ),
    ),
    "tracking_untold": (
        "critical",
        "运单号没能告诉平台:{subject}",
        "Numbers not told: {subject}",
        (
            "店铺 {subject} 有运单号还没告诉平台:{detail}。系统一直在试;"
            "快到承诺发货时间的请先在平台上手工填。见 docs/how-to/write-back.md。"
        ),
        (
            "Shop {subject} has tracking numbers that its platform has not taken: {detail}. They are tried "
            "again; type in what is due. See docs/how-to/write-back.md."
        ),
    ),
    "tracking_by_hand": (
        "info",
        "有运单号要手工填:{subject}",
        "Numbers to type in: {subject}",
        (
            "店铺 {subject} 有 {detail} 个运单号要人在平台上填:./hub tracking list。"
            "填完 ./hub tracking settle 包裹号;要系统自动回传,在 shops.yaml 写 write_back: true。"
        ),
        (
            "Shop {subject} has {detail} tracking number(s) for a person to type in: ./hub tracking list. "
            "For the hub to do it, write write_back: true in shops.yaml."
        ),
    ),
    "no_collection_scan": (
        "warning",
        "快递没有揽收:{subject}",
        "Not collected: {subject}",
        "包裹 {subject}({detail})发出超过期限,还没有揽收记录;平台会算虚假发货。请问仓库和快递。",
        (
            "Parcel {subject} ({detail}) was sent, and no carrier has scanned it in time; platforms fine "
            "that. Ask warehouse and carrier."
        ),
    ),
}
RULES = tuple(_WORDS)


def parcel_alerts(connection: Connection, config: MerchantConfig, now: datetime) -> dict[str, list[Alert]]:
    """Return rule → its alerts, also where there are none."""
    given = {
        "untold_before": now - UNTOLD_AFTER,
        "uncollected_before": now - timedelta(hours=config.alerts.collected_within_hours),
        "forgotten_before": now - FORGOTTEN_AFTER,
    }
    found: dict[str, list[Alert]] = {rule: [] for rule in RULES}
    for row in connection.execute(statement("ops/parcel_alerts"), given):
        found[row.rule].append(
            worded(
                row.rule, _WORDS[row.rule], subject=row.subject, detail=row.detail or "-", shop_id=row.shop_id
            )
        )
    return found
