"""Access tokens: renewed in time, once for everybody, kept encrypted, and never said aloud."""

import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
import structlog
from cryptography.fernet import Fernet
from pydantic import SecretStr

from orderhub.clock import FixedClock
from orderhub.db.engine import Database
from orderhub.errors import ConfigError, CredentialError, OrderhubError, TransientError
from orderhub.platforms import token_store
from orderhub.platforms.client import Client
from orderhub.platforms.token_store import TokenStore
from tests.builders import rows
from tests.platforms.token_platform import LIST, TokenPlatform, api_of, connection, opened

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
STORED = "select generation, expires_at, rotated_at from ops.tokens"


@pytest.fixture
def client_of(database: Database) -> Iterator[Callable[..., Client]]:
    with opened() as make:
        yield partial(make, database)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def platform(clock: FixedClock) -> TokenPlatform:
    return TokenPlatform(clock)


def pull(client: Client) -> Any:
    return client.call(LIST, {})


def pull_together(*clients: Client) -> list[Any]:
    """Call with all clients at once; a failure is returned."""

    def attempt(client: Client) -> Any:
        try:
            return pull(client)
        except OrderhubError as error:
            return error

    with ThreadPoolExecutor(len(clients)) as pool:
        return list(pool.map(attempt, clients))


def look_again(seconds: float) -> None:
    """Wait as a process does whose neighbor renews."""
    threading.Event().wait(seconds)


def meet(platform: TokenPlatform) -> None:
    """Keep a renewal open until a second one arrives, or until it is clear that none does."""
    meeting = threading.Barrier(2)

    def wait_for_the_other() -> None:
        try:
            meeting.wait(0.7)
        except threading.BrokenBarrierError:
            return

    platform.while_renewing = wait_for_the_other


def test_token_that_is_over_is_renewed_once_and_the_call_made_again(database, client_of, platform):
    platform.expire()

    pull(client_of(platform))

    assert (platform.renewals, platform.refused, platform.answered) == (1, 1, 1)
    assert rows(database, STORED) == [(1, NOW + timedelta(hours=2), NOW)]


def test_stored_token_wins_over_the_connections(client_of, platform):
    platform.expire()
    pull(client_of(platform))

    pull(client_of(platform))

    assert (platform.renewals, platform.refused) == (1, 1)


def test_authorizing_again_puts_the_connection_first(client_of, platform):
    platform.expire()
    pull(client_of(platform))
    platform.number, platform.ends_at = 7, None
    again = connection(extra={"access_token": "access-7", "refresh_token": "refresh-7"})

    pull(client_of(platform, given=again))
    platform.expire()
    pull(client_of(platform, given=again))

    assert (platform.renewals, platform.number) == (2, 8)


def test_an_extra_that_is_no_token_changes_nothing(client_of, platform):
    platform.expire()
    pull(client_of(platform))
    extra = {"access_token": "access-0", "refresh_token": "refresh-0", "auth_host": "http://platform"}

    pull(client_of(platform, given=connection(extra=extra)))

    assert (platform.renewals, platform.refused) == (1, 1)


def test_token_is_renewed_before_its_end_without_a_refused_call(client_of, clock, platform):
    platform.expire()
    client = client_of(platform)
    pull(client)
    clock.move(timedelta(minutes=111))

    pull(client)
    pull(client)

    assert (platform.renewals, platform.refused) == (2, 1)


def test_renewing_early_may_fail_as_long_as_the_token_lasts(client_of, clock, platform):
    platform.expire()
    client = client_of(platform)
    pull(client)
    clock.move(timedelta(minutes=111))
    platform.refuses = 403

    pull(client)
    pull(client)

    assert (platform.renewals, platform.answered) == (2, 3)


def test_platform_that_gives_the_same_token_back_is_not_asked_at_every_call(client_of, clock, platform):
    platform.lasts = timedelta(minutes=5)
    platform.expire()
    client = client_of(platform)

    for _ in range(5):
        pull(client)

    assert (platform.renewals, platform.answered) == (1, 5)


def test_threads_of_one_client_renew_once(client_of, platform):
    platform.expire()
    client = client_of(platform, wait=look_again)

    pull_together(*[client] * 4)

    assert (platform.renewals, platform.answered) == (1, 4)


