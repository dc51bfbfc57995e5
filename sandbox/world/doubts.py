"""Labelled doubts: what a merchant's clerk would want to look at, and what only looks like it.

Each order carries its intent: why it was written so. What a hub makes of that is the hub's business; nothing
here knows its thresholds. A label that begins with `fair_` is meant to pass. They are dealt out by
`World(lives="labelled")`, in shares of a quiet shop: far fewer doubts than the demo shows.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from sandbox.world import catalog
from sandbox.world.catalog import Shop
from sandbox.world.make import OrderMaker
from sandbox.world.model import Intent, Line, Order
from sandbox.world.platforms import Platform
from sandbox.world.story import DEFECTS, STATES, TELLERS, Teller

#: Of the demo's planted defects a quiet shop has this share.
QUIET = 0.2
VAGUE = ("测试", "同上", "电话联系", "无效地址", "随便", "不知道")
NO_PHONE = ("12345", "1380013800", "00000000000", "无")
NO_NAME = ("", " ", "\u3000")
HARMLESS = (
    "谢谢老板", "尽快发货哦,急用", "送人的,包装好一点", "别发错颜色,谢谢", "地址没有错,放门口就行",
    "改天再来买别的", "换季了,再囤几件", "质量好的话下次还来", "麻烦放菜鸟驿站", "退休教师一枚,支持国货",
)  # fmt: skip
WISHES = (
    "改地址:寄到公司去,前台代收", "地址写错了,请联系我改一下", "麻烦换成L码", "颜色换成白色的",
    "不要了,请退款", "先别发货,等我通知", "取消订单,拍错了", "请改收货电话",
)  # fmt: skip
PRETENDED = ("刷单,空包", "放单 不用发货", "样品单 送主播", "补单,勿发实物")
PLAIN_PLACES = (
    "菜鸟驿站代收", "李家村3组", "王家庄村5队18号", "丰巢快递柜", "学府花园3栋2单元401",
    "第八中学东校区学生宿舍6号楼",
)  # fmt: skip
ABROAD = (
    ("香港特别行政区", "香港岛", "中西区", "德辅道中199号无限极广场12楼"),
    ("澳门特别行政区", "澳门半岛", "大堂区", "新马路51号3楼"),
    ("台湾省", "台北市", "大安区", "忠孝东路四段96号5楼"),
)
COMPANIES = ("杭州简一设计有限公司", "苏州工业园区图书馆", "成都青羊小学工会", "北京望京数据有限公司行政部")


def _labelled(order: Order, label: str, detail: str) -> list[Order]:
    order.intents.append(Intent(label, detail))
    return [order]


def _vague_address(maker: OrderMaker, shop: Shop, at: datetime) -> list[Order]:
    order = maker.order(shop, at)
    detail = maker.rng.choice(VAGUE)
    order.receiver = replace(order.receiver, town="", address=detail)
    return _labelled(order, "vague_address", detail)


def _fair_address(maker: OrderMaker, shop: Shop, at: datetime) -> list[Order]:
    order = maker.order(shop, at)
    detail = f"{order.receiver.town}{maker.rng.choice(PLAIN_PLACES)}"
    order.receiver = replace(order.receiver, address=detail)
    return _labelled(order, "fair_address", "a village, a parcel shop, a dormitory")


def _no_phone(maker: OrderMaker, shop: Shop, at: datetime) -> list[Order]:
    order = maker.order(shop, at)
    order.receiver = replace(order.receiver, mobile=maker.rng.choice(NO_PHONE))
    return _labelled(order, "no_phone", "nobody answers there")


def _no_name(maker: OrderMaker, shop: Shop, at: datetime) -> list[Order]:
    order = maker.order(shop, at)
    order.receiver = replace(order.receiver, name=maker.rng.choice(NO_NAME))
    return _labelled(order, "no_name", "a courier asks for nobody")


def _abroad(maker: OrderMaker, shop: Shop, at: datetime) -> list[Order]:
    order = maker.order(shop, at)
    state, city, district, detail = maker.rng.choice(ABROAD)
    order.receiver = replace(
        order.receiver, state=state, city=city, district=district, town="", address=detail, zip_code=""
    )
    return _labelled(order, "abroad", state)


def _wish(maker: OrderMaker, shop: Shop, at: datetime) -> list[Order]:
    order = maker.order(shop, at)
    order.buyer_message = maker.rng.choice(WISHES)
    return _labelled(order, "wish", order.buyer_message)


def _fair_message(maker: OrderMaker, shop: Shop, at: datetime) -> list[Order]:
    order = maker.order(shop, at)
    order.buyer_message = maker.rng.choice(HARMLESS)
    return _labelled(order, "fair_message", order.buyer_message)


def _invoice_wish(maker: OrderMaker, shop: Shop, at: datetime) -> list[Order]:
    order = maker.order(shop, at)
    order.buyer_message = "请开公司抬头的发票,谢谢"
    return _labelled(order, "invoice_wish", "a worklist for the accountant; the parcel goes")


def _pretended(maker: OrderMaker, shop: Shop, at: datetime) -> list[Order]:
    order = maker.order(shop, at)
    order.seller_memo = maker.rng.choice(PRETENDED)
    order.record(order.modified + timedelta(minutes=2), "memo_changed", order.seller_memo)
    return _labelled(order, "pretended", order.seller_memo)


def _fair_repeat(maker: OrderMaker, shop: Shop, at: datetime) -> list[Order]:
    """The same buyer wants the same again, eleven minutes later or more: one for a friend."""
    first = maker.order(shop, at)
    paid = first.paid_at or first.created
    again = maker.twin(first, paid + timedelta(minutes=maker.rng.randint(11, 25)))
    again.buyer_message = "再来一份送朋友"
    return [first, *_labelled(again, "fair_repeat", f"a second one after {first.order_id}")]


def _banned_buyer(maker: OrderMaker, shop: Shop, at: datetime) -> list[Order]:
    return _labelled(maker.order(shop, at), "banned_buyer", "the shop has had trouble with this buyer")


def _one_line(maker: OrderMaker, shop: Shop, at: datetime, pieces: int) -> tuple[Order, Line]:
    order = maker.order(shop, at, only=(maker.rng.choice(catalog.GOODS[:20]), pieces))
    return order, order.lines[0]


def _settle(order: Order) -> None:
    """Take back coupons and reductions: the price of the line is the story."""
    for line in order.lines:
        line.discount_fen = line.adjust_fen = line.shared_discount_fen = 0
    order.coupon_fen = 0


def _typo_price(maker: OrderMaker, shop: Shop, at: datetime) -> list[Order]:
    """The shop typed 12.90 where it meant 129.00."""
    order, line = _one_line(maker, shop, at, 1)
    _settle(order)
    line.price_fen //= 10
    return _labelled(order, "typo_price", f"{line.price_fen} fen instead of {line.price_fen * 10}")


def _cost(line: Line) -> int:
    return next(sku.cost_fen for sku in catalog.GOODS if sku.code == line.code)


def _under_cost(maker: OrderMaker, shop: Shop, at: datetime) -> list[Order]:
    """Reductions that nobody meant to add up: a piece goes for a little less than it costs."""
    order, line = _one_line(maker, shop, at, 1)
    _settle(order)
    line.discount_fen = line.price_fen - _cost(line) * maker.rng.randint(90, 97) // 100
    return _labelled(order, "under_cost", "sold for less than it costs")


def _fair_at_cost(maker: OrderMaker, shop: Shop, at: datetime) -> list[Order]:
    order, line = _one_line(maker, shop, at, 1)
    _settle(order)
    line.discount_fen = line.price_fen - _cost(line) * maker.rng.randint(101, 108) // 100
    return _labelled(order, "fair_at_cost", "the last pieces go for what they cost")


def _fair_subsidy(maker: OrderMaker, shop: Shop, at: datetime) -> list[Order]:
    """The buyer pays little, and the platform pays the shop the rest."""
    order, line = _one_line(maker, shop, at, 1)
    _settle(order)
    order.coupon_fen = line.shared_discount_fen = line.price_fen * maker.rng.randint(70, 80) // 100
    return _labelled(order, "fair_subsidy", f"the platform bears {order.coupon_fen} fen")


def _fair_clearance(maker: OrderMaker, shop: Shop, at: datetime) -> list[Order]:
    order, line = _one_line(maker, shop, at, 1)
    _settle(order)
    line.discount_fen = line.price_fen * 45 // 100
    return _labelled(order, "fair_clearance", "45 % off at the end of the season")


def _fair_bulk(maker: OrderMaker, shop: Shop, at: datetime) -> list[Order]:
    order, _ = _one_line(maker, shop, at, maker.rng.randint(20, 80))
    order.receiver = replace(order.receiver, name=maker.rng.choice(COMPANIES))
    return _labelled(order, "fair_bulk", "a company buys for its staff")


def _fat_finger(maker: OrderMaker, shop: Shop, at: datetime) -> list[Order]:
    order, line = _one_line(maker, shop, at, 1)
    _settle(order)
    line.quantity = maker.rng.choice((5555, 10000))
    return _labelled(order, "fat_finger", f"{line.quantity} pieces")


def _ring(maker: OrderMaker, shop: Shop, at: datetime) -> list[Order]:
    """Three buyers or more within an hour, all with one phone."""
    orders = [maker.order(shop, at + timedelta(minutes=5 * n)) for n in range(maker.rng.randint(3, 5))]
    mobile = orders[0].receiver.mobile
    buyers = {order.buyer.open_uid for order in orders}
    for order in orders:
        order.receiver = replace(order.receiver, mobile=mobile)
        if len(buyers) > 2:  # noqa: PLR2004 - two of the drawn buyers may be one
            order.intents.append(Intent("ring", f"{len(buyers)} buyers, one phone"))
    return orders


def _fair_family(maker: OrderMaker, shop: Shop, at: datetime) -> list[Order]:
    first, second = maker.order(shop, at), maker.order(shop, at + timedelta(minutes=25))
    second.receiver = replace(first.receiver, name=second.receiver.name)
    return [first, *_labelled(second, "fair_family", "husband and wife, one phone and one door")]


def _nameless_refund(maker: OrderMaker, shop: Shop, at: datetime) -> list[Order]:
    """One line is refunded before shipping, and nobody is told which."""
    (order,) = TELLERS["refunded_line"](maker, shop, at)
    return _labelled(order, "nameless_refund", "a part of the money went back, for which goods is not said")


#: Doubt → orders per 240, on every platform.
EVERYWHERE: Mapping[str, float] = {
    "wish": 0.6, "fair_message": 6, "invoice_wish": 2, "pretended": 0.3, "abroad": 0.3, "typo_price": 0.3,
    "fair_clearance": 3, "under_cost": 0.4, "fair_at_cost": 2, "fair_bulk": 1, "fat_finger": 0.2,
}  # fmt: skip
#: Of these, what shows only where the platform tells what was paid for a line.
PRICES = ("typo_price", "fair_clearance", "under_cost", "fair_at_cost")
#: Where the platform tells what it adds to a payment.
SUBSIDIZED: Mapping[str, float] = {"fair_subsidy": 4}
#: Where the platform names the buyer.
NAMED: Mapping[str, float] = {"fair_repeat": 1.5, "banned_buyer": 0.3}
#: Where the receiver is shown as the buyer wrote it.
PLAIN: Mapping[str, float] = {
    "vague_address": 3, "fair_address": 30, "no_phone": 2, "no_name": 1, "ring": 1, "fair_family": 8,
}  # fmt: skip
#: Where a refund before shipping names no goods; elsewhere the same life, `refunded_line`, is no doubt.
NAMELESS: Mapping[str, float] = {"nameless_refund": STATES["refunded_line"]}
DOUBTS: dict[str, Teller] = {
    "wish": _wish,
    "fair_message": _fair_message,
    "invoice_wish": _invoice_wish,
    "pretended": _pretended,
    "abroad": _abroad,
    "typo_price": _typo_price,
    "fair_clearance": _fair_clearance,
    "under_cost": _under_cost,
    "fair_at_cost": _fair_at_cost,
    "fair_subsidy": _fair_subsidy,
    "fair_bulk": _fair_bulk,
    "fat_finger": _fat_finger,
    "fair_repeat": _fair_repeat,
    "banned_buyer": _banned_buyer,
    "vague_address": _vague_address,
    "fair_address": _fair_address,
    "no_phone": _no_phone,
    "no_name": _no_name,
    "ring": _ring,
    "fair_family": _fair_family,
    "nameless_refund": _nameless_refund,
}


def labelled_shares(platform: Platform) -> dict[str, float]:
    """Return state, defect and doubt → orders per 240 of a quiet shop on `platform`."""
    shares: dict[str, float] = {**STATES, **{name: share * QUIET for name, share in DEFECTS.items()}}
    shares |= EVERYWHERE
    if platform.names_buyers:
        shares |= NAMED
    else:
        shares.pop("suspected_duplicate")
    if not platform.tells_payments:
        for name in ("amount_mismatch", *PRICES):
            shares.pop(name)
    if platform.tells_subsidies:
        shares |= SUBSIDIZED
    if platform.shows_receivers:
        shares |= PLAIN
    if not platform.names_refunded_goods:
        shares.pop("refunded_line")
        shares |= NAMELESS
    return shares
