"""Says that the merchant's files were refused, and closes that once files are accepted."""

import hashlib

from orderhub.alerts.raising import Alert, close_alerts, keep_alerts
from orderhub.clock import Clock
from orderhub.config.models import MerchantConfig
from orderhub.db.engine import Database
from orderhub.db.leases import hold_scope
from orderhub.spoken import told

RULE = "refused_configuration"
_SUBJECT = "configuration"


def tell_of_refused(database: Database, clock: Clock, active: MerchantConfig, said: str) -> None:
    """Alert in words of the refusal; what was refused before for another reason is closed."""
    with hold_scope(database, "config") as lease, database.transaction(lease) as connection:
        keep_alerts(connection, clock, active, RULE, [_alert(active.version[:12], said)])


def close_refused(database: Database, clock: Clock) -> None:
    """Close the alert: the files are accepted."""
    with hold_scope(database, "config") as lease, database.transaction(lease) as connection:
        close_alerts(connection, clock, RULE, [_SUBJECT])


def _alert(kept: str, said: str) -> Alert:
    said_zh = told(said, in_english=False)
    return Alert(
        rule_id=RULE,
        severity="warning",
        subject=_SUBJECT,
        fingerprint=hashlib.sha256(f"{kept} {said}".encode()).hexdigest()[:16],
        title_zh="配置有误,未启用",
        title_en="The configuration is refused",
        text_zh=f"{said_zh}\n上一个好版本 {kept} 继续生效;改好后运行 ./hub config apply,自动关闭。",
        text_en=f"{said}\nThe last good version {kept} stays active; correct the file and run "
        "./hub config apply, which closes this.",
    )
