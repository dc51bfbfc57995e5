"""Who hears of what."""

from datetime import UTC, datetime

import pytest

from orderhub.alerts.audience import Audience, audiences
from orderhub.alerts.quiet import is_quiet
from orderhub.config.models import Alerts
from orderhub.config.parse import parse_config
from orderhub.errors import ConfigError
from tests.builders import FILES, shops_file

CRITICAL_TB = ("critical", "tb", None)
WARNING_HANGZHOU = ("warning", None, "hangzhou")


def alerts(**values: object) -> Alerts:
    return Alerts.model_validate({"supervisors": ["boss@example.test"], **values})


def test_an_old_file_tells_supervisors_everything() -> None:
    heard = list(audiences(alerts(), [CRITICAL_TB, WARNING_HANGZHOU]))

    assert heard == [Audience((0, 1), to=("boss@example.test",))]


def test_recipients_hear_their_shop_warehouse_and_severity_only() -> None:
    recipients = [
        {"to": ["tb@example.test"], "shop": ["tb"]},
        {"to": ["hz@example.test"], "warehouse": ["hangzhou"]},
        {"to": ["night@example.test"], "severity": ["critical"]},
        {"to": ["nobody@example.test"], "severity": ["critical"], "warehouse": ["hangzhou"]},
    ]

    heard = list(audiences(alerts(recipients=recipients), [CRITICAL_TB, WARNING_HANGZHOU]))

    assert heard == [
        Audience((0, 1), to=("boss@example.test",)),
        Audience((0,), to=("night@example.test", "tb@example.test")),
        Audience((1,), to=("hz@example.test",)),
    ]


def test_an_address_named_twice_gets_one_mail() -> None:
    recipients = [{"to": ["boss@example.test"], "shop": ["tb"]}]

    heard = list(audiences(alerts(recipients=recipients), [CRITICAL_TB]))

    assert heard == [Audience((0,), to=("boss@example.test",))]


def test_supervisors_may_get_only_what_nobody_else_takes() -> None:
    recipients = [{"to": ["tb@example.test"], "shop": ["tb"]}]
    wanted = alerts(recipients=recipients, supervisors_get="the_rest")

    heard = list(audiences(wanted, [CRITICAL_TB, WARNING_HANGZHOU]))

    assert heard == [
        Audience((0,), to=("tb@example.test",)),
        Audience((1,), to=("boss@example.test",)),
    ]


def test_a_robot_has_a_message_of_its_own() -> None:
    robots = [{"id": "ops", "kind": "wecom", "connection": "robot_ops"}]

    heard = list(audiences(alerts(robots=robots, recipients=[{"robots": ["ops"]}]), [CRITICAL_TB]))

    assert heard == [Audience((0,), to=("boss@example.test",)), Audience((0,), robot="ops")]


@pytest.mark.parametrize(
    ("utc_hour", "expected"), [(13, False), (14, True), (20, True), (23, True), (0, False), (4, False)]
)
def test_quiet_hours_run_over_midnight_in_beijing(utc_hour: int, *, expected: bool) -> None:
    quiet = alerts(quiet_hours={"start": "22:00", "end": "08:00"})

    assert is_quiet(quiet, datetime(2026, 3, 2, utc_hour, 0, tzinfo=UTC)) is expected


def test_without_quiet_hours_it_is_never_quiet() -> None:
    assert not is_quiet(alerts(), datetime(2026, 3, 2, 20, 0, tzinfo=UTC))


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("supervisors: []\n", "alerts.yaml:1: supervisors"),
        ("supervisors: [a@b.c]\nrecipients:\n  - {severity: [info]}\n", "must name a mail address"),
        ("supervisors: [a@b.c]\nrecipients:\n  - {to: [a@b.c], shop: [tbb]}\n", "alerts.yaml:3: shop 'tbb'"),
        ("supervisors: [a@b.c]\nrecipients:\n  - {to: [a@b.c], warehouse: [hz]}\n", "warehouse 'hz'"),
        ("supervisors: [a@b.c]\nrecipients:\n  - {robots: [ops]}\n", "name robot 'ops'"),
        ("supervisors: [a@b.c]\nquiet_hours: {start: 22, end: '08:00'}\n", "must be a time of day"),
    ],
)
def test_a_file_that_would_tell_nobody_is_refused(said: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message.replace("[", r"\[")):
        parse_config({**FILES, "shops.yaml": shops_file(), "alerts.yaml": said})
