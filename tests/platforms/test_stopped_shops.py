"""A shop whose account is refused stops alone, is mailed once, and goes on without a gap once it is mended."""

from collections.abc import Callable
from contextlib import closing, suppress
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from orderhub.db.engine import Database
from orderhub.errors import CredentialError, ThrottledError
from orderhub.platforms.extract import pull_shop
from orderhub.platforms.fetching import PullCounts
from orderhub.platforms.pull import pull as pull_entrance
from orderhub.platforms.spec import load_platform, platform_names
from orderhub.platforms.stopped import noting_stops
from orderhub.settings import Settings
from sandbox.dialects import DIALECTS
from tests.builders import rows
from tests.platforms.shop_in_a_box import DETAIL, LIST, STARTED_AT, TOKEN_KEY, ShopInABox

#: A platform that somebody added a minute ago has no gateway in the sandbox yet.
PULLED = [name for name in platform_names() if name in DIALECTS]
RENEWED = [
    name for name in PULLED if (api := load_platform(name).spec.api) is not None and api.auth is not None
]
MAILS = "select count(*) from ops.outbox where outbox_id like 'mail:alert:stopped_shop:%'"
WAITING = "select shop_id, reason from ops.waiting_shops"
WINDOWS = "select start_at, end_at, state from ops.pull_windows where stream = 'orders' order by start_at"
PROBE = {"start": STARTED_AT - timedelta(hours=1), "end": STARTED_AT, "page": 1, "size": 40}
QUARTER = timedelta(minutes=15)

Box = Callable[..., ShopInABox]


@pytest.fixture
def box_of(database: Database) -> Box:
    return lambda platform, orders=240: ShopInABox(database, platform=platform, orders=orders)


def pull(box: ShopInABox) -> PullCounts:
    """Pull as the task does."""
    client, shop = box.client(), box.config.shop(box.shop_id)
    with closing(client), noting_stops(box.database, box.clock, box.config, shop, client):
        return pull_shop(box.database, box.clock, box.platform, shop, client, box.config, TOKEN_KEY)


def refused(box: ShopInABox) -> str:
    """Pull, and return why the platform refuses."""
    with pytest.raises(CredentialError) as caught:
        pull(box)
    return str(caught.value)


def pull_all(box: ShopInABox) -> None:
    """Pull until nothing is left; long catch-ups take several pulls."""
    while pull(box).windows_left:
        box.pass_time(QUARTER)


@pytest.mark.parametrize("platform", RENEWED)
def test_token_that_ends_while_pages_are_read_is_renewed_and_all_windows_are_covered(
    box_of: Box, platform: str
):
    box = box_of(platform)
    box.gateway.faults.replace([{"kind": "expire_token", "nth": 5}])

    pull_all(box)

    assert box.gateway.errors.total() == 1
    assert {state for _, _, state in rows(box.database, WINDOWS)} == {"covered"}
    begins_without = "access_token" not in box.connection().extra
    assert rows(box.database, "select generation from ops.tokens") == [(1 + begins_without,)]


@pytest.mark.parametrize("platform", PULLED)
def test_refused_shop_asks_little_is_mailed_once_and_goes_on_without_a_gap(box_of: Box, platform: str):
    box = box_of(platform)
    pull_all(box)
    box.gateway.tokens.revoke(box.shop_id)
    asked = []
    for _ in range(4):
        box.pass_time(QUARTER)
        before = box.gateway.calls.total()
        refused(box)
        asked.append(box.gateway.calls.total() - before)

    assert max(asked) <= 3
    assert rows(box.database, MAILS) == [(1,)]
    assert [shop for shop, _ in rows(box.database, WAITING)] == [box.shop_id]
    box.pass_time(timedelta(hours=26))
    box.gateway.expire(box.shop_id, None)
    pull_all(box)
    windows = rows(box.database, WINDOWS)
    assert {state for _, _, state in windows} == {"covered"}
    assert [(one, other) for one, other in pairwise(windows) if other[0] > one[1]] == []
    assert windows[-1][1] > box.platform_clock.now() - timedelta(minutes=30)
    assert rows(box.database, WAITING) == []


def test_others_go_on(box_of: Box):
    stopped, other = box_of("taobao"), box_of("pinduoduo")
    stopped.gateway.tokens.revoke(stopped.shop_id)

    refused(stopped)
    counts = pull(other)

    assert (counts.windows_left, counts.staged > 0) == (0, True)
    assert [shop for shop, _ in rows(stopped.database, WAITING)] == [stopped.shop_id]


