"""With which orders an order left in one parcel, and why not with others of its buyer: steps of its story."""

from sqlalchemy import Connection, RowMapping, text

from orderhub.operate.step import Step

_DECISIONS = text("""
    select d.*, array(
        select x.fulfillment_order_id from core.merge_decisions as x
        where x.parcel_id = d.parcel_id and x.fulfillment_order_id <> d.fulfillment_order_id
        order by 1) as others
    from core.merge_decisions as d
    join core.fulfillment_orders as f using (fulfillment_order_id)
    where f.order_id = :order_id order by d.decided_at, d.fulfillment_order_id""")
#: Nothing was written of orders whose receivers are not known to be one.
_APART = text("""
    select m.manifest_id, m.closed_at, l.fulfillment_order_id, bool_and(r.address_hash is null) as is_unnamed,
        string_agg(distinct p.order_id, ', ' order by p.order_id) as others
    from core.orders as o
    join core.manifest_lines as l on l.order_id = o.order_id
    join core.manifests as m on m.manifest_id = l.manifest_id
    join core.orders as p
        on p.shop_id = o.shop_id and p.customer_id = o.customer_id and p.order_id <> o.order_id
    left join core.receivers as r on r.order_id = o.order_id
    where o.order_id = :order_id
        and exists (
            select from core.manifest_lines as n
            where n.manifest_id = l.manifest_id and n.order_id = p.order_id)
        and not exists (
            select from core.merge_decisions as d where d.fulfillment_order_id = l.fulfillment_order_id)
    group by m.manifest_id, m.closed_at, l.fulfillment_order_id order by m.closed_at""")
_WHYS = {
    "cash_on_delivery": ("货到付款不合单", "cash on delivery is never merged"),
    "not_paid": ("没有全部付清", "not paid in full"),
    "held": ("订单有挂起", "something of the order is held"),
    "refund_open": ("有处理中的售后", "an after-sale of it is open"),
    "transit": ("中转集运,中转仓按单认包裹", "the depot knows parcels by their order"),
    "in_parts": ("这个订单自己有几张发货单", "the order itself has several documents"),
    "too_large": (
        "超过一个包裹的上限(routing.yaml 的 merge)",
        "more than one parcel takes (merge in routing.yaml)",
    ),
    "other_carrier": ("快递不同", "another carrier takes the others"),
    "others_alone": ("同一收件人的其他订单不能合", "the others to this receiver may not be merged"),
    "unnamed": ("平台没有给收件人标识", "the platform names no receiver"),
    "other_receiver": ("收件人不同,或店铺没有开合单", "another receiver, or the shop does not merge"),
}


def merged(connection: Connection, order_id: str) -> list[Step]:
    """Return what was decided about leaving together with other orders of the buyer."""
    key = {"order_id": order_id}
    decided = [_decision(row) for row in connection.execute(_DECISIONS, key).mappings()]
    return decided + [_apart(row) for row in connection.execute(_APART, key).mappings()]


def _decision(row: RowMapping) -> Step:
    ids = {"fulfillment_order": row["fulfillment_order_id"], "manifest": row["manifest_id"]}
    if row["parcel_id"] is None:
        zh, en = _WHYS[row["reason"]]
        return Step(row["decided_at"], "merged", f"没有合单:{zh}", f"not merged: {en}", ids)
    others = ", ".join(row["others"])
    return Step(
        row["decided_at"],
        "merged",
        f"与 {others} 合成一个包裹 {row['parcel_id']}:同一买家、同一收件人",
        f"leaves with {others} in one parcel {row['parcel_id']}: one buyer, one receiver",
        ids,
    )


def _apart(row: RowMapping) -> Step:
    zh, en = _WHYS["unnamed" if row["is_unnamed"] else "other_receiver"]
    ids = {"fulfillment_order": row["fulfillment_order_id"], "manifest": row["manifest_id"]}
    return Step(
        row["closed_at"],
        "merged",
        f"没有与同一买家的 {row['others']} 合单:{zh}",
        f"not merged with {row['others']} of the same buyer: {en}",
        ids,
    )
