"""Tokens: a pair lasts 7 and 14 days, comes back unchanged while it is young, and overlaps for an hour."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sandbox.douyin.envelope import BAD_IN_BUSINESS, MISSING_IN_BUSINESS, PLATFORM_FAILED, refusal
from sandbox.gateway.dialect import Grant
from sandbox.gateway.tokens import Tokens
from sandbox.gateway.wire import RefusalError
from sandbox.world.catalog import SHOP_BY_ID

ACCESS_LASTS = timedelta(days=7)
REFRESH_LASTS = timedelta(days=14)
OVERLAP = timedelta(hours=1)
FIRST_SHOP_NUMBER = 4_463_000


@dataclass(frozen=True, slots=True)
class Pair:
    """An access token, until when it is good, and whether a later one of its shop exists."""

    access: str
    shop_id: str
    ends_at: datetime | None
    is_newest: bool


def shop_number(shop_id: str) -> int:
    """Return the platform's own number of a shop."""
    return FIRST_SHOP_NUMBER + int(hashlib.sha256(shop_id.encode()).hexdigest(), 16) % 1000


def refresh_token_of(access: str) -> str:
    """Return the refresh token that was given out together with an access token."""
    return hashlib.sha256(f"refresh:{access}".encode()).hexdigest()[:48]


def create(grant: Grant) -> dict[str, Any]:
    """Answer `token.create` for the merchant's own application.

    Raises:
        RefusalError: the grant type or shop is unknown, or the shop took its authorisation back.
    """
    wish = grant.incoming.json
    if wish.get("grant_type") != "authorization_self":
        raise refusal(BAD_IN_BUSINESS, "isv.parameter-invalid:grant_type", "自用型应用用authorization_self")
    shops = {str(shop_number(shop_id)): shop_id for shop_id in grant.tokens.shops.values()}
    shop_id = shops.get(str(wish.get("shop_id", "")))
    if shop_id is None:
        raise _not_generated("no-authorization", "店铺未授权")
    newest = next(pair for pair in _pairs(grant.tokens) if pair.shop_id == shop_id and pair.is_newest)
    return _next_pair(grant, newest)


def refresh(grant: Grant) -> dict[str, Any]:
    """Answer `token.refresh`: the same pair, a new one, or none (docs/platforms/douyin.md has the rules).

    Raises:
        RefusalError: the refresh token is missing, unknown, over or superseded, or the authorisation is gone.
    """
    wish = grant.incoming.json
    given = str(wish.get("refresh_token") or "")
    if wish.get("grant_type") != "refresh_token" or not given:
        raise refusal(MISSING_IN_BUSINESS, "isv.missing-parameter:refresh_token", "缺少refresh_token")
    pairs = list(_pairs(grant.tokens))
    pair = next((pair for pair in pairs if refresh_token_of(pair.access) == given), None)
    if pair is None:
        raise _not_generated("token-invalid", "refresh_token无效")
    if pair.is_newest:
        return _next_pair(grant, pair)
    if pair.ends_at is not None and grant.now >= pair.ends_at:
        raise _not_generated("token-invalid", "refresh_token已被替换")
    newest = next(one for one in pairs if one.shop_id == pair.shop_id and one.is_newest)
    return _answer(grant, newest)


def _next_pair(grant: Grant, pair: Pair) -> dict[str, Any]:
    if pair.shop_id in grant.tokens.revoked:
        raise _not_generated("no-authorization", "商家已取消授权")
    now, ends_at = grant.now, pair.ends_at
    if ends_at is None or now < ends_at - OVERLAP:
        return _answer(grant, pair)
    if now >= ends_at + (REFRESH_LASTS - ACCESS_LASTS):
        raise _not_generated("token-expired", "refresh_token已过期")
    access = grant.tokens.issue(pair.shop_id, now, ACCESS_LASTS)
    if now < ends_at:
        grant.tokens.expires_at[pair.access] = now + OVERLAP
    return _answer(grant, Pair(access, pair.shop_id, now + ACCESS_LASTS, is_newest=True))


def _answer(grant: Grant, pair: Pair) -> dict[str, Any]:
    left = pair.ends_at - grant.now if pair.ends_at else ACCESS_LASTS
    return {
        "access_token": pair.access,
        "expires_in": int(left.total_seconds()),
        "refresh_token": refresh_token_of(pair.access),
        "scope": "SCOPE",
        "shop_id": shop_number(pair.shop_id),
        "shop_name": SHOP_BY_ID[pair.shop_id].name,
        "authority_id": str(shop_number(pair.shop_id)),
        "auth_subject_type": "",
    }


def _pairs(tokens: Tokens) -> list[Pair]:
    newest = {shop_id: access for access, shop_id in tokens.shops.items()}
    return [
        Pair(access, shop_id, tokens.expires_at[access], is_newest=newest[shop_id] == access)
        for access, shop_id in tokens.shops.items()
    ]


def _not_generated(why: str, message: str) -> RefusalError:
    return refusal(PLATFORM_FAILED, f"dop.token-generate-failed:{why}", message)


GRANTS: dict[str, Callable[[Grant], Any]] = {"token.create": create, "token.refresh": refresh}
