"""Which orders go to one receiver: `taobao.top.oaid.merge`, by what its callers do not know."""

import json
from typing import Any

from sandbox.gateway.call import Call
from sandbox.taobao.envelope import top_error
from sandbox.taobao.trade import oaid

MERGE = "taobao.top.oaid.merge"
MOST = 100


def merge(call: Call) -> dict[str, Any]:
    """Answer the orders of `merge_list` in groups, each with commas.

    Raises:
        RefusalError: the list is none, or too long, or an OAID is not that of its order.
    """
    groups: dict[tuple[str, ...], list[str]] = {}
    for tid, token in _asked(call):
        order = call.order(tid)
        if order is None or token != oaid(order):
            raise top_error(15, "Remote service error", "isv.oaid-not-matched", f"oaid 与订单不符: {tid}")
        receiver = order.receiver
        key = (order.buyer.open_uid, receiver.name, receiver.mobile, receiver.city, receiver.address)
        groups.setdefault(key, []).append(tid)
    return {"tid_list": {"string": [",".join(group) for group in groups.values()]}}


def _asked(call: Call) -> list[tuple[str, str]]:
    try:
        listed = json.loads(call.incoming.form.get("merge_list", ""))
        asked = [(str(one["tid"]), str(one["oaid"])) for one in listed]
    except (ValueError, TypeError, KeyError):
        raise top_error(41, "Invalid Arguments:merge_list") from None
    if not 0 < len(asked) <= MOST:
        raise top_error(41, "Invalid Arguments:merge_list", "isv.invalid-parameter", f"1 to {MOST}")
    return asked
