"""Renews access tokens. A renewed token is the same text: it only lasts longer."""

import hashlib
from datetime import timedelta
from typing import Any

from sandbox.credentials import Credentials
from sandbox.gateway.dialect import Grant
from sandbox.gateway.wire import Incoming, RefusalError

REFRESH = "oauth.token"
LASTS = timedelta(days=365)
INVALID = 405


def refresh_token_of(credentials: Credentials, shop_id: str) -> str:
    """Return the refresh token that belongs to the access token of a shop."""
    return hashlib.sha256(f"refresh:{credentials.sessions[shop_id]}".encode()).hexdigest()[:40]


def check_refresh(incoming: Incoming, credentials: Credentials) -> None:
    """Check application and grant; the call is not signed.

    Raises:
        RefusalError: one of them is wrong.
    """
    form = incoming.form
    if (form.get("client_id"), form.get("client_secret")) != (credentials.app_key, credentials.app_secret):
        raise _refused("client_id 或 client_secret 错误")
    if form.get("grant_type") != "refresh_token":
        raise _refused("grant_type 错误")


def refresh(grant: Grant) -> dict[str, Any]:
    """Answer `oauth/token` with `grant_type=refresh_token`.

    Raises:
        RefusalError: the token is unknown, or the shop took its authorisation back.
    """
    known = {refresh_token_of(grant.credentials, shop): shop for shop in grant.credentials.sessions}
    token = grant.incoming.form.get("refresh_token", "")
    shop_id = known.get(token, "")
    if not shop_id or shop_id in grant.tokens.revoked:
        raise _refused("refresh_token 无效")
    grant.tokens.expire(shop_id, grant.now + LASTS)
    return {
        "access_token": grant.credentials.sessions[shop_id],
        "refresh_token": token,
        "expires_in": int(LASTS.total_seconds()),
        "token_type": "bearer",
        "scope": "snsapi_base",
        "uid": shop_id,
        "time": int(grant.now.timestamp() * 1000),
        "code": 0,
    }


def _refused(message: str) -> RefusalError:
    return RefusalError(f"oauth {INVALID}", {"code": INVALID, "zh_desc": message, "en_desc": "invalid grant"})
