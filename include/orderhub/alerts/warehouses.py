"""Finds what a warehouse's WMS leaves open: refused documents, lost answers, odd parcels, old stock."""

from datetime import datetime, timedelta

from sqlalchemy import Connection

from orderhub.alerts.raising import Alert
from orderhub.alerts.worded import Words, worded
from orderhub.config.models import MerchantConfig
from orderhub.db.sql_files import statement

#: A document that has no answer for so long is told.
UNANSWERED_AFTER = timedelta(minutes=30)
STALE_AFTER = timedelta(hours=2)
#: A parcel that left before that has been paid for, or comes back.
COLLECTED_WITHIN = timedelta(days=30)
#: What left in files, and what comes back, is looked for as long.
FILES_WITHIN, RETURNS_WITHIN = timedelta(days=7), timedelta(days=60)
_WORDS: dict[str, Words] = {
    "wms_refused_order": (
        "warning",
        "WMS 拒收发货单:{subject}",
        "The WMS refuses {subject}",
        "{warehouse} 的 WMS 不收 {subject}:{detail}。改好后 ./hub wms resend 发货单号,或取消订单。",
        "The WMS of {warehouse} refuses {subject}: {detail}. Mend it, then ./hub wms resend, or cancel.",
    ),
    "wms_refused_return": (
        "warning",
        "WMS 拒收退货单:{subject}",
        "The WMS refuses the return {subject}",
        "{warehouse} 的 WMS 不收退货单 {subject}:{detail}。改好后 ./hub wms resend 退货单号。",
        "The WMS of {warehouse} refuses the return {subject}: {detail}. Mend it, then ./hub wms resend.",
    ),
    "wms_unanswered": (
        "warning",
        "WMS 没有回答:{subject}",
        "The WMS does not answer: {subject}",
        "{warehouse} 有 {detail} 张发货单半小时没有回音。系统一直用同一单号去问。请看 WMS 是否在线。",
        "{detail} documents for {warehouse} had no answer for 30 minutes; they are asked for. Is the WMS up?",
    ),
    "waybill_late": (
        "warning",
        "面单还没到:{subject}",
        "Documents wait for their waybills: {subject}",
        "{warehouse} 有 {detail} 张面单半小时还没到;有 WMS 的,号到才交单,其余已交。请看面单服务是否正常。",
        "{detail} documents for {warehouse} wait for their waybills and follow; is the waybill service up?",
    ),
    "wms_recall_refused": (
        "critical",
        "WMS 不肯撤单:{subject}",
        "The WMS does not call back {subject}",
        "{subject} 应当停发({detail}),{warehouse} 已拣货或已发出。打电话拦截,再 ./hub recall left|stayed。",
        "{subject} should stop ({detail}); {warehouse} picked or sent it. Call; ./hub recall left|stayed.",
    ),
    "recall_requested": (
        "warning",
        "已向 WMS 撤单,等答复:{subject}",
        "A WMS was asked for {subject} back",
        "{subject} 不能照原样发({detail}),已向 {warehouse} 的 WMS 撤单,还没有答复;在此之前这单不会重新分仓。",
        "{subject} must not leave as it is ({detail}); {warehouse} has not answered. It waits.",
    ),
    "replacement_due": (
        "warning",
        "换货的货已收到,请另发:{subject}",
        "Send the replacement: {subject}",
        "售后 {subject}(订单 {detail})的货 {warehouse} 已收到,没有开换货单。要发就 ./hub resend 订单。",
        "{warehouse} got back the goods of {subject} (order {detail}); send others: ./hub resend ORDER.",
    ),
    "recall_by_hand": (
        "critical",
        "请打电话撤单:{subject}",
        "Call the warehouse: {subject}",
        "{subject} 不能照原样发({detail}),{warehouse} 没有 WMS。打电话后 ./hub recall agree|refuse。",
        "{subject} must not leave as it is ({detail}). Call {warehouse}, then ./hub recall agree|refuse.",
    ),
    "parcel_to_old_address": (
        "critical",
        "包裹会寄到旧地址:{subject}",
        "A parcel goes to the old address: {subject}",
        "买家改了地址,{warehouse} 不肯撤单 {subject},会寄到旧地址。请联系快递改址或拦截,或与买家商量。",
        "The address changed and {warehouse} does not give {subject} back. Redirect or stop it.",
    ),
    "parcel_at_old_amount": (
        "critical",
        "包裹会按旧金额收钱:{subject}",
        "A parcel collects the old amount: {subject}",
        "应收金额变了,{warehouse} 不肯撤单 {subject},上门会按旧金额收。请让快递改代收金额或拦截。",
        "What is owed changed and {warehouse} does not give {subject} back. Have the carrier change it.",
    ),
    "collects_old_amount": (
        "critical",
        "发出之后应收金额变了:{subject}",
        "What {subject} owes changed after it left",
        "{subject} 已从 {warehouse} 发出,上门收的和现在应收的不同({detail} 元)。请让快递改,或与买家退补。",
        "{subject} has left {warehouse}; its courier collects and it owes: {detail} yuan. Have it changed.",
    ),
    "shipment_doubt": (
        "warning",
        "发货回传对不上:{subject}",
        "Parcels that do not fit: {subject}",
        "{warehouse} 的回传对不上:{detail}。没有记账;核对后 ./hub wms settle 单号。见 docs/runbooks/wms.md。",
        "What {warehouse} reports does not fit: {detail}. Nothing was posted; look, then ./hub wms settle.",
    ),
    "stock_left_out": (
        "warning",
        "WMS 不再给这些编码的库存:{warehouse}",
        "{warehouse} no longer tells the stock of some SKUs",
        "{warehouse} 的 WMS 读数里没有 {detail};不再从它们分新单。真没货就 ./hub stock import 记 0。",
        "The WMS of {warehouse} leaves out {detail}; nothing new is promised. Import 0 where none is left.",
    ),
    "stale_stock": (
        "critical",
        "库存太旧:{warehouse}",
        "Stock is old: {warehouse}",
        "{warehouse} 的库存停在 {detail}(北京时间);恢复之前按两倍安全库存承诺。看 DAG sync_stock。",
        "The stock of {warehouse} is as of {detail} (Beijing); twice the safety stock is kept until then.",
    ),
    "warehouse_gone": (
        "critical",
        "配置里没有了的仓库还有单:{subject}",
        "A warehouse that you removed still holds documents: {subject}",
        "{subject}(或它的 wms)没有了,还有 {detail} 没了结。放回去,了结后再删;放不回的 ./hub recall agree。",
        "{detail} are open at {subject}, which you removed, or its wms. Put it back, or ./hub recall agree.",
    ),
}
RULES = tuple(_WORDS)
#: The same subject for another reason, or of another amount, is told anew.
_BY_REASON = frozenset({"recall_by_hand", "wms_recall_refused", "collects_old_amount"})


