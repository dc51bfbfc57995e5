"""Finds platforms that were added to a running hub and whose tables `./hub migrate` has yet to make."""

from sqlalchemy import Connection

from orderhub.alerts.raising import Alert
from orderhub.db.staging_tables import missing_tables, wanted_tables

RULE = "platform_without_tables"


def absent_platforms(connection: Connection) -> list[Alert]:
    """Return an alert per platform that waits; the others go on without it."""
    tables = wanted_tables()
    lacks: dict[str, list[str]] = {}
    for table in missing_tables(connection):
        lacks.setdefault(tables[table][0], []).append(f"staging.{table}")
    return [_alert(platform, ", ".join(missing)) for platform, missing in lacks.items()]


def _alert(platform: str, missing: str) -> Alert:
    return Alert(
        rule_id=RULE,
        severity="warning",
        subject=platform,
        fingerprint=missing,
        title_zh=f"平台 {platform} 还没有表,暂不拉取",
        title_en=f"Platform {platform} has no tables yet and is left out",
        text_zh=(
            f"请执行 ./hub migrate:平台 {platform} 是新加的,数据库里还没有它的表({missing})。"
            "别的平台照常;建好后它自己接着走,这条提醒自动关闭。"
        ),
        text_en=(
            f"Please run `./hub migrate`: platform {platform} was added, and the database lacks its tables "
            f"({missing}). The other platforms go on; this one goes on by itself afterwards."
        ),
    )
