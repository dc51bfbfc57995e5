"""The access token of a connection: found, renewed once for everybody, and used by all.

How a platform is asked to renew is the client's part; how tokens are kept is token_store.py's.
"""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import structlog

from orderhub.clock import Clock
from orderhub.connections import Connection
from orderhub.errors import CredentialError, LeaseTaken, RetryError, TransientError
from orderhub.platforms.protocol import Auth
from orderhub.platforms.token_store import Granted, Stored, Token, TokenStore

#: While somebody else renews, we look this often, and so many times at most.
_LOOK_SECONDS = 0.2
_LOOKS = 150
#: A platform that gives the same token back, or fails, is not asked again sooner to renew a good token.
_AGAIN_AFTER = timedelta(minutes=1)
_AUTHORIZE = (
    "authorize the shop again and put its new tokens into the connection "
    "(docs/how-to/authorize-a-shop-again.md)"
)

log = structlog.get_logger(__name__)


class Tokens:
    """What one client knows of its access token; safe to use from several threads.

    Args:
        auth: how tokens are renewed; None: the connection's token is all there is.
        connection: holds the first tokens.
        store: keeps renewed ones; None: nothing is renewed.
        ask: asks the platform with a refresh token (empty for client_credentials).
        clock: says which token is nearly over.
        wait: sleeps while another process renews.
    """

    def __init__(
        self,
        auth: Auth | None,
        connection: Connection,
        store: TokenStore | None,
        ask: Callable[[str], Granted],
        clock: Clock,
        wait: Callable[[float], Any],
    ) -> None:
        self._auth = auth
        self._first = Token(str(connection.extra.get("access_token", "")))
        self._first_refresh = str(connection.extra.get("refresh_token", ""))
        self._store = store
        self._ask = ask
        self._clock = clock
        self._wait = wait
        self._guard = threading.Lock()
        self._token = Token("")
        self._again_at = clock.now()
        self._given_up: tuple[int, str] | None = None

    def current(self) -> Token:
        """Return the token to use now; one that is nearly over is renewed first.

        Raises:
            CredentialError: there is none, and none can be had.
            RetryError: the platform could not be asked, and there is no token that still lasts.
        """
        with self._guard:
            if not self._token.value or self._is_due(self._token):
                self._token = self._found_or_renewed()
            return self._token

    def after_refusal(self, refused: Token) -> Token:
        """Return the token that follows one that the platform refused; it is renewed at most once.

        Raises:
            CredentialError: it cannot be renewed; a person must act.
            RetryError: the platform could not be asked.
        """
        with self._guard:
            if self._token.generation > refused.generation:
                return self._token  # Another thread was quicker.
            if self._given_up is not None and self._given_up[0] == refused.generation:
                raise CredentialError(self._given_up[1])
            try:
                self._token = self._renewed(refused)
            except CredentialError as error:
                self._given_up = (refused.generation, str(error))
                raise
            return self._token

    def _found_or_renewed(self) -> Token:
        found = self._found()
        if found.value and not self._is_due(found):
            return found
        try:
            return self._renewed(found)
        except (CredentialError, RetryError) as error:
            if not found.value or self._is_over(found):
                raise
            log.warning("access token not renewed early", reason=str(error), ends_at=str(found.ends_at))
            self._again_at = self._clock.now() + _AGAIN_AFTER
            return found

    def _found(self) -> Token:
        """Return the stored token, else the connection's own."""
        if self._auth is None or self._store is None:
            return self._first
        stored = self._store.read().token
        return stored if stored.value else self._first

    def _is_due(self, token: Token) -> bool:
        if self._auth is None or self._store is None or token.ends_at is None:
            return False
        now = self._clock.now()
        if self._is_over(token):
            return True
        was_asked = token.asked_at is not None and now < token.asked_at + _AGAIN_AFTER
        is_ending = now >= token.ends_at - timedelta(seconds=self._auth.renew_before_seconds)
        return is_ending and not was_asked and now >= self._again_at

    def _is_over(self, token: Token) -> bool:
        return token.ends_at is not None and self._clock.now() >= token.ends_at

    def _renewed(self, known: Token) -> Token:
        """Renew, or take what somebody else renewed since `known`."""
        if self._auth is None or self._store is None:
            reason = "the access token is over, or was taken back" if known.value else "no extra.access_token"
            raise CredentialError(f"{reason}; {_AUTHORIZE}")
        for _ in range(_LOOKS):
            try:
                return self._renew_alone(self._auth, self._store, known)
            except LeaseTaken:
                self._wait(_LOOK_SECONDS)
        raise TransientError(
            f"connection {self._store.account.connection_id}: somebody else has been renewing its access "
            f"token for {_LOOKS * _LOOK_SECONDS:.0f} s"
        )

    def _renew_alone(self, auth: Auth, store: TokenStore, known: Token) -> Token:
        with store.only_renewer() as lease:
            stored = store.read()
            if stored.token.value and stored.token.generation > known.generation:
                return stored.token
            refresh_token = stored.refresh_token or self._first_refresh
            if auth.grant == "refresh_token" and not refresh_token:
                raise CredentialError(f"there is no refresh token; {_AUTHORIZE}")
            store.note_asked(lease)
            try:
                granted = self._ask(refresh_token)
            except CredentialError as error:
                raise CredentialError(_explained(store, stored, error)) from None
            token = store.rotate(lease, granted, refresh_token)
        log.info(
            "access token renewed", connection_id=store.account.connection_id,
            generation=token.generation, ends_at=str(token.ends_at),
        )  # fmt: skip
        return token


def _explained(store: TokenStore, stored: Stored, error: CredentialError) -> str:
    name = store.account.connection_id
    if stored.is_unanswered:
        return (
            f"connection {name}: the renewal asked for at {stored.token.asked_at:%Y-%m-%d %H:%M} UTC was not "
            f"stored, and the platform now refuses the refresh token before it ({error}); {_AUTHORIZE}"
        )
    return f"connection {name}: the platform renews no access token ({error}); {_AUTHORIZE}"