def test_two_processes_renew_once(client_of, platform):
    platform.expire()
    meet(platform)

    pull_together(*(client_of(platform, wait=look_again) for _ in range(2)))

    assert (platform.renewals, platform.answered) == (1, 2)


def test_without_the_lock_both_would_renew_and_one_would_be_refused(
    client_of, platform, monkeypatch: pytest.MonkeyPatch
):
    class NoFence:
        def fence(self, _: Any) -> None:
            """Anybody may write."""

    @contextmanager
    def no_lock(_: Database, __: str) -> Iterator[Any]:
        yield NoFence()

    monkeypatch.setattr(token_store, "hold_scope", no_lock)
    platform.expire()
    meet(platform)

    ends = pull_together(*(client_of(platform, wait=look_again) for _ in range(2)))

    assert platform.renewals == 2
    assert [type(end) for end in ends].count(CredentialError) == 1


def test_renewer_that_never_ends_is_waited_for_a_while_only(database, client_of, platform):
    waited: list[float] = []
    platform.expire()
    client = client_of(platform, wait=waited.append)

    with (
        token_store.hold_scope(database, "token:toy:toy_connection"),
        pytest.raises(TransientError, match="30 s"),
    ):
        client._tokens.after_refusal(client._tokens.current())

    assert sum(waited) == pytest.approx(30)


def test_token_refused_although_it_is_new_stops_the_shop(client_of, platform):
    platform.lasts = timedelta()

    platform.expire()
    with pytest.raises(CredentialError, match="the access token is over"):
        pull(client_of(platform))

    assert (platform.renewals, platform.refused) == (1, 2)


def test_refused_renewal_is_not_repeated_by_the_other_threads(client_of, platform):
    platform.expire()
    platform.refuses = 403
    client = client_of(platform, wait=look_again)

    ends = pull_together(*[client] * 4)

    assert [type(end) for end in ends] == [CredentialError] * 4
    assert platform.renewals == 1
    assert "authorize the shop again" in str(ends[0])


def test_connection_without_refresh_token_says_what_to_do(client_of, platform):
    platform.expire()

    with pytest.raises(CredentialError, match="there is no refresh token; authorize the shop again"):
        pull(client_of(platform, given=connection(extra={"access_token": "access-0"})))


def test_first_access_token_may_be_had_by_the_refresh_token_alone(client_of, platform):
    pull(client_of(platform, given=connection(extra={"refresh_token": "refresh-0"})))

    assert (platform.renewals, platform.refused) == (1, 0)


def test_client_credentials_need_no_token_to_begin_with(client_of, platform):
    protocol = api_of(grant="client_credentials")

    pull(client_of(platform, protocol, connection(extra={})))
    pull(client_of(platform, protocol, connection(extra={})))

    assert (platform.renewals, platform.refused, platform.answered) == (1, 0, 2)


