"""Hands out access tokens: `cgi-bin/stable_token`, which gives the same one until it is nearly over."""

from datetime import datetime, timedelta
from typing import Any

from sandbox.credentials import Credentials
from sandbox.gateway.dialect import Grant
from sandbox.gateway.tokens import Tokens
from sandbox.wechat.errors import BAD_APPID, BAD_GRANT, BAD_SECRET, FROZEN_SECRET, wechat_error

STABLE_TOKEN = "cgi-bin/stable_token"  # noqa: S105 - a path
LASTS = timedelta(hours=2)
OVERLAP = timedelta(minutes=5)


def appid_of(credentials: Credentials, shop_id: str) -> str:
    """Return the AppID of a shop: each shop is an application of its own."""
    return f"wx{credentials.shop_keys[shop_id]}"


def stable_token(grant: Grant) -> dict[str, Any]:
    """Answer `stable_token`: no `errcode` on success, `expires_in` never below five minutes.

    Raises:
        RefusalError: 40002 grant type, 40013 AppID, 40125 secret, 40243 for a frozen shop.
    """
    body = grant.incoming.json
    if body.get("grant_type") != "client_credential":
        raise wechat_error(BAD_GRANT, "invalid grant_type")
    shop_id = _shop_of(grant.credentials, body)
    if shop_id in grant.tokens.revoked:
        raise wechat_error(FROZEN_SECRET, "invalid appsecret, it is frozen")
    is_forced = body.get("force_refresh") is True
    current = None if is_forced else _current(grant.tokens, shop_id, grant.now)
    if current is None:
        overlap = timedelta(0) if is_forced else OVERLAP
        current = grant.tokens.issue(shop_id, grant.now, LASTS, overlap)
    end = grant.tokens.expires_at[current] or grant.now
    return {"access_token": current, "expires_in": int((end - grant.now).total_seconds())}


def _shop_of(credentials: Credentials, body: dict[str, Any]) -> str:
    shops = {appid_of(credentials, shop_id): shop_id for shop_id in credentials.shop_keys}
    shop_id = shops.get(str(body.get("appid", "")))
    if shop_id is None:
        raise wechat_error(BAD_APPID, "invalid appid")
    if body.get("secret") != credentials.shop_secrets[shop_id]:
        raise wechat_error(BAD_SECRET, "invalid appsecret")
    return shop_id


def _current(tokens: Tokens, shop_id: str, now: datetime) -> str | None:
    """Return the shop's token that lasts for more than the overlap; of several the last issued."""
    lasting = [
        token
        for token, owner in tokens.shops.items()
        if owner == shop_id and (end := tokens.expires_at[token]) is not None and end >= now + OVERLAP
    ]
    return lasting[-1] if lasting else None
