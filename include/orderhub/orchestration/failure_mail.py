"""One failed task, one mail: straight to SMTP, because the hub's database may be the fault."""

from typing import Any
from urllib.parse import quote

import structlog

log = structlog.get_logger(__name__)


def mail_failure(context: Any) -> None:
    """Tell the supervisors which task failed, in which run, with which error, and where to look.

    Called by Airflow when a task has failed for good (no retry left).
    """
    from airflow.providers.smtp.notifications.smtp import SmtpNotifier

    instance = context["ti"]
    error = context.get("exception")
    recipients, sender, airflow_url = _addresses()
    run = f"{airflow_url}/dags/{quote(instance.dag_id)}/runs/{quote(instance.run_id)}"
    link = f"{run}/tasks/{quote(instance.task_id)}"
    said = (
        f"{type(error).__name__}: {error}"
        if error
        else "任务进程意外终止 / the task process ended unexpectedly"
    )
    body = (
        "<p>一个任务失败了,需要查看。/ A task failed.</p><table>"
        + "".join(
            f"<tr><td>{label}</td><td>{_escape(value)}</td></tr>"
            for label, value in (
                ("DAG", instance.dag_id),
                ("任务 / task", instance.task_id),
                ("运行 / run", instance.run_id),
                ("次数 / try", instance.try_number),
                ("错误 / error", said),
            )
        )
        + f'</table><p><a href="{_escape(link)}">{_escape(link)}</a></p>'
    )
    log.error("task failed", dag_id=instance.dag_id, task_id=instance.task_id, run_id=instance.run_id)
    SmtpNotifier(
        to=recipients,
        from_email=sender,
        subject=f"[orderhub] 任务失败 {instance.dag_id}.{instance.task_id}",
        html_content=body,
        smtp_conn_id="smtp_default",
    ).notify(context)


def _addresses() -> tuple[list[str], str, str]:
    """Return recipients, sender and the link's start; from files, because the database may be down."""
    from orderhub.config.located_yaml import parse
    from orderhub.config.models import Alerts
    from orderhub.settings import load_settings

    settings = load_settings()
    file = settings.config / "alerts.yaml"
    alerts = parse(Alerts, file.read_text(encoding="utf-8-sig"), file.name)
    return list(alerts.supervisors), alerts.sender, settings.airflow_url.rstrip("/")


def _escape(value: object) -> str:
    from html import escape

    # Jinja renders the notifier's texts: an error that quotes braces must stay text.
    return escape(str(value)).replace("{", "&#123;").replace("}", "&#125;")
