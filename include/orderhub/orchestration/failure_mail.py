"""One failed task, one mail: straight to SMTP, because the hub's database may be the fault."""

from typing import Any
from urllib.parse import quote

import structlog

log = structlog.get_logger(__name__)

_ENDED = "任务进程意外终止(内存不足或被杀)/ the task process ended unexpectedly (out of memory, or killed)"


def mail_failed_task(context: Any) -> None:
    """Tell the supervisors which task failed, in which run, with which error, and where to look.

    Called by Airflow in the task's own process when it has failed for good (no retry left).
    """
    instance = context["ti"]
    error = context.get("exception")
    if _is_first(instance):
        _send(context, instance, f"{type(error).__name__}: {error}" if error else _ENDED)


def mail_failed_run(context: Any) -> None:
    """Speak for a task whose process was killed, out of memory say, and could not call back itself.

    Called by Airflow's DAG processor when a run has failed.
    """
    instance = context.get("ti")
    if instance is not None and _is_first(instance):
        _send(context, instance, _ENDED)


def _is_first(instance: Any) -> bool:
    """Return whether nobody has mailed about this task yet; a file decides, the database may be down."""
    from hashlib import sha256

    from orderhub.settings import load_settings

    parts = (instance.dag_id, instance.run_id, instance.task_id, str(instance.map_index))
    folder = load_settings().home / "failure_mails"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        (folder / sha256("\0".join(parts).encode()).hexdigest()[:32]).touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def _send(context: Any, instance: Any, said: str) -> None:
    from airflow.providers.smtp.notifications.smtp import SmtpNotifier

    recipients, sender, airflow_url = _addresses()
    run = f"{airflow_url}/dags/{quote(instance.dag_id)}/runs/{quote(instance.run_id)}"
    link = f"{run}/tasks/{quote(instance.task_id)}"
    rows = (
        ("DAG", instance.dag_id),
        ("任务 / task", instance.task_id),
        ("运行 / run", instance.run_id),
        ("次数 / try", instance.try_number),
        ("错误 / error", said),
    )
    table = "".join(f"<tr><td>{label}</td><td>{_escape(value)}</td></tr>" for label, value in rows)
    log.error("task failed", dag_id=instance.dag_id, task_id=instance.task_id, run_id=instance.run_id)
    SmtpNotifier(
        to=recipients,
        from_email=sender,
        subject=f"[orderhub] 任务失败 {instance.dag_id}.{instance.task_id}",
        html_content=(
            f"<p>一个任务失败了,需要查看。/ A task failed.</p><table>{table}</table>"
            f'<p><a href="{_escape(link)}">{_escape(link)}</a></p>'
        ),
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
