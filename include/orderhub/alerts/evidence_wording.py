"""Words evidence of holds and stopped sources for people: names, yuan and Beijing time, not columns and fen.

Evidence holds no personal data; a number that looks like a phone is masked all the same.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from orderhub.alerts.wording import Language
from orderhub.clock import BEIJING
from orderhub.privacy.masks import mask_numbers

#: Evidence → what it is called, in the order in which it is told; what has no line here comes last.
NAMES: Mapping[str, tuple[str, str]] = {
    "missing_region_part": ("缺", "missing"),
    "missing_receiver_part": ("缺", "missing"),
    "address_verdict": ("问题", "what is vague"),
    "unreachable_province": ("地区", "region"),
    "city_without_district": ("市", "city"),
    "phone_verdict": ("电话", "phone"),
    "province": ("省", "province"),
    "city": ("市", "city"),
    "district": ("区县", "district"),
    "paid_fen": ("实付", "paid"),
    "lines_paid_fen": ("各行合计", "sum of the lines"),
    "freight_fen": ("运费", "freight"),
    "total_fen": ("订单金额", "total"),
    "due_at_door_fen": ("应收", "owed"),
    "order_total_cap_fen": ("上限", "cap"),
    "line_count": ("商品行", "lines"),
    "price_deviation": ("价格", "price"),
    "paid_unit_fen": ("每件实收", "paid for a piece"),
    "usual_unit_fen": ("常见价", "usual price"),
    "floor_unit_fen": ("成本线", "floor"),
    "unit_price_fen": ("单价", "unit price"),
    "subsidy_fen": ("平台补贴", "subsidy"),
    "quantity": ("数量", "quantity"),
    "quantity_cap": ("上限", "cap"),
    "repeat_no": ("第几次出现", "occurrence"),
    "merchant_code": ("商家编码", "merchant code"),
    "platform_sku_id": ("平台 SKU", "platform SKU"),
    "sku_id": ("商品", "SKU"),
    "title": ("名称", "title"),
    "time_contradiction": ("矛盾", "contradiction"),
    "placed_at": ("下单", "placed"),
    "paid_at": ("付款", "paid"),
    "platform_status": ("平台状态", "status"),
    "unknown_status": ("状态", "status"),
    "pending_refund": ("退款", "refund"),
    "refunded_part": ("已退", "refunded"),
    "shipped_part": ("已发/共", "shipped/of"),
    "platform_risk": ("平台说", "the platform says"),
    "currency": ("币种", "currency"),
    "shop_currency": ("店铺币种", "of the shop"),
    "memo_words": ("留言里有", "words"),
    "no_ship_words": ("留言里有", "words"),
    "invoice_words": ("留言里有", "words"),
    "unreadable_fields": ("看不懂的字段", "fields that cannot be read"),
    "disagreeing_fields": ("矛盾的字段", "fields that disagree"),
    "contradicted_fields": ("平台改了", "changed by the platform"),
    "platform_says": ("平台说", "the platform says"),
    "correction_says": ("更正为", "the correction says"),
    "earlier_order_id": ("先到的订单", "earlier order"),
    "entry_id": ("名单条目", "entry of the list"),
    "customer_id": ("买家标识", "buyer"),
    "kind": ("疑点", "doubt"),
    "first_order_id": ("第一单", "first order"),
    "short": ("缺", "short of"),
    "routing_rule": ("分仓规则", "routing rule"),
    "recent_count": ("看了的订单", "orders looked at"),
    "order_count": ("订单", "orders"),
    "priced_lines": ("有常见价的行", "lines with a usual price"),
    "missing_percent": ("缺值的占", "with missing values"),
    "unreadable_percent": ("看不懂的占", "unreadable"),
    "swapped_percent": ("差约一百倍的占", "off by about a hundred"),
    "breaker_null_percent": ("停发线", "stops from"),
    "breaker_swap_percent": ("停发线", "stops from"),
    "high_volume_orders": ("提醒线", "told from"),
}
#: Says nothing to people.
HIDDEN = frozenset({"message_digest", "phone_hash", "address_hash", "raised_by"})
#: Says something only where there is one.
OPTIONAL = frozenset({"province", "city", "district", "subsidy_fen", "platform_sku_id"})
_PLACES = {column: place for place, column in enumerate(NAMES)}
#: Words of our own in values → what people call them.
VALUES: Mapping[str, tuple[str, str]] = {
    "ambiguous": ("地名有重名,没写全", "a name that exists repeatedly"),
    "before_2000": ("早于 2000 年", "before 2000"),
    "city": ("市", "city"),
    "contradiction": ("省市区对不上", "province, city and district contradict"),
    "invalid": ("无效", "invalid"),
    "masked": ("打了码", "masked"),
    "missing": ("没有", "missing"),
    "missing_city": ("缺市", "no city"),
    "missing_district": ("缺区县", "no district"),
    "missing_province": ("缺省", "no province"),
    "name": ("姓名", "name"),
    "modified_before_placed": ("修改早于下单", "modified before it was placed"),
    "modified_in_future": ("修改时间在将来", "modified in the future"),
    "no_building": ("没有门牌、小区或村组", "no building"),
    "paid_before_placed": ("付款早于下单", "paid before it was placed"),
    "paid_in_future": ("付款时间在将来", "paid in the future"),
    "pending": ("处理中", "pending"),
    "placed_in_future": ("下单时间在将来", "placed in the future"),
    "placeholder": ("是占位的字(测试、同上等)", "placeholder words"),
    "province": ("省", "province"),
    "too_cheap": ("太便宜", "too cheap"),
    "too_dear": ("太贵", "too dear"),
    "too_short": ("太短", "too short"),
    "unknown": ("未知", "unknown"),
}
_LONGEST = 100
#: One refund of a part as `core.line_refunds` says it: id, pieces, yuan.
_PART = re.compile(r"(?P<id>\S+)(?: (?P<pieces>\d+)件)?(?: (?P<yuan>\d+\.\d\d))?")


def evidence_words(evidence: Mapping[str, Any], language: Language) -> str:
    """Return what an anomaly shows, in one line; empty when it shows nothing that people read."""
    shown = [
        f"{_name(column, language)} {_value(column, value, language)}"
        for column, value in sorted(evidence.items(), key=lambda one: _PLACES.get(one[0], len(_PLACES)))
        if column not in HIDDEN and not (column in OPTIONAL and value is None)
    ]
    return (",", ", ")[language == "en"].join(shown)


def _name(column: str, language: Language) -> str:
    return NAMES.get(column, (column, column))[language == "en"]


def _value(column: str, value: Any, language: Language) -> str:
    if value is None or value == "":
        return ("无", "none")[language == "en"]
    if column.endswith("_fen") and isinstance(value, int):
        return f"{value / 100:.2f} {('元', 'yuan')[language == 'en']}"
    if column.endswith("_percent"):
        return f"{value} %"
    said = str(value)
    if column.endswith("_at"):
        return _time(said)
    if said in VALUES and column not in {"platform_status", "unknown_status"}:
        return VALUES[said][language == "en"]
    said = _parts(said, language) if column == "refunded_part" else mask_numbers(said)
    return said if len(said) <= _LONGEST else f"{said[:_LONGEST]}…"


def _parts(said: str, language: Language) -> str:
    return ("、", ", ")[language == "en"].join(_part(part, language) for part in said.split("; "))


def _part(said: str, language: Language) -> str:
    """Return one refund of a part; one of no piece is of money only, and one that says neither is its id."""
    told = _PART.fullmatch(said)
    if told is None or not (told["yuan"] or int(told["pieces"] or 0)):
        return mask_numbers(said)
    is_english = language == "en"
    pieces = f"{told['pieces']} {('件', 'pcs')[is_english]}" if int(told["pieces"] or 0) else ""
    money = f"{told['yuan']} {('元', 'yuan')[is_english]}" if told["yuan"] else ""
    what = " ".join(filter(None, (pieces, money)))
    name = mask_numbers(told["id"])
    return f"{what} (refund {name})" if is_english else f"{what}(售后单 {name})"


def _time(said: str) -> str:
    try:
        return f"{datetime.fromisoformat(said).astimezone(BEIJING):%Y-%m-%d %H:%M}"
    except (OverflowError, ValueError):  # The year 1 has no day before it, and infinity is no time.
        return said
