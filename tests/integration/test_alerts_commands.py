"""`orderhub alerts test` and `alerts list`, as a person types them."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from typer.testing import CliRunner, Result

from orderhub.cli import app
from orderhub.db.engine import Database
from orderhub.db.postgres import Server, free_port
from orderhub.errors import ConfigError
from sandbox.mailbox import Mailbox
from tests.builders import FILES, NOON
from tests.conftest import PASSWORDS
from tests.integration.test_alerts import ALERT, FixedClock, merchant, raised

TWO = "supervisors: [a@example.test]\nrecipients:\n  - {to: [b@example.test], severity: [critical]}\n"


class Office:
    """A hub's environment with a mail server."""

    def __init__(self, home: Path, database_url: str) -> None:
        self.config = home / "config"
        self.config.mkdir()
        self.mailbox = Mailbox(lambda: NOON)
        self.port = free_port()
        extra = {"disable_ssl": True, "disable_tls": True, "timeout": 5}
        known = {
            "smtp_default": {"conn_type": "smtp", "host": "127.0.0.1", "port": self.port, "extra": extra}
        }
        (home / "connections.json").write_text(json.dumps(known), encoding="utf-8")
        self.environment = {
            "ORDERHUB_HOME": str(home),
            "ORDERHUB_CONFIG": str(self.config),
            "ORDERHUB_CONNECTIONS": str(home / "connections.json"),
            "ORDERHUB_DATABASE_URL": database_url,
            "ORDERHUB_HASH_KEY": "test",
            "COLUMNS": "200",
        }

    def run(self, *arguments: str, alerts: str = TWO) -> Result:
        for name, said in {**FILES, "alerts.yaml": alerts}.items():
            (self.config / name).write_text(said, encoding="utf-8")
        return CliRunner().invoke(app, arguments, env=self.environment)


@pytest.fixture
def office(server: Server, database_name: str, tmp_path: Path) -> Office:
    return Office(tmp_path, server.url(database_name, "orderhub_app", PASSWORDS.app))


@pytest.fixture
def mail_server(office: Office) -> Iterator[Controller]:
    controller = Controller(office.mailbox, hostname="127.0.0.1", port=office.port)
    controller.start()
    yield controller
    controller.stop()


def test_everybody_gets_a_sample_and_every_result_is_said(office: Office, mail_server: Controller):
    shown = office.run("alerts", "test")

    assert shown.exit_code == 0
    assert ["a@example.test" in shown.output, "b@example.test" in shown.output, "2/2" in shown.output] == [
        True, True, True,
    ]  # fmt: skip
    assert sorted(mail.recipients[0] for mail in office.mailbox.mails) == ["a@example.test", "b@example.test"]
    assert office.mailbox.mails[0].subject == "[orderhub] 这是一条试发的提醒"


def test_a_recipient_that_cannot_be_reached_fails_the_command(office: Office):
    shown = office.run("alerts", "test")

    assert shown.exit_code == 1
    assert "is smtp_default right?" in shown.output


def test_an_empty_list_fails_and_names_the_file(office: Office):
    shown = office.run("alerts", "test", alerts="supervisors: []\n")

    assert isinstance(shown.exception, ConfigError)
    assert "alerts.yaml:1: supervisors" in str(shown.exception)


def test_the_list_shows_what_is_open(office: Office, database: Database):
    raised(database, FixedClock(NOON), ALERT, config=merchant())

    shown = office.run("alerts", "list")

    assert ["late_pull" in shown.output, "tb/orders" in shown.output, "1 条未了" in shown.output] == [
        True, True, True,
    ]  # fmt: skip
