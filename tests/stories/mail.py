"""The mail of a day: what its hub sends arrives in a box that a story reads as the supervisor would."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiosmtpd.controller import Controller

from orderhub.alerts.watch import look_around
from orderhub.db.postgres import Server, free_port
from sandbox.mailbox import Mail, Mailbox
from tests.builders import rows
from tests.stories.day import Day, opened_day, own_database
from tests.stories.lived import LivedDay

SUPERVISOR = "supervisor@example.test"


@dataclass(frozen=True)
class Desk:
    """Where a supervisor sits."""

    day: Day
    mailbox: Mailbox

    def look(self) -> None:
        """Let the hub look around, as it does every few minutes, and send what it has to say."""
        look_around(self.day.database, self.day.box.clock, self.day.box.config)
        self.day.deliver()

    def mails(self, about: str) -> list[Mail]:
        """Return the mails to the supervisor whose subject holds these words, the oldest first."""
        return [
            mail for mail in self.mailbox.mails if about in mail.subject and mail.recipients == [SUPERVISOR]
        ]

    def open_alerts(self, rule_id: str) -> list[str]:
        """Return what the alerts of a rule are about that are open."""
        found = rows(
            self.day.database,
            f"select subject from ops.alerts where rule_id = '{rule_id}' and closed_at is null order by 1",
        )
        return [str(subject) for (subject,) in found]


@dataclass
class OverseenDay(LivedDay):
    """Days on which a supervisor sat at her desk."""

    desk: Desk = field(kw_only=True)


@contextmanager
def desk_of(day: Day) -> Iterator[Desk]:
    """Yield the desk where mails of a day arrive, before anything has happened on it."""
    mailbox, port = Mailbox(day.box.platform_clock.now), free_port()
    file = day.settings.connections
    assert file is not None
    extra = {"disable_ssl": True, "disable_tls": True, "timeout": 5}
    server = {"conn_type": "smtp", "host": "127.0.0.1", "port": port, "extra": extra}
    known = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps(known | {"smtp_default": server}), encoding="utf-8")
    controller = Controller(mailbox, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield Desk(day, mailbox)
    finally:
        controller.stop()


@contextmanager
def opened_desk(
    server: Server, name: str, home: Path, platform: str, more: Mapping[str, str] | None = None
) -> Iterator[Desk]:
    """Yield the desk of a day with a database of its own; `opened_day` says what the rest is."""
    with (
        own_database(server, name) as database,
        opened_day(database, home, platform, more) as day,
        desk_of(day) as desk,
    ):
        yield desk
