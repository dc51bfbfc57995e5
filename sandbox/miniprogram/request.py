"""Judges a call before it is answered: which shop, when, and whether the signature is right."""

import hmac
from datetime import UTC, datetime, timedelta

from sandbox.credentials import Credentials
from sandbox.gateway.dialect import is_skewed
from sandbox.gateway.wire import Incoming, RefusalError
from sandbox.miniprogram.signature import sign

SKEW = timedelta(seconds=300)
KEY, TIMESTAMP, NONCE, SIGNATURE = (
    "x-shop-key",
    "x-shop-timestamp",
    "x-shop-nonce",
    "x-shop-signature",
)
LONGEST_EPOCH = 10


def refusal(status: int, code: str, message: str) -> RefusalError:
    """Return an error in the backend's form."""
    return RefusalError(f"{status} {code}", {"code": code, "message": message}, status)


def check_common(incoming: Incoming, credentials: Credentials, now: datetime) -> None:
    """Check headers, shop key, time and signature, in this order.

    Raises:
        RefusalError: 401 with the first check that fails.
    """
    headers = incoming.headers
    for name in (KEY, TIMESTAMP, NONCE, SIGNATURE):
        if not headers.get(name):
            raise refusal(401, "missing_header", f"the header {name} is missing")
    secret = _secret_of(headers[KEY], credentials)
    _check_skew(headers[TIMESTAMP], now)
    if not hmac.compare_digest(_expected(incoming, secret), headers[SIGNATURE].encode()):
        raise refusal(401, "invalid_signature", "the signature does not fit the request")


def _secret_of(key: str, credentials: Credentials) -> str:
    for shop_id, known in credentials.shop_keys.items():
        if known == key:
            return credentials.shop_secrets[shop_id]
    raise refusal(401, "unknown_key", "no shop has this key")


def _check_skew(text: str, now: datetime) -> None:
    is_epoch = text.isascii() and text.isdigit() and len(text) <= LONGEST_EPOCH
    if not is_epoch or is_skewed(datetime.fromtimestamp(int(text), UTC), now, SKEW):
        seconds = int(SKEW.total_seconds())
        message = f"the timestamp is {text!r}, epoch seconds within {seconds} s are asked for"
        raise refusal(401, "stale_timestamp", message)


def _expected(incoming: Incoming, secret: str) -> bytes:
    headers = incoming.headers
    return sign(
        secret,
        incoming.verb,
        incoming.path,
        incoming.query,
        headers[TIMESTAMP],
        headers[NONCE],
        incoming.body,
    ).encode()
