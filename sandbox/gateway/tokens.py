"""Which shop a token speaks for, and until when."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from sandbox.credentials import Credentials


class Standing(Enum):
    """What a gateway finds when it looks at a token."""

    VALID = "valid"
    MISSING = "missing"
    UNKNOWN = "unknown"
    EXPIRED = "expired"


@dataclass(slots=True)
class Tokens:
    """The tokens of one gateway. `expires_at` None = no end; a revoked shop has no valid token at all."""

    shops: dict[str, str]
    expires_at: dict[str, datetime | None]
    revoked: set[str]
    issued: int = 0

    @classmethod
    def of(cls, credentials: Credentials, *, shops_sign: bool = False) -> "Tokens":
        """Return the table in which the token of every shop (or its key) is valid without end."""
        given = credentials.shop_keys if shops_sign else credentials.sessions
        shops = {token: shop_id for shop_id, token in given.items()}
        return cls(shops, dict.fromkeys(shops), set())

    def look(self, token: str, now: datetime) -> tuple[Standing, str]:
        """Return how the token stands, and the shop it speaks for (empty unless it is valid)."""
        if not token:
            return Standing.MISSING, ""
        shop_id = self.shops.get(token)
        if shop_id is None:
            return Standing.UNKNOWN, ""
        end = self.expires_at[token]
        is_over = shop_id in self.revoked or (end is not None and now >= end)
        return (Standing.EXPIRED, "") if is_over else (Standing.VALID, shop_id)

    def issue(self, shop_id: str, now: datetime, lasts: timedelta, overlap: timedelta = timedelta(0)) -> str:
        """Return a new token of a shop; its older ones end after `overlap`."""
        for token, owner in self.shops.items():
            end = self.expires_at[token]
            if owner == shop_id and (end is None or end > now + overlap):
                self.expires_at[token] = now + overlap
        self.issued += 1
        token = hashlib.sha256(f"{shop_id}:{self.issued}:{now.isoformat()}".encode()).hexdigest()[:48]
        self.shops[token] = shop_id
        self.expires_at[token] = now + lasts
        return token

    def expire(self, shop_id: str, at: datetime | None) -> None:
        """Let every token of a shop end `at`; None: they have no end, and a revocation is taken back.

        Raises:
            ValueError: there is no such shop.
        """
        self._check(shop_id)
        for token, owner in self.shops.items():
            if owner == shop_id:
                self.expires_at[token] = at
        if at is None:
            self.revoked.discard(shop_id)

    def revoke(self, shop_id: str) -> None:
        """Take the authorisation of a shop back: no token is valid and `authorize` must hand out none.

        Raises:
            ValueError: there is no such shop.
        """
        self._check(shop_id)
        self.revoked.add(shop_id)

    def _check(self, shop_id: str) -> None:
        if shop_id not in self.shops.values():
            known = ", ".join(dict.fromkeys(self.shops.values()))
            raise ValueError(f"shop {shop_id!r} is unknown; known: {known}")
