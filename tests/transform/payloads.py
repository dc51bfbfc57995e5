"""Taobao trades as the platform sends them; synthetic, shaped after its documented fields."""

import json
from datetime import UTC, datetime
from typing import Any

from orderhub.db.engine import Database
from orderhub.db.leases import hold_scope
from orderhub.platforms.payload import storable, version_hash, written
from orderhub.platforms.staging import Record, stage_page

NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)


class StoppedClock:
    """A clock that stands still."""

    def now(self) -> datetime:
        return NOW


def trade(tid: str = "2160451543726114828", **changes: Any) -> dict[str, Any]:
    """A paid trade of one line, 228.00 yuan, to Hangzhou."""
    line = {
        "oid": int(tid), "oid_str": tid, "num_iid": 635400000001, "sku_id": "4600000000001",
        "outer_sku_id": "TS-001-BLK-M", "title": "极简圆领T恤", "num": 2, "price": "129.00",
        "discount_fee": "30.00", "payment": "228.00", "divide_order_fee": "228.00",
        "status": "WAIT_SELLER_SEND_GOODS", "refund_status": "NO_REFUND",
    }  # fmt: skip
    value: dict[str, Any] = {
        "tid": int(tid), "tid_str": tid, "type": "fixed", "status": "WAIT_SELLER_SEND_GOODS",
        "buyer_nick": "t**", "buyer_open_uid": f"open-{tid}", "created": "2026-11-20 09:12:31",
        "pay_time": "2026-11-20 09:12:58", "modified": "2026-11-20 09:13:00", "total_fee": "258.00",
        "discount_fee": "30.00", "post_fee": "0.00", "payment": "228.00", "seller_flag": 1,
        "buyer_message": "", "seller_memo": "", "receiver_state": "浙江省", "receiver_city": "杭州市",
        "receiver_district": "西湖区", "receiver_town": "文新街道", "receiver_name": "李**",
        "receiver_mobile": "*******1234", "receiver_phone": "", "receiver_address": "文*街道****号",
        "oaid": f"1oaid{tid}", "orders": {"order": [line]},
    }  # fmt: skip
    line_changes = {key[5:]: changes.pop(key) for key in list(changes) if key.startswith("line_")}
    value.update(changes)
    line.update(line_changes)
    return value


def stage(database: Database, trades: list[dict[str, Any]], shop_id: str = "tb_flagship") -> int:
    """Stage one page of trades and return its load id."""
    records = []
    for index, value in enumerate(trades):
        payload, note = storable(written(value))
        records.append(Record(str(value["tid"]), None, payload, version_hash(value), index, note))
    with hold_scope(database, "test") as lease, database.transaction(lease) as connection:
        return stage_page(
            connection, StoppedClock(), platform="taobao", shop_id=shop_id, stream="orders", window_id=None,
            source="page 1", records=records,
        ).load_id  # fmt: skip


def as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
