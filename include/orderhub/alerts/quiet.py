"""Quiet hours: when people are left alone unless it is critical."""

from datetime import datetime

from orderhub.clock import BEIJING
from orderhub.config.models import Alerts


def is_quiet(alerts: Alerts, instant: datetime) -> bool:
    """Return whether `instant` lies in the quiet hours (Asia/Shanghai); they may run over midnight."""
    hours = alerts.quiet_hours
    if hours is None:
        return False
    now = instant.astimezone(BEIJING).time()
    if hours.start <= hours.end:
        return hours.start <= now < hours.end
    return now >= hours.start or now < hours.end
