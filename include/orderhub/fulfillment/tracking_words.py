"""What became of a parcel's number at its platform, in words for people: Chinese and English."""

from typing import Final

#: State of core.tracking_writes → words.
STATES: Final[dict[str, tuple[str, str]]] = {
    "waiting": ("运单号还没告诉平台", "the platform has not been told"),
    "told": ("运单号已告诉平台", "the platform was told"),
    "noted": ("运单号平台不再收,要人补", "the platform takes no more numbers, a person adds it"),
    "refused": ("平台不收运单号", "the platform refuses the number"),
    "by_hand": ("运单号要人在平台上填", "a person tells the platform"),
    "settled": ("运单号由人处理好了", "a person settled the number"),
}
#: Reason of core.tracking_writes → words.
REASONS: Final[dict[str, tuple[str, str]]] = {
    "refund_open": ("买家有未完结的售后", "an after-sale is open"),
    "unknown_carrier": ("这家快递没有平台编码", "the carrier has no code there"),
    "not_yet": ("平台暂时不收", "not now"),
    "unknown_answer": ("平台的答复不认识", "an answer that nobody knows"),
    "account_refused": ("账号被拒", "the account is refused"),
    "order_closed": ("订单已关闭", "the order is closed"),
    "bad_number": ("运单号不对", "the number is wrong"),
    "known_already": ("平台已有这个号", "it had this number"),
    "shipped_already": ("平台已是发货状态", "it called the order shipped"),
    "no_more_numbers": ("这张订单只收一次", "it takes one call per order"),
    "line_told_before": ("这些行已随前面的包裹报过", "its lines were told with an earlier parcel"),
    "contents_unsaid": (
        "仓库没说里面是什么,货已随别的包裹报过",
        "the warehouse did not say what is in it, and all was told with other parcels",
    ),
    "nothing_of_theirs": ("包裹里没有平台卖的东西", "nothing in it was sold there"),
    "replacement": (
        "换货补发,平台没有写回的接口",
        "a replacement, for which the platform has no method",
    ),
    "not_written_back": ("店铺没有打开回传", "the shop is not switched on"),
    "no_number": ("没有人知道运单号", "nobody knows its number"),
    "no_method": ("平台没有发货接口", "the platform has no method"),
    "before_write_back": ("回传功能之前发的", "sent before there was write-back"),
}


def said(state: str, reason: str | None) -> tuple[str, str]:
    """Return the words for a state and its reason, Chinese and English."""
    zh, en = STATES[state]
    if reason is None:
        return zh, en
    why_zh, why_en = REASONS.get(reason, (reason, reason))
    return f"{zh}({why_zh})", f"{en} ({why_en})"
