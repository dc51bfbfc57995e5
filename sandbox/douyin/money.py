"""Amounts in fen, on the order and on lines: order_amount = goods + freight = paid + promotions."""

from sandbox.world.model import Line, Order


def amounts_of_order(order: Order) -> dict[str, int]:
    """Return the amounts of a shop order; freight stands here and not on its lines."""
    promotion = sum(line.discount_fen for line in order.lines) + order.shared_discount_fen
    platform = min(order.coupon_fen, order.shared_discount_fen)
    return {
        "order_amount": order.payment_fen + promotion,
        "pay_amount": order.payment_fen,
        "post_amount": order.post_fen,
        "post_origin_amount": order.post_fen,
        "post_promotion_amount": 0,
        "post_insurance_amount": 0,
        "modify_amount": sum(line.adjust_fen for line in order.lines),
        "modify_post_amount": 0,
        **_promotions(promotion, platform),
        "total_promotion_amount": promotion,
        "tax_amount": 0,
        "packing_amount": 0,
    }


def amounts_of_line(order: Order, line: Line) -> dict[str, int]:
    """Return the amounts of a product order."""
    promotion = line.discount_fen + line.shared_discount_fen
    goods = line.price_fen * line.quantity
    return {
        "origin_amount": line.price_fen,
        "sum_amount": goods,
        "modify_amount": line.adjust_fen,
        "order_amount": goods + line.adjust_fen,
        "pay_amount": line.divided_fen,
        "post_amount": 0,
        **_promotions(promotion, _platform_share(order, line)),
        "tax_amount": 0,
    }


def _promotions(promotion: int, platform: int) -> dict[str, int]:
    return {
        "promotion_amount": promotion,
        "promotion_shop_amount": promotion - platform,
        "promotion_platform_amount": platform,
        "promotion_talent_amount": 0,
        "promotion_pay_amount": 0,
        "shop_cost_amount": promotion - platform,
        "platform_cost_amount": platform,
        "only_platform_cost_amount": platform,
        "author_cost_amount": 0,
    }


def _platform_share(order: Order, line: Line) -> int:
    """Return the line's share of the coupon; the line with the greatest discount takes the rounding."""
    shared = order.shared_discount_fen
    if not shared:
        return 0
    coupon = min(order.coupon_fen, shared)
    shares = {one.line_id: coupon * one.shared_discount_fen // shared for one in order.lines}
    greatest = max(order.lines, key=lambda one: one.shared_discount_fen).line_id
    shares[greatest] += coupon - sum(shares.values())
    return shares[line.line_id]
