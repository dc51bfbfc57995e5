"""Alerts whose words stand in a table: rule → severity, then title and text in Chinese and in English."""

from orderhub.alerts.raising import Alert, Severity

#: Severity, title_zh, title_en, text_zh, text_en; placeholders are those that `worded` is given.
Words = tuple[Severity, str, str, str, str]


def worded(
    rule_id: str,
    words: Words,
    *,
    subject: str,
    detail: str,
    shop_id: str | None = None,
    warehouse_id: str | None = None,
    fingerprint: str = "open",
) -> Alert:
    """Return the alert of a rule about `subject`; open until its query no longer finds it.

    One with another `fingerprint` is another alert, and told anew.
    """
    severity, *texts = words
    title_zh, title_en, text_zh, text_en = (
        text.format(subject=subject, detail=detail, warehouse=warehouse_id) for text in texts
    )
    return Alert(
        rule_id=rule_id,
        severity=severity,
        subject=subject,
        fingerprint=fingerprint,
        title_zh=title_zh,
        title_en=title_en,
        text_zh=text_zh,
        text_en=text_en,
        shop_id=shop_id,
        warehouse_id=warehouse_id,
    )
