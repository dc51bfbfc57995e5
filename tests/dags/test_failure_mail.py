"""A task that failed for good is one mail, and the mail says where to look."""

import email
import email.policy
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message

from orderhub.db.postgres import free_port

ROOT = Path(__file__).resolve().parents[2]
FAIL = """
import sys
from types import SimpleNamespace
from orderhub.errors import DatabaseFault
from orderhub.orchestration.failure_mail import mail_failed_run, mail_failed_task

task = SimpleNamespace(
    dag_id="transform_orders", task_id="map_merge_and_check", run_id="asset__2026-11-23T02:00:00+00:00", try_number=4,
    map_index=-1,
)
error = DatabaseFault("database: lost {{ 7 * 7 }} <b>connection</b> (57P01)")
calls = {
    "database": [lambda: mail_failed_task({"ti": task, "exception": error})],
    "killed": [lambda: mail_failed_run({"ti": task, "reason": "task_failure"})],
    "both": [
        lambda: mail_failed_task({"ti": task, "exception": error}),
        lambda: mail_failed_run({"ti": task, "reason": "task_failure"}),
    ],
}
for call in calls[sys.argv[1]]:
    call()
"""


class Inbox(Message):
    """Keeps what arrives."""

    def __init__(self) -> None:
        super().__init__()
        self.mails: list[EmailMessage] = []

    def handle_message(self, message: email.message.Message) -> None:
        parsed = email.message_from_bytes(message.as_bytes(), policy=email.policy.default)
        assert isinstance(parsed, EmailMessage)
        self.mails.append(parsed)


@pytest.fixture
def inbox() -> Iterator[tuple[Inbox, int]]:
    received = Inbox()
    controller = Controller(received, hostname="127.0.0.1", port=free_port())
    controller.start()
    yield received, controller.port
    controller.stop()


def fail(port: int, home: Path, how: str) -> None:
    connection = {
        "conn_type": "smtp",
        "host": "127.0.0.1",
        "port": port,
        "extra": {"disable_ssl": True, "disable_tls": True, "timeout": 5, "retry_limit": 1},
    }
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "AIRFLOW_HOME": str(home / "airflow"),
        "AIRFLOW_CONN_SMTP_DEFAULT": json.dumps(connection),
        "ORDERHUB_HOME": str(home / "hub"),
        "ORDERHUB_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
        "ORDERHUB_HASH_KEY": "mail",
        "ORDERHUB_AIRFLOW_URL": "http://hub.example.test:8080/",
    }
    ended = subprocess.run(
        [sys.executable, "-c", FAIL, how],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr


def html_of(mail: EmailMessage) -> str:
    body = mail.get_body(("html",))
    assert body is not None
    return str(body.get_content())


def test_the_mail_names_dag_task_run_error_and_link(inbox: tuple[Inbox, int], tmp_path: Path):
    received, port = inbox

    fail(port, tmp_path, "database")

    [mail] = received.mails
    assert mail["Subject"].strip() == "[orderhub] 任务失败 transform_orders.map_merge_and_check"
    assert mail["To"] == "supervisor@example.test"
    html = html_of(mail)
    run = "asset__2026-11-23T02%3A00%3A00%2B00%3A00"
    for part in (
        "transform_orders",
        "map_merge_and_check",
        "asset__2026-11-23T02:00:00+00:00",
        "DatabaseFault: database: lost",
        f"http://hub.example.test:8080/dags/transform_orders/runs/{run}/tasks/map_merge_and_check",
    ):
        assert part in html


def test_an_error_text_is_shown_and_never_executed(inbox: tuple[Inbox, int], tmp_path: Path):
    received, port = inbox

    fail(port, tmp_path, "database")

    html = html_of(received.mails[0])
    assert "49" not in html.split("DatabaseFault")[1]
    assert "<b>connection</b>" not in html


def test_a_killed_process_is_said_in_words(inbox: tuple[Inbox, int], tmp_path: Path):
    received, port = inbox

    fail(port, tmp_path, "killed")

    assert "任务进程意外终止" in html_of(received.mails[0])


def test_a_failed_task_and_its_failed_run_are_one_mail(inbox: tuple[Inbox, int], tmp_path: Path):
    received, port = inbox

    fail(port, tmp_path, "both")

    [mail] = received.mails
    assert "DatabaseFault" in html_of(mail)
