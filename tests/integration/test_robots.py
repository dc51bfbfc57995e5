"""Robots speak over real sockets; the sandbox's chats check key and signature on their own."""

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import uvicorn
from starlette.applications import Starlette

from orderhub.alerts.raising import raise_alerts
from orderhub.clock import FixedClock
from orderhub.config.models import Alerts, Robot
from orderhub.connections import Connection
from orderhub.db.engine import Database
from orderhub.db.leases import hold_scope
from orderhub.db.postgres import free_port
from orderhub.delivery import robots
from orderhub.delivery.dispatch import DeliveryCounts, deliver_pending
from orderhub.delivery.robots import say
from orderhub.delivery.samples import send_samples
from orderhub.errors import ConfigError, TransientError
from orderhub.settings import Settings
from sandbox.robots import Robots, robot_connections
from sandbox.server import UVICORN, HttpServer
from tests.builders import NOON, activate, rows
from tests.integration.test_alerts import ALERT

CHATS = ("dingtalk", "wecom", "feishu")
ROBOTS = """supervisors: [supervisor@example.test]
robots:
  - {id: ops, kind: dingtalk, connection: robot_dingtalk}
  - {id: night, kind: feishu, connection: robot_feishu}
recipients:
  - {robots: [ops]}
  - {robots: [night], severity: [critical]}
"""


class Groups:
    """The sandbox's robots behind a socket, and the connections that reach them."""

    def __init__(self, clock: FixedClock) -> None:
        self.clock = clock
        self.robots = Robots(7, clock.now)
        self.base = ""

    def connection(self, chat: str, **changes: object) -> Connection:
        return Connection.model_validate(robot_connections(7, self.base)[f"robot_{chat}"] | changes)

    def said(self) -> list[tuple[str, str]]:
        return [(one.chat, one.text) for one in self.robots.said]


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOON)


@pytest.fixture
def groups(clock: FixedClock) -> Iterator[Groups]:
    opened, ready = Groups(clock), threading.Event()
    listening = socket.create_server(("127.0.0.1", 0))
    opened.base = f"http://127.0.0.1:{listening.getsockname()[1]}"
    app = Starlette(routes=opened.robots.routes())
    server = HttpServer(uvicorn.Config(app, **UVICORN), ready.set)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([listening])), daemon=True)
    thread.start()
    ready.wait(20)
    yield opened
    server.stop()
    thread.join(20)
    listening.close()


@pytest.fixture
def settings(groups: Groups, tmp_path: Path) -> Settings:
    file = tmp_path / "connections.json"
    file.write_text(json.dumps(robot_connections(7, groups.base)), encoding="utf-8")
    return Settings(home=tmp_path, database_url="postgresql://unused", hash_key="unused", connections=file)


@pytest.mark.parametrize("chat", CHATS)
def test_each_chat_takes_what_its_robot_says(groups: Groups, clock: FixedClock, chat: str):
    said = say(chat, groups.connection(chat), "拉取迟到\nhttp://127.0.0.1:8080", clock.now())

    assert said == {"code": 0, "message": "ok"}
    assert groups.said() == [(chat, "拉取迟到\nhttp://127.0.0.1:8080")]


@pytest.mark.parametrize(("chat", "code"), [("dingtalk", 310000), ("feishu", 19021)])
def test_a_wrong_secret_is_refused_by_the_chat_and_waits(
    groups: Groups, clock: FixedClock, chat: str, code: int
):
    """The negative control of the signatures: the sandbox does check them."""
    wrong = groups.connection(chat, extra={"secret": "SECwrong"})

    with pytest.raises(TransientError, match=f"code {code}"):
        say(chat, wrong, "x", clock.now())

    assert groups.said() == []


@pytest.mark.parametrize("chat", CHATS)
def test_no_error_shows_the_key_or_the_secret(groups: Groups, clock: FixedClock, chat: str):
    unreachable = groups.connection(chat, host=f"http://127.0.0.1:{free_port()}", password="K3Y-SENTINEL")

    with pytest.raises(TransientError) as raised:
        say(chat, unreachable, "x", clock.now())

    assert "K3Y-SENTINEL" not in str(raised.value)
    assert raised.value.__cause__ is None


class Said:
    """An answer of a chat."""

    status_code = 200

    def __init__(self, answer: object) -> None:
        self.answer = answer

    def json(self) -> object:
        return self.answer


@pytest.mark.parametrize("chat", CHATS)
def test_a_key_or_secret_that_a_chat_repeats_is_not_kept(
    groups: Groups, clock: FixedClock, monkeypatch: pytest.MonkeyPatch, chat: str
):
    answer = {"errcode": 300001, "errmsg": "token K3Y-SENTINEL, sign of S3CRET-SENTINEL \x00: not exist"}
    monkeypatch.setattr(robots.requests, "post", lambda *_given, **_named: Said(answer))
    known = groups.connection(chat, password="K3Y-SENTINEL", extra={"secret": "S3CRET-SENTINEL"})

    with pytest.raises(TransientError, match="not exist") as raised:
        say(chat, known, "x", clock.now())

    assert [bad for bad in ("K3Y-SENTINEL", "S3CRET-SENTINEL", "\x00") if bad in str(raised.value)] == []


