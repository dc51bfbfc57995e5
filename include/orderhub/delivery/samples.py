"""Sends a sample to every recipient and robot of alerts.yaml, one by one, past the outbox."""

from collections.abc import Iterator
from dataclasses import dataclass

from orderhub.alerts.wording import Example, Told, chat_texts, mail_texts
from orderhub.clock import Clock
from orderhub.config.located_yaml import parse
from orderhub.config.models import Alerts
from orderhub.connections import load_connection
from orderhub.delivery.chat import build_chat
from orderhub.delivery.mail import build_mail, send_mail
from orderhub.delivery.robots import say
from orderhub.errors import ConfigError, OrderhubError
from orderhub.settings import Settings

_SAMPLE = Told(
    1,
    [
        Example(
            alert_id=0,
            rule_id="sample",
            severity="info",
            subject="orderhub alerts test",
            fingerprint="",
            title_zh="这是一条试发的提醒",
            title_en="This is a sample alert",
            text_zh="收到它,说明真的提醒也到得了这里。什么都不用做。",
            text_en="It arrived, so real alerts will too. There is nothing to do.",
            link=None,
        )
    ],
)


@dataclass(frozen=True)
class Reached:
    """What became of one sample; `error` is None when it was taken."""

    reached: str
    answer: str
    error: str | None


def read_recipients(settings: Settings) -> Alerts:
    """Return alerts.yaml as it stands in the configuration directory, applied or not.

    Raises:
        ConfigError: it cannot be read, or names nobody.
    """
    file = settings.config / "alerts.yaml"
    try:
        return parse(Alerts, file.read_text(encoding="utf-8-sig"), str(file))
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "not UTF-8"
        raise ConfigError(f"{file}: cannot be read: {why}") from None


def send_samples(alerts: Alerts, settings: Settings, clock: Clock) -> list[Reached]:
    """Send one sample to each address and each robot and return every result."""
    return [*_mails(alerts, settings, clock), *_chats(alerts, settings, clock)]


def _mails(alerts: Alerts, settings: Settings, clock: Clock) -> Iterator[Reached]:
    addresses = {
        *alerts.supervisors,
        *(address for entry in alerts.recipients for address in entry.to),
    }
    for address in sorted(addresses):
        now = clock.now()
        message = build_mail(
            f"mail:sample:{address}:{now.isoformat()}",
            now,
            {"to": [address], **mail_texts(_SAMPLE)},
            sender=alerts.sender,
            language=settings.language,
            airflow_url=settings.airflow_url,
        )
        try:
            send_mail(load_connection("smtp_default", settings.connections), message)
            yield Reached(address, "邮件已被接受 / taken", None)
        except OrderhubError as error:
            yield Reached(address, "", str(error))


def _chats(alerts: Alerts, settings: Settings, clock: Clock) -> Iterator[Reached]:
    for robot in alerts.robots:
        said = build_chat(chat_texts(_SAMPLE), 0, settings.language, settings.airflow_url)
        name = f"{robot.kind} {robot.id}"
        try:
            answer = say(
                robot.kind, load_connection(robot.connection, settings.connections), said, clock.now()
            )
            yield Reached(name, str(answer["message"]), None)
        except OrderhubError as error:
            yield Reached(name, "", str(error))
