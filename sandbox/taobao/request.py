"""Judges a call before it is answered: who asks, when, and whether the signature is right."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sandbox.credentials import Credentials
from sandbox.taobao import signature
from sandbox.taobao.envelope import TopError
from sandbox.taobao.trade import BEIJING

SKEW = timedelta(minutes=10)
TIME_FORMAT = "%Y-%m-%d %H:%M:%S"
VERSION = "2.0"


@dataclass(slots=True)
class Sessions:
    """Which shop a session token speaks for, and until when (None = no end)."""

    shops: dict[str, str]
    expires_at: dict[str, datetime | None]

    @classmethod
    def of(cls, credentials: Credentials) -> "Sessions":
        """Return the table with every token valid without end."""
        shops = {token: shop_id for shop_id, token in credentials.sessions.items()}
        return cls(shops, dict.fromkeys(credentials.sessions))

    def shop_of(self, token: str, now: datetime) -> str:
        """Return the shop of a valid token.

        Raises:
            TopError: 26 without a token, 27 when it is unknown or expired.
        """
        if not token:
            raise TopError(26, "Missing Session")
        shop_id = self.shops.get(token)
        if shop_id is None:
            raise TopError(27, "Invalid Session", "invalid-sessionkey", "sessionkey-not-generated-by-server")
        end = self.expires_at[shop_id]
        if end is not None and now >= end:
            raise TopError(
                27, "Invalid Session", "session-expired", "the session has expired, authorise again"
            )
        return shop_id


def parse_time(text: str, name: str) -> datetime:
    """Return a Beijing time as sent in a parameter.

    Raises:
        TopError: 41, it is not `yyyy-MM-dd HH:mm:ss`.
    """
    try:
        return datetime.strptime(text, TIME_FORMAT).replace(tzinfo=BEIJING)
    except ValueError:
        raise TopError(
            41,
            f"Invalid Arguments:{name}",
            "isv.invalid-parameter",
            f"{name} is {text!r}, not yyyy-MM-dd HH:mm:ss",
        ) from None


def check_common(form: Mapping[str, str], credentials: Credentials, now: datetime) -> None:
    """Check application, version, time and signature, in this order.

    Raises:
        TopError: the first check that fails, with the documented code.
    """
    _check_presence(form)
    if form["app_key"] != credentials.app_key:
        raise TopError(29, "Invalid App Key")
    if form["v"] != VERSION:
        raise TopError(33, "Invalid Version")
    if form.get("format", "xml") not in {"json", "xml"}:
        raise TopError(23, "Invalid Format")
    _check_skew(form["timestamp"], now)
    if form["sign_method"] not in signature.METHODS:
        raise TopError(25, "Invalid Signature")
    if signature.sign(form, credentials.app_secret, form["sign_method"]) != form["sign"]:
        raise TopError(25, "Invalid Signature")


def _check_presence(form: Mapping[str, str]) -> None:
    for name, code, message in (
        ("method", 21, "Missing Method"),
        ("app_key", 28, "Missing App Key"),
        ("v", 32, "Missing Version"),
        ("timestamp", 30, "Missing Timestamp"),
        ("sign", 24, "Missing Signature"),
        ("sign_method", 40, "Missing Required Arguments:sign_method"),
    ):
        if not form.get(name):
            raise TopError(code, message)


def _check_skew(text: str, now: datetime) -> None:
    try:
        sent = datetime.strptime(text, TIME_FORMAT).replace(tzinfo=BEIJING)
    except ValueError:
        raise TopError(31, "Invalid Timestamp") from None
    if abs(sent - now) > SKEW:
        raise TopError(31, "Invalid Timestamp")
