"""Judges a call before it is answered: which application, when, and whether the signature is right."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sandbox.credentials import Credentials
from sandbox.gateway.dialect import is_skewed
from sandbox.gateway.wire import Incoming
from sandbox.taobao import signature
from sandbox.taobao.envelope import top_error
from sandbox.world.platforms import BEIJING

SKEW = timedelta(minutes=10)
TIME_FORMAT = "%Y-%m-%d %H:%M:%S"
VERSION = "2.0"


def parse_time(text: str, name: str) -> datetime:
    """Return a Beijing time as sent in a parameter.

    Raises:
        RefusalError: 41, it is not `yyyy-MM-dd HH:mm:ss`.
    """
    try:
        return datetime.strptime(text, TIME_FORMAT).replace(tzinfo=BEIJING)
    except ValueError:
        raise top_error(
            41,
            f"Invalid Arguments:{name}",
            "isv.invalid-parameter",
            f"{name} is {text!r}, not yyyy-MM-dd HH:mm:ss",
        ) from None


def check_common(incoming: Incoming, credentials: Credentials, now: datetime) -> None:
    """Check application, version, time and signature, in this order.

    Raises:
        RefusalError: the first check that fails, with the documented code.
    """
    form = incoming.form
    _check_presence(form)
    if form["app_key"] != credentials.app_key:
        raise top_error(29, "Invalid App Key")
    if form["v"] != VERSION:
        raise top_error(33, "Invalid Version")
    if form.get("format", "xml") not in {"json", "xml"}:
        raise top_error(23, "Invalid Format")
    _check_skew(form["timestamp"], now)
    if form["sign_method"] not in signature.METHODS:
        raise top_error(25, "Invalid Signature")
    if signature.sign(form, credentials.app_secret, form["sign_method"]) != form["sign"]:
        raise top_error(25, "Invalid Signature")


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
            raise top_error(code, message)


def _check_skew(text: str, now: datetime) -> None:
    try:
        sent = datetime.strptime(text, TIME_FORMAT).replace(tzinfo=BEIJING)
    except ValueError:
        raise top_error(31, "Invalid Timestamp") from None
    if is_skewed(sent, now, SKEW):
        raise top_error(31, "Invalid Timestamp")
