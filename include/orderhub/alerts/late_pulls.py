"""Finds shops whose orders or refunds have not been proven complete for too long."""

from datetime import datetime, timedelta

from sqlalchemy import Connection

from orderhub.alerts.raising import Alert
from orderhub.clock import BEIJING
from orderhub.config.models import MerchantConfig
from orderhub.db.sql_files import statement

RULE = "late_pull"


def late_pulls(
    connection: Connection, config: MerchantConfig, now: datetime, awake_since: datetime
) -> list[Alert]:
    """Return an alert per shop and stream that is later than alerts.yaml allows."""
    minutes = config.alerts.late_after_minutes
    given = {"awake_since": awake_since, "late_before": now - timedelta(minutes=minutes)}
    return [
        Alert(
            rule_id=RULE,
            severity="warning",
            subject=f"{row.shop_id}/{row.stream}",
            fingerprint="late",
            title_zh=f"拉取迟到:{row.shop_name}",
            title_en=f"Pull is late: {row.shop_name}",
            text_zh=(
                f"店铺 {row.shop_name}({row.shop_id})的 {row.stream} 从 {_shown(row.missing_since)}"
                f"(北京时间)起还没有读全,已超过 {minutes} 分钟。新订单可能还没进来;读全后自动关闭。"
                "看哪里卡住:ops.window_gaps(./hub sql --ops);步骤见 docs/runbooks/extract.md。"
            ),
            text_en=(
                f"{row.stream} of shop {row.shop_name} ({row.shop_id}) are not complete since "
                f"{_shown(row.missing_since)} (Beijing), for more than {minutes} minutes. New orders may be "
                "missing; this closes by itself. What is stuck: ops.window_gaps, docs/runbooks/extract.md."
            ),
            shop_id=row.shop_id,
        )
        for row in connection.execute(statement("ops/late_streams"), given)
    ]


def _shown(instant: datetime) -> str:
    return f"{instant.astimezone(BEIJING):%m-%d %H:%M}"
