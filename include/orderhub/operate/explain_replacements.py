"""Tells in an order's story which replacements were made for it, and of a replacement what it is for."""

from sqlalchemy import Connection, RowMapping, text

from orderhub.operate.step import Step

_MADE = text("""
    select * from core.replacements where order_id = :order_id or of_order_id = :order_id
    order by made_at, order_id""")
_KINDS = {"exchange": "换货", "resend": "补发"}
_GOODS = {
    "same": ("同样的货", "the same goods"),
    "named": ("平台指明的货", "the goods that the platform named"),
    "asked": ("发哪个货等人回答", "which goods is asked"),
    "answered": ("人回答的货", "the goods that a person named"),
}


def replaced(connection: Connection, order_id: str) -> list[Step]:
    """Return a step per replacement that was made for the order, or that it is."""
    rows = connection.execute(_MADE, {"order_id": order_id}).mappings()
    return [_step(row, order_id) for row in rows]


def _step(row: RowMapping, order_id: str) -> Step:
    goods, goods_en = _GOODS[row["goods"]]
    kind, kind_en = _KINDS[row["kind"]], row["kind"]
    if row["order_id"] == order_id:
        zh, en = f"{kind}单,为 {row['of_order_id']} 开", f"{kind_en}, made for {row['of_order_id']}"
    else:
        zh, en = f"开了{kind}单 {row['order_id']}", f"{kind_en} {row['order_id']} was made"
    why = {"after_sale": row["refund_id"]} if row["refund_id"] else {"case": row["case_no"]}
    return Step(
        row["made_at"], "replaced", f"{zh}:{goods},不收钱", f"{en}: {goods_en}, without payment",
        {**why, "by": row["made_by"]},
    )  # fmt: skip
