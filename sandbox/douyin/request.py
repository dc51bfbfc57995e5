"""Checks before any method runs: application, version, time and signature over the raw body."""

from datetime import UTC, datetime, timedelta

from sandbox.credentials import Credentials
from sandbox.douyin import signature
from sandbox.douyin.envelope import BAD, MISSING, refusal
from sandbox.gateway.dialect import is_skewed
from sandbox.gateway.wire import Incoming
from sandbox.world.platforms import BEIJING

BASE = "/douyin"
SKEW = timedelta(minutes=10)
VERSION = "2"


def param_json(incoming: Incoming) -> str:
    """Return the call's parameters as they were sent: the body, or (token calls of one client) the query."""
    return incoming.body.decode("utf-8", "replace") or incoming.query.get("param_json", "")


def path_of(method: str) -> str:
    """Return the path that belongs to a method: dots become slashes, case is kept."""
    return f"{BASE}/{method.replace('.', '/')}"


def check_common(incoming: Incoming, credentials: Credentials, now: datetime) -> None:
    """Check application, version, time and signature, in this order.

    Raises:
        RefusalError: the first check that fails, with the documented code.
    """
    query = incoming.query
    _check_presence(incoming)
    if query["app_key"] != credentials.app_key:
        raise refusal(BAD, "isv.app-id-invalid", "app_key不存在")
    if query["v"] != VERSION or incoming.path not in {"", path_of(query["method"])}:
        raise refusal(BAD, "isv.parameter-format-invalid", "v为2，路径与method一致")
    _check_skew(query["timestamp"], now)
    method = query.get("sign_method") or "md5"
    values = {**query, "param_json": param_json(incoming)}
    if method not in signature.METHODS:
        raise refusal(BAD, "isv.signature-invalid", "sign_method不支持")
    if signature.sign(values, credentials.app_secret, method) != query["sign"]:
        raise refusal(BAD, "isv.signature-invalid", "签名校验失败")


def _check_presence(incoming: Incoming) -> None:
    for name, sub_code in (
        ("app_key", "isv.app-id-missing"),
        ("method", "isv.missing-parameter:method"),
        ("v", "isv.missing-parameter:v"),
        ("timestamp", "isv.missing-parameter:timestamp"),
        ("sign", "isv.signature-missing"),
    ):
        if not incoming.query.get(name):
            raise refusal(MISSING, sub_code, f"缺少{name}")


def _check_skew(text: str, now: datetime) -> None:
    try:
        sent = _sent_at(text)
    except (ValueError, OverflowError):
        raise refusal(BAD, "isv.timestamp-format-error", "timestamp格式错误") from None
    if is_skewed(sent, now, SKEW):
        raise refusal(BAD, "isv.timestamp-invalid", "timestamp与平台时间相差超过10分钟")


def _sent_at(text: str) -> datetime:
    if text.isascii() and text.isdigit():
        return datetime.fromtimestamp(int(text), UTC)
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=BEIJING)