def warehouse_alerts(
    connection: Connection, config: MerchantConfig, now: datetime, awake_since: datetime
) -> dict[str, list[Alert]]:
    """Return rule → its alerts, also where there are none."""
    given = {
        "told": [warehouse.id for warehouse in config.warehouses if warehouse.wms is not None],
        "unanswered_before": now - UNANSWERED_AFTER,
        "stale_before": now - STALE_AFTER,
        "awake_since": awake_since,
        "returned_since": now - RETURNS_WITHIN,
        "collected_since": now - COLLECTED_WITHIN,
    }
    found: dict[str, list[Alert]] = {rule: [] for rule in RULES}
    for row in connection.execute(statement("ops/warehouse_alerts"), given):
        found[row.rule].append(
            worded(
                row.rule,
                _WORDS[row.rule],
                subject=row.subject,
                detail=row.detail or "-",
                warehouse_id=row.warehouse_id,
                fingerprint=row.detail if row.rule in _BY_REASON else "open",
            )
        )
    found["warehouse_gone"] = _gone(connection, config, now)
    return found


def _gone(connection: Connection, config: MerchantConfig, now: datetime) -> list[Alert]:
    """Return an alert per warehouse that the configuration names no more and that holds something of ours."""
    given = {
        "houses": [warehouse.id for warehouse in config.warehouses],
        "told": [warehouse.id for warehouse in config.warehouses if warehouse.wms is not None],
        "forgotten_before": now - FILES_WITHIN,
        "returned_since": now - RETURNS_WITHIN,
    }
    return [
        worded(
            "warehouse_gone",
            _WORDS["warehouse_gone"],
            subject=row.warehouse_id,
            detail=f"{row.documents} 发货单 / documents, {row.returns} 退货单 / returns",
            warehouse_id=row.warehouse_id,
        )
        for row in connection.execute(statement("ops/removed_warehouses"), given)
    ]