@pytest.mark.parametrize("answer", [{"errcode": "0"}, {"code": 0, "msg": "ok"}, {"StatusCode": 0}])
def test_a_chat_may_say_yes_in_another_type(
    groups: Groups, clock: FixedClock, monkeypatch: pytest.MonkeyPatch, answer: dict[str, object]
):
    monkeypatch.setattr(robots.requests, "post", lambda *_given, **_named: Said(answer))

    assert say("dingtalk", groups.connection("dingtalk"), "x", clock.now())["code"] == 0


@pytest.mark.parametrize("answer", [[], "ok", {}, {"errcode": None}, {"errcode": False}])
def test_an_answer_that_says_nothing_is_no_yes(
    groups: Groups, clock: FixedClock, monkeypatch: pytest.MonkeyPatch, answer: object
):
    monkeypatch.setattr(robots.requests, "post", lambda *_given, **_named: Said(answer))

    with pytest.raises(TransientError):
        say("dingtalk", groups.connection("dingtalk"), "x", clock.now())


def test_the_key_may_be_given_as_the_whole_address_of_the_webhook(groups: Groups, clock: FixedClock):
    key = groups.robots.key("wecom")
    whole = f"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={key}"

    assert say("wecom", groups.connection("wecom", password=whole), "x", clock.now())["code"] == 0


def test_a_long_text_is_cut_to_what_wecom_takes(groups: Groups, clock: FixedClock):
    say("wecom", groups.connection("wecom"), "挂" * 2000, clock.now())

    [(_, text)] = groups.said()
    assert text.endswith("挂 …")


def test_a_connection_without_a_key_says_what_is_missing(groups: Groups, clock: FixedClock):
    with pytest.raises(ConfigError, match="no password"):
        say("wecom", groups.connection("wecom", password=""), "x", clock.now())


def raise_one(database: Database, clock: FixedClock) -> None:
    with hold_scope(database, "watch") as lease, database.transaction(lease) as connection:
        config = activate(connection, alerts=ROBOTS)
        raise_alerts(connection, clock, config, [ALERT])


def test_a_robot_hears_its_part_through_the_outbox(
    database: Database, clock: FixedClock, groups: Groups, settings: Settings
):
    raise_one(database, clock)

    deliver_pending(database, clock, settings)

    assert groups.said() == [
        ("dingtalk", "[orderhub] 拉取迟到\n拉取迟到(tb/orders)\n店铺 tb 的订单一小时没有读全\n")
    ]
    assert rows(database, "select state from ops.outbox where target = 'robot:ops'") == [("sent",)]


def test_a_busy_robot_is_tried_again_and_says_that_it_may_repeat_itself(
    database: Database, clock: FixedClock, groups: Groups, settings: Settings
):
    raise_one(database, clock)
    groups.robots.busy = 1

    first = deliver_pending(database, clock, settings)
    clock.move(timedelta(minutes=1))
    deliver_pending(database, clock, settings)

    assert first == DeliveryCounts(sent=0, postponed=2, refused=0)
    [(_, text)] = groups.said()
    assert text.startswith("[orderhub] 拉取迟到 (重发,可能与前一条重复)\n")


def test_a_robot_that_left_the_file_ends_its_messages(
    database: Database, clock: FixedClock, groups: Groups, settings: Settings
):
    raise_one(database, clock)
    with hold_scope(database, "watch") as lease, database.transaction(lease) as connection:
        activate(connection)

    deliver_pending(database, clock, settings)

    [(state, error)] = rows(database, "select state, last_error from ops.outbox where target = 'robot:ops'")
    assert (state, groups.said()) == ("failed", [])
    assert "no longer in alerts.yaml" in error


def test_the_payload_of_the_outbox_holds_no_secret(
    database: Database, clock: FixedClock, groups: Groups, settings: Settings
):
    raise_one(database, clock)
    deliver_pending(database, clock, settings)

    [(dump,)] = rows(database, "select string_agg(o::text, ' ') from ops.outbox as o")
    assert [word in dump for word in (groups.robots.key("dingtalk"), groups.robots.secret("dingtalk"))] == [
        False, False,
    ]  # fmt: skip


def test_a_sample_reaches_every_robot_and_each_result_is_said(
    clock: FixedClock, groups: Groups, settings: Settings
):
    alerts = Alerts(
        supervisors=("supervisor@example.test",),
        robots=(
            Robot(id="ops", kind="dingtalk", connection="robot_dingtalk"),
            Robot(id="lost", kind="wecom", connection="robot_unknown"),
        ),
    )

    results = {result.reached: result.error for result in send_samples(alerts, settings, clock)}

    assert results["dingtalk ops"] is None
    assert "connection robot_unknown is not defined" in str(results["wecom lost"])
    assert "connection smtp_default is not defined" in str(results["supervisor@example.test"])