def killed_before_the_new_pair_is_stored(client_of, platform, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    rotate = TokenStore.rotate
    monkeypatch.setattr(TokenStore, "rotate", killed)
    with pytest.raises(KeyboardInterrupt):
        pull(client_of(platform))
    monkeypatch.setattr(TokenStore, "rotate", rotate)


def test_kill_after_the_answer_heals_where_the_old_refresh_token_stays_good(client_of, platform, monkeypatch):
    platform.keeps_refresh = True
    platform.expire()
    killed_before_the_new_pair_is_stored(client_of, platform, monkeypatch)

    pull(client_of(platform))

    assert (platform.renewals, platform.answered) == (2, 1)


def test_kill_after_the_answer_is_told_plainly_where_the_old_refresh_token_is_gone(
    client_of, platform, monkeypatch
):
    platform.expire()
    killed_before_the_new_pair_is_stored(client_of, platform, monkeypatch)

    with pytest.raises(CredentialError, match="asked for at 2026-11-23 04:00 UTC was not stored"):
        pull(client_of(platform))


@pytest.mark.parametrize("said", [7200, "7200", int(NOW.timestamp()) + 7200])
def test_end_of_a_token_is_read_as_seconds_or_as_an_instant(database, client_of, platform, said: Any):
    platform.says_end = said
    platform.expire()

    pull(client_of(platform))

    assert rows(database, "select expires_at from ops.tokens") == [(NOW + timedelta(hours=2),)]


def test_token_whose_end_is_unreadable_is_kept_all_the_same(database, client_of, platform):
    platform.says_end = "?"
    platform.expire()

    pull(client_of(platform))

    assert rows(database, "select expires_at from ops.tokens") == [(None,)]


def test_without_a_key_the_platform_is_not_even_asked(client_of, platform):
    platform.expire()

    with pytest.raises(ConfigError, match="ORDERHUB_TOKEN_KEY is not set"):
        pull(client_of(platform, key=None))

    assert platform.renewals == 0


def test_key_of_another_home_is_named(client_of, platform):
    platform.expire()
    pull(client_of(platform))

    with pytest.raises(ConfigError, match="encrypted with another ORDERHUB_TOKEN_KEY"):
        pull(client_of(platform, key=SecretStr(Fernet.generate_key().decode())))


def test_key_that_is_none_is_refused(client_of, platform):
    platform.expire()

    with pytest.raises(ConfigError, match="is not a Fernet key"):
        pull(client_of(platform, key=SecretStr("short")))


def test_tokens_are_asked_for_where_the_connection_says(client_of, platform):
    auth = api_of().auth
    assert auth is not None
    protocol = api_of(auth=auth.model_copy(update={"endpoint": "https://oauth.real.example"}))
    extra = {"access_token": "access-0", "refresh_token": "refresh-0", "auth_host": "http://oauth.platform"}
    platform.expire()

    pull(client_of(platform, protocol, connection(extra=extra)))
    pull(client_of(platform, protocol, connection(host="", extra=extra)))

    assert platform.hosts == ["platform", "oauth.platform", "platform", "real.example"]


def test_account_of_a_sandbox_is_never_sent_to_the_real_platform(client_of, platform):
    auth = api_of().auth
    assert auth is not None
    protocol = api_of(auth=auth.model_copy(update={"endpoint": "https://oauth.real.example"}))
    platform.expire()

    with pytest.raises(ConfigError, match=r"add extra\.auth_host"):
        pull(client_of(platform, protocol))

    assert platform.hosts == ["platform"]


def test_no_token_is_in_the_database_in_clear(database, client_of, platform):
    platform.expire()
    pull(client_of(platform))

    stored = str(rows(database, "select t::text from ops.tokens as t"))

    assert [name for name in ("access-", "refresh-") if name in stored] == []


def test_no_token_is_said_aloud(client_of, platform, monkeypatch, caplog: pytest.LogCaptureFixture):
    platform.expire()
    said: list[str] = []
    with structlog.testing.capture_logs() as lines:
        client = client_of(platform)
        pull(client)
        said += [repr(client._tokens.current()), repr(connection()), repr(client._tokens)]
        platform.expire()
        platform.refuses = 403
        with pytest.raises(CredentialError) as caught:
            pull(client)
    said += [str(lines), str(caught.value), repr(caught.value), caplog.text]

    assert [mark for mark in ("access-", "refresh-", "secret'") if mark in "".join(said)] == []


def test_token_that_the_platform_repeats_is_not_said_on(client_of, platform):
    long_ones = {"access_token": "geheim-zugang-0815", "refresh_token": "geheim-erneuert-0815"}
    platform.said = "no such token geheim-zugang-0815, nor " + "geheim-zugang-0815" * 20
    client = client_of(platform, api_of(auth=None), connection(extra=long_ones))

    with pytest.raises(CredentialError) as caught:
        pull(client)

    assert "no such token …" in str(caught.value)
    assert "zugang" not in str(caught.value)


def test_addresses_with_tokens_are_not_logged_at_any_level(client_of, platform):
    client_of(platform)

    assert not logging.getLogger("urllib3.connectionpool").isEnabledFor(logging.DEBUG)


@pytest.mark.parametrize(
    "status, error", [(400, CredentialError), (401, CredentialError), (503, TransientError)]
)
def test_server_of_tokens_may_refuse_by_a_bare_status(
    client_of, platform, status: int, error: type[Exception]
):
    platform.renewal_status = status
    platform.expire()

    with pytest.raises(error, match=f"HTTP {status}"):
        pull(client_of(platform))