def test_what_to_do_is_in_the_mail_and_in_the_view(box_of: Box):
    box = box_of("taobao")
    box.gateway.tokens.revoke(box.shop_id)

    said = refused(box)

    assert rows(box.database, WAITING) == [(box.shop_id, said)]
    ((payload,),) = rows(
        box.database, "select payload from ops.outbox where outbox_id like 'mail:alert:stopped_shop:%'"
    )
    assert payload["to"] == ["supervisor@example.test"]
    assert said in payload["text"]
    assert said in payload["en"]["text"]


def test_shop_that_goes_on_and_stops_again_is_mailed_again(box_of: Box):
    box = box_of("taobao")
    for _ in range(2):
        box.gateway.tokens.revoke(box.shop_id)
        refused(box)
        box.gateway.expire(box.shop_id, None)
        pull(box)
        box.pass_time(timedelta(days=1))

    assert rows(box.database, MAILS) == [(2,)]


def test_ban_is_no_proof_that_a_refused_shop_is_mended(box_of: Box):
    box = box_of("taobao")
    box.gateway.tokens.revoke(box.shop_id)
    refused(box)
    box.gateway.expire(box.shop_id, None)
    box.gateway.faults.replace([{"kind": "throttle", "seconds": 600, "times": 0}])

    pull(box)
    pull(box)

    assert [shop for shop, _ in rows(box.database, WAITING)] == [box.shop_id]


@pytest.fixture
def entrance(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[ShopInABox], dict[str, Any]]:
    """The entrance of tasks and command line; only the way to the platform is the test's."""
    monkeypatch.setenv("AIRFLOW_CONN_X", "{}")
    settings = Settings(home=tmp_path, database_url=SecretStr("x"), hash_key=TOKEN_KEY)

    def enter(box: ShopInABox) -> dict[str, Any]:
        monkeypatch.setattr("orderhub.platforms.client.shop_client", lambda *_: box.client())
        name = box.platform.spec.name
        return pull_entrance(box.database, box.clock, settings, box.config, name, box.shop_id)

    return enter


def test_what_came_in_before_the_refusal_is_told_to_transform(box_of: Box, entrance):
    box = box_of("taobao")
    box.gateway.faults.replace([{"kind": "expire_token", "method": DETAIL, "nth": 20}])

    counts = entrance(box)

    assert "code 27" in counts["stopped"]
    assert [shop for shop, _ in rows(box.database, WAITING)] == [box.shop_id]


def test_refusal_before_anything_came_in_is_an_error(box_of: Box, entrance):
    box = box_of("taobao")
    box.gateway.tokens.revoke(box.shop_id)

    with pytest.raises(CredentialError):
        entrance(box)


def test_mended_shop_is_pulled_by_the_entrance(box_of: Box, entrance):
    box = box_of("taobao")
    box.gateway.tokens.revoke(box.shop_id)
    refused(box)
    box.gateway.expire(box.shop_id, None)

    assert entrance(box)["windows_left"] == 0
    assert rows(box.database, WAITING) == []


@pytest.mark.parametrize("platform", PULLED)
def test_no_token_reaches_a_table_a_mail_a_message_or_a_log(
    box_of: Box, platform: str, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
):
    caplog.set_level("DEBUG")
    box = box_of(platform)
    box.gateway.faults.replace([{"kind": "expire_token", "nth": 5}])
    said = []
    with suppress(CredentialError):
        pull_all(box)
    box.gateway.tokens.revoke(box.shop_id)
    said.append(refused(box))
    tables = rows(
        box.database, "select format('%I.%I', schemaname, tablename) from pg_tables where schemaname = 'ops'"
    )
    said += [str(rows(box.database, f"select t::text from {name} as t")) for (name,) in tables]
    captured = capsys.readouterr()
    said += [captured.out, captured.err, caplog.text]

    given = box.connection()
    secrets = {given.password.get_secret_value(), *box.gateway.tokens.shops}
    secrets |= {str(value) for name, value in given.extra.items() if name.endswith(("token", "session"))}
    assert [secret for secret in secrets if secret and secret in "".join(said)] == []


def test_two_processes_do_not_ask_while_the_platform_bans_them(box_of: Box):
    """Two shops of one application: the second hears of the first one's ban from the database."""
    first, second = box_of("taobao"), box_of("taobao")
    second.gateway, second.world = first.gateway, first.world
    first.gateway.faults.replace([{"kind": "throttle", "method": LIST, "seconds": 600}])

    assert pull(first).waits_until is not None
    asked = first.gateway.calls[LIST]
    with closing(second.client()) as client, pytest.raises(ThrottledError):
        client.call(second.platform.spec.streams["orders"].list, PROBE)

    assert (first.gateway.calls[LIST], first.gateway.faults.calls_while_banned) == (asked, 0)
