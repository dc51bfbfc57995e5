"""The refresh token of each shop; it stays the same as long as the authorisation does."""

import hashlib

from sandbox.credentials import Credentials


def refresh_token(credentials: Credentials, shop_id: str) -> str:
    """Return the refresh token of a shop."""
    return hashlib.sha256(f"refresh:{credentials.app_secret}:{shop_id}".encode()).hexdigest()[:48]


def shop_of(credentials: Credentials, token: str) -> str:
    """Return the shop that a refresh token belongs to, empty when it belongs to none."""
    return next((shop for shop in credentials.sessions if refresh_token(credentials, shop) == token), "")
