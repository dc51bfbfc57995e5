from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

import pytest
import requests

from orderhub.clock import FixedClock
from orderhub.connections import Connection
from orderhub.errors import ConfigError, ContractError, CredentialError, ThrottledError, TransientError
from orderhub.platforms.client import Client
from orderhub.platforms.spec import load_platform
from tests.answers import body_of

NOW = datetime(2026, 11, 23, 4, 5, tzinfo=UTC)
SECRETS = ("geheimer-schluessel", "geheime-sitzung")
PLATFORM = load_platform("taobao").spec
LIST = PLATFORM.streams["orders"].list
GOOD = '{"trades_sold_increment_get_response": {"total_results": 3}}'
VALUES = {"start": NOW - timedelta(hours=1), "end": NOW, "page": 1, "size": 40}


def banned(seconds: int) -> str:
    said = f"This ban will last for {seconds} more seconds"
    return f'{{"error_response": {{"code": 7, "msg": "App Call Limited", "sub_code": "x", "sub_msg": "{said}"}}}}'


def refused(code: int, sub_code: str = "") -> str:
    return f'{{"error_response": {{"code": {code}, "msg": "m", "sub_code": "{sub_code}"}}}}'


class Script(requests.adapters.BaseAdapter):
    """Plays the given answers (body, or status and body, or an error) and remembers the forms."""

    def __init__(self, *answers: Any, date: str | None = None) -> None:
        super().__init__()
        self.answers = list(answers)
        self.date = date
        self.forms: list[dict[str, str]] = []

    def send(self, request: Any, *_: Any, **__: Any) -> requests.Response:
        self.forms.append(dict(parse_qsl(request.body.decode())))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        response = requests.Response()
        response.status_code, body = answer if isinstance(answer, tuple) else (200, answer)
        response.raw = body_of(body.encode())
        if self.date:
            response.headers["Date"] = self.date
        return response

    def close(self) -> None:
        """Nothing is open."""


class Caller:
    """A client whose platform plays a script; it never sleeps."""

    def __init__(self, *answers: Any, date: str | None = None, extra: dict[str, str] | None = None) -> None:
        connection = Connection(
            host="http://platform/rest", login="12345", password=SECRETS[0],
            extra={"session": SECRETS[1]} if extra is None else extra,
        )  # fmt: skip
        self.waited: list[float] = []
        assert PLATFORM.api is not None
        self.client = Client(PLATFORM.api, connection, FixedClock(NOW), wait=self.waited.append)
        self.script = Script(*answers, date=date)
        self.client._session.mount("http://", self.script)

    def call(self) -> Any:
        return self.client.call(LIST, VALUES, LIST.count_parameters)


def test_answer_is_what_stands_at_the_root():
    assert Caller(GOOD).call() == {"total_results": 3}


def test_request_carries_filled_and_signed_parameters_in_beijing_time():
    caller = Caller(GOOD)

    caller.call()

    form = caller.script.forms[0]
    assert (form["start_modified"], form["end_modified"]) == ("2026-11-23 11:05:00", "2026-11-23 12:05:00")
    assert (form["timestamp"], form["page_no"], form["use_has_next"]) == ("2026-11-23 12:05:00", "1", "false")
    assert len(form["sign"]) == 32


def test_short_ban_is_waited_for_as_long_as_it_says():
    caller = Caller(banned(2), GOOD)

    assert caller.call() == {"total_results": 3}
    assert caller.waited == [2.1]


def test_long_ban_is_not_waited_for():
    caller = Caller(banned(3600))

    with pytest.raises(ThrottledError) as caught:
        caller.call()

    assert (caught.value.wait_seconds, caller.waited, len(caller.script.forms)) == (3600.0, [], 1)


def test_http_429_names_its_wait():
    with pytest.raises(ThrottledError) as caught:
        Caller((429, "")).call()

    assert caught.value.wait_seconds == 5.0


@pytest.mark.parametrize(
    "answer, error, said",
    [
        ((503, "<html>busy</html>"), TransientError, "HTTP 503"),
        ((302, ""), TransientError, "HTTP 302"),
        (requests.ConnectionError("geheimer-schluessel"), TransientError, "ConnectionError at http://platform/rest"),
        (refused(15, "isp.top-remote-connection-timeout"), TransientError, "isp.top-remote-connection-timeout"),
        ("<html>login</html>", ContractError, "an HTML page"),
        ("[]", ContractError, "the answer is a list, expected an object"),
        ('{"other": {}}', ContractError, "has no trades_sold_increment_get_response; it has other"),
        (refused(999), ContractError, "a code that platform.yaml does not know"),
    ],
)  # fmt: skip
def test_passing_trouble_is_tried_four_times_then_said(answer: Any, error: type[Exception], said: str):
    caller = Caller(answer)

    with pytest.raises(error) as caught:
        caller.call()

    assert said in str(caught.value)
    assert (len(caller.script.forms), len(caller.waited)) == (4, 3)


def test_trouble_that_passes_is_not_seen():
    caller = Caller((503, ""), requests.Timeout(), "<html>", GOOD)

    assert caller.call() == {"total_results": 3}


@pytest.mark.parametrize(
    "answer, error",
    [(refused(27), CredentialError), (refused(25), CredentialError), (refused(41), ConfigError)],
)
def test_what_only_a_person_can_mend_is_asked_once(answer: str, error: type[Exception]):
    caller = Caller(answer)

    with pytest.raises(error):
        caller.call()

    assert len(caller.script.forms) == 1


def test_missing_token_names_the_field():
    with pytest.raises(CredentialError, match=r"^the connection has no extra\.session"):
        Caller(GOOD, extra={}).call()


@pytest.mark.parametrize(
    "answer", [(503, ""), "<html>", refused(27), refused(41), refused(999), banned(99), "[]"]
)
def test_secrets_never_stand_in_messages(answer: Any):
    with pytest.raises(Exception, match="taobao") as caught:
        Caller(answer).call()

    assert [secret for secret in SECRETS if secret in str(caught.value)] == []


@pytest.mark.parametrize(
    "date, skew",
    [
        ("Mon, 23 Nov 2026 05:05:00 GMT", timedelta(hours=1)),
        ("Mon, 23 Nov 2026 04:04:00 GMT", timedelta(minutes=-1)),
        ("Mon, 23 Nov 2026 04:05:05 GMT", timedelta()),
        ("yesterday", timedelta()),
        (None, timedelta()),
    ],
)
def test_platform_time_follows_its_answers(date: str | None, skew: timedelta):
    caller = Caller(GOOD, date=date)

    caller.call()

    assert caller.client.platform_now() == NOW + skew


def test_platform_time_is_the_earliest_that_it_told_and_requests_bear_the_latest():
    caller = Caller(GOOD, date="Mon, 23 Nov 2026 04:05:00 GMT")
    caller.call()
    caller.script.date = "Mon, 23 Nov 2026 05:05:00 GMT"
    caller.call()
    caller.call()

    assert caller.client.platform_now() == NOW
    assert "2026-11-23 13:05:00" == caller.script.forms[-1]["timestamp"]
