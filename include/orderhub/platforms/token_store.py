"""Keeps the renewed tokens of a connection, encrypted with a key that is not in the database."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from pydantic import SecretStr
from sqlalchemy import text

from orderhub.clock import Clock
from orderhub.connections import Connection
from orderhub.db.engine import Database
from orderhub.db.leases import Lease, hold_scope
from orderhub.errors import ConfigError
from orderhub.platforms.protocol import Api

_READ = text("""
    select generation, access_token, refresh_token, expires_at, asked_at, rotated_at from ops.tokens
    where platform = :platform and connection_id = :connection and fingerprint = :fingerprint""")
_ASKED = text("""
    insert into ops.tokens as t (platform, connection_id, shop_id, fingerprint, asked_at)
    values (:platform, :connection, :shop, :fingerprint, :now)
    on conflict (platform, connection_id) do update
    set shop_id = excluded.shop_id, fingerprint = excluded.fingerprint, asked_at = excluded.asked_at,
        access_token = case when t.fingerprint = excluded.fingerprint then t.access_token end,
        refresh_token = case when t.fingerprint = excluded.fingerprint then t.refresh_token end,
        expires_at = case when t.fingerprint = excluded.fingerprint then t.expires_at end""")
_ROTATED = text("""
    update ops.tokens
    set generation = generation + 1, access_token = :access, refresh_token = :refresh, expires_at = :expires,
        rotated_at = :now
    where platform = :platform and connection_id = :connection and fingerprint = :fingerprint
    returning generation, asked_at""")


@dataclass(frozen=True)
class Account:
    """Which connection of which shop.

    Attributes:
        fingerprint: of the tokens that the connection itself holds; authorizing again changes it.
    """

    platform: str
    connection_id: str
    shop_id: str
    fingerprint: str

    @property
    def key(self) -> dict[str, str]:
        """Return the account as parameters of a statement."""
        return {
            "platform": self.platform,
            "connection": self.connection_id,
            "shop": self.shop_id,
            "fingerprint": self.fingerprint,
        }


@dataclass(frozen=True)
class Granted:
    """What a platform answered to the call that renews; `lasts` is None when it did not say."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    lasts: timedelta | None


@dataclass(frozen=True)
class Token:
    """An access token.

    Attributes:
        value: the token; empty when there is none yet.
        generation: how often it was renewed; a platform may renew a token without changing its text.
        ends_at: UTC; None when unknown.
        asked_at: UTC; when the platform was last asked to renew it.
    """

    value: str = field(repr=False)
    generation: int = 0
    ends_at: datetime | None = None
    asked_at: datetime | None = None


@dataclass(frozen=True)
class Stored:
    """What the database knows: a token (its value empty when none is stored) and what renews it.

    Attributes:
        is_unanswered: the last renewal was asked for, and its answer never stored.
    """

    token: Token
    refresh_token: str = field(repr=False)
    is_unanswered: bool


def own_tokens(api: Api, connection: Connection) -> dict[str, str]:
    """Return everything in a connection's extra that is, or stands for, a token."""
    extras = {name.removeprefix("extra.") for name in api.account.values() if name.startswith("extra.")}
    names = sorted(extras | {"access_token", "refresh_token"})
    return {name: str(connection.extra.get(name, "")) for name in names}


def fingerprint_of(api: Api, connection: Connection) -> str:
    """Return SHA-256 (hex) of the app key and the connection's own tokens."""
    parts = [connection.login, *(f"{name}={token}" for name, token in own_tokens(api, connection).items())]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


class TokenStore:
    """The stored tokens of one account.

    Args:
        database: holds them, encrypted.
        clock: stamps them.
        account: whose they are.
        key: `ORDERHUB_TOKEN_KEY`.
    """

    def __init__(self, database: Database, clock: Clock, account: Account, key: SecretStr | None) -> None:
        self.account = account
        self._database = database
        self._clock = clock
        self._key = key

    @contextmanager
    def only_renewer(self) -> Iterator[Lease]:
        """Hold the lease on this connection's tokens.

        Raises:
            LeaseTaken: somebody else renews them now.
        """
        account = self.account
        with hold_scope(self._database, f"token:{account.platform}:{account.connection_id}") as lease:
            yield lease

    def read(self) -> Stored:
        """Return what is stored and belongs to the connection's present tokens.

        Raises:
            ConfigError: it was encrypted with another key.
        """
        with self._database.read() as connection:
            row = connection.execute(_READ, self.account.key).one_or_none()
        if row is None:
            return Stored(Token(""), "", is_unanswered=False)
        is_unanswered = row.asked_at is not None and (row.rotated_at is None or row.asked_at > row.rotated_at)
        token = Token(self._decrypted(row.access_token), row.generation, row.expires_at, row.asked_at)
        return Stored(token, self._decrypted(row.refresh_token), is_unanswered)

    def note_asked(self, lease: Lease) -> None:
        """Commit that the platform is about to be asked: a kill before its answer is stored leaves a trace.

        Raises:
            ConfigError: there is no key, so the answer could not be stored.
        """
        self._cipher()
        with self._database.transaction(lease) as connection:
            connection.execute(_ASKED, {**self.account.key, "now": self._clock.now()})

    def rotate(self, lease: Lease, granted: Granted, refresh_token: str) -> Token:
        """Commit the new pair together and return its access token; only then may it be used.

        Args:
            lease: of `only_renewer`.
            granted: what the platform answered.
            refresh_token: kept when the answer holds no new one.
        """
        now = self._clock.now()
        ends_at = now + granted.lasts if granted.lasts is not None else None
        values = {
            **self.account.key,
            "access": self._encrypted(granted.access_token),
            "refresh": self._encrypted(granted.refresh_token or refresh_token),
            "expires": ends_at,
            "now": now,
        }
        with self._database.transaction(lease) as connection:
            row = connection.execute(_ROTATED, values).one()
        return Token(granted.access_token, row.generation, ends_at, row.asked_at)

    def _cipher(self) -> Any:
        from cryptography.fernet import Fernet

        if self._key is None:
            raise ConfigError(
                "ORDERHUB_TOKEN_KEY is not set, so renewed access tokens cannot be kept; `./hub` makes one, "
                "or set a Fernet key (32 bytes, URL-safe base64)"
            )
        try:
            return Fernet(self._key.get_secret_value())
        except ValueError:
            raise ConfigError(
                "ORDERHUB_TOKEN_KEY is not a Fernet key: it must be 32 bytes in URL-safe base64"
            ) from None

    def _encrypted(self, token: str) -> str | None:
        return self._cipher().encrypt(token.encode()).decode() if token else None

    def _decrypted(self, stored: str | None) -> str:
        from cryptography.fernet import InvalidToken

        if stored is None:
            return ""
        try:
            return str(self._cipher().decrypt(stored).decode())
        except InvalidToken:
            raise ConfigError(
                f"the stored tokens of connection {self.account.connection_id} were encrypted with another "
                "ORDERHUB_TOKEN_KEY; restore that key, or authorize the shop again and put its new tokens "
                "into the connection"
            ) from None
