"""What the world must know of each platform: how it numbers, and which lives its orders lead."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from sandbox.world.model import Buyer

BEIJING = timezone(timedelta(hours=8))
BUYER_DIGITS = 1_000_000

OrderNumber = Callable[[int, Buyer, datetime], str]
LineNumber = Callable[[str, int], str]
AfterSaleNumber = Callable[[str, int], str]

# Life → orders per 240, beside those that orders of every platform lead.
SERVICES = {"bundle": 4, "invoice": 4, "required_carrier": 3, "platform_fulfilled": 3, "part_shipped": 4}
PRESALE = {"presale_final_paid": 4, "presale_forfeited": 1}
AFTER_SALES = {
    "quantity_refunded": 3,
    "money_refunded": 3,
    "refund_rejected": 2,
    "refund_withdrawn": 2,
    "refund_reopened": 2,
    "return_open": 3,
    "return_refunded": 3,
    "exchanged": 2,
    "reshipped": 2,
}
WAITING = {"risk_review": 3, "ship_hold": 3}
GROUP = {"group_forming": 8, "group_formed": 12, "group_failed": 3}


@dataclass(frozen=True, slots=True)
class Platform:
    """Numbering and habits of one platform.

    `own_lives` per 240 orders; `impossible_lives` of `story.STATES` do not exist there; `quiet_events` do not
    move `modified` of an order. `names_buyers`: orders of one buyer can be told; `shows_receivers`: in clear;
    `tells_payments`: what was paid for each line; `tells_subsidies`: and what the platform adds to it;
    `names_refunded_goods`: a refund before shipping says of which goods it is.
    """

    order_number: OrderNumber
    line_number: LineNumber
    after_sale_number: AfterSaleNumber
    own_lives: dict[str, int]
    most_lines: int = 4
    refunds_per_line: bool = False
    impossible_lives: frozenset[str] = frozenset()
    quiet_events: frozenset[str] = frozenset()
    names_buyers: bool = True
    tells_payments: bool = True
    tells_subsidies: bool = False
    names_refunded_goods: bool = True
    shows_receivers: bool = False


def buyer_part(buyer: Buyer, modulo: int) -> int:
    """Return digits that belong to the buyer, as in the numbers of several platforms."""
    return (buyer.number * 37 + 114_828) % modulo


def day(at: datetime) -> str:
    """Return the Beijing date as `yyMMdd`."""
    return at.astimezone(BEIJING).strftime("%y%m%d")


def _added(order_id: str, place: int) -> str:
    return str(int(order_id) + place)


def _suffixed(pattern: str) -> LineNumber:
    return lambda order_id, place: order_id + pattern.format(place + 1)


def _after_sale(prefix: str, width: int) -> AfterSaleNumber:
    def number(line_id: str, count: int) -> str:
        digits = "".join(character for character in line_id if character.isdigit())
        return f"{prefix}{count}{digits[-width:].zfill(width)}"

    return number


PLATFORMS = {
    # 19 digits, the last six belong to the buyer
    "taobao": Platform(
        lambda counter, buyer, _: str(counter * BUYER_DIGITS + buyer_part(buyer, BUYER_DIGITS - 20)),
        _added,
        lambda line_id, count: f"{98 + count}{int(line_id) % 10**12:012d}",
        SERVICES | PRESALE | AFTER_SALES | WAITING | {"cod": 3, "group_forming": 2},
        refunds_per_line=True,
    ),
    # 12 digits; only states and waybills move `modified`
    "jd": Platform(
        lambda counter, _, __: f"3{counter % 10**11:011d}",
        _suffixed("-{}"),
        _after_sale("5", 9),
        SERVICES | PRESALE | AFTER_SALES | {"locked": 4, "cod": 10},
        quiet_events=frozenset({"memo_changed", "invoice_requested", "refund_message"}),
        tells_payments=False,
        names_refunded_goods=False,
    ),
    # yyMMdd-15 digits; one line per order
    "pinduoduo": Platform(
        lambda counter, buyer, at: f"{day(at)}-{counter:013d}{buyer_part(buyer, 90):02d}",
        _suffixed("-{}"),
        _after_sale("8", 10),
        SERVICES | PRESALE | AFTER_SALES | WAITING | GROUP,
        most_lines=1,
        names_buyers=False,
        tells_payments=False,
    ),
    # 19 digits; the lines are orders of their own, numbered on
    "douyin": Platform(
        lambda counter, buyer, _: f"69{counter:013d}{buyer_part(buyer, 9000):04d}",
        _added,
        _after_sale("71", 16),
        SERVICES | PRESALE | AFTER_SALES | WAITING | {"cod": 3},
        refunds_per_line=True,
        tells_subsidies=True,
    ),
    # 19 digits as text
    "wechat": Platform(
        lambda counter, buyer, _: f"37{counter:013d}{buyer_part(buyer, 9000):04d}",
        _suffixed("_{:03d}"),
        _after_sale("20", 16),
        SERVICES | AFTER_SALES | {"address_request": 5, "group_forming": 3},
        refunds_per_line=True,
        impossible_lives=frozenset({"presale_deposit"}),
    ),
    # the merchant's own
    "miniprogram": Platform(
        lambda counter, _, at: f"MP{day(at)}{counter % 10**9:09d}",
        _suffixed("-{}"),
        _after_sale("RF", 12),
        SERVICES | AFTER_SALES | {"address_request": 5, "group_forming": 3, "group_formed": 3},
        impossible_lives=frozenset({"presale_deposit"}),
        shows_receivers=True,
    ),
}
