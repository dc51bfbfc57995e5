"""What every request must carry, and the reading of numbers and windows in its parameters."""

from datetime import UTC, datetime, timedelta

from sandbox.credentials import Credentials
from sandbox.gateway.dialect import is_skewed
from sandbox.gateway.wire import Incoming, RefusalError
from sandbox.pinduoduo.signature import as_signed, sign

SKEW = timedelta(minutes=10)
LONGEST_WINDOW = 30 * 60
LARGEST_PAGE = 100
LATEST_SECOND = 4_102_444_800
JSON_TYPE = "application/json"


def pop_error(code: int, message: str, sub_message: str = "", sub_code: str = "") -> RefusalError:
    """Return an error of the gateway, which answers all of them with HTTP 200."""
    body = {
        "error_code": code,
        "error_msg": message,
        "sub_code": sub_code or str(code),
        "sub_msg": sub_message or message,
    }
    return RefusalError(str(code), body)


def parameters_of(incoming: Incoming) -> dict[str, str]:
    """Return the parameters of a form or a JSON body as the text that is signed."""
    if incoming.headers.get("content-type", "").startswith(JSON_TYPE) or incoming.body[:1] == b"{":
        return as_signed(incoming.json)
    return incoming.form


def check_common(incoming: Incoming, credentials: Credentials, now: datetime) -> None:
    """Check verb, presence, application, time and signature, in this order.

    Raises:
        RefusalError: the first check that fails.
    """
    if incoming.verb != "POST":
        raise pop_error(10002, "请求方式必须为POST")
    parameters = parameters_of(incoming)
    for name in ("type", "client_id", "timestamp"):
        if not parameters.get(name):
            raise pop_error(10001, "公共参数错误", f"公共参数错误:{name}为空")
    if not parameters.get("sign"):
        raise pop_error(20007, "签名参数缺失", "公共参数错误:sign为空")
    if parameters["client_id"] != credentials.app_key:
        raise pop_error(10016, "client_id不正确")
    if parameters.get("data_type", "JSON") != "JSON":
        raise pop_error(10001, "公共参数错误", "公共参数错误:data_type只支持JSON")
    sent = datetime.fromtimestamp(_whole(parameters, "timestamp", 0, LATEST_SECOND), UTC)
    if is_skewed(sent, now, SKEW):
        raise pop_error(10001, "公共参数错误", "公共参数错误:timestamp与服务器时间相差超过10分钟")
    if sign(parameters, credentials.app_secret) != parameters["sign"]:
        raise pop_error(20004, "签名sign校验失败")


def named(parameters: dict[str, str], name: str) -> str:
    """Return a parameter that must be there.

    Raises:
        RefusalError: 10001, it is missing.
    """
    if not parameters.get(name):
        raise pop_error(10001, "参数错误", f"参数错误:{name}不能为空")
    return parameters[name]


def number(parameters: dict[str, str], name: str, smallest: int, largest: int, default: int) -> int:
    """Return a whole number that may be left out.

    Raises:
        RefusalError: 10001, it is no number or outside its limits.
    """
    if not parameters.get(name):
        return default
    return _whole(parameters, name, smallest, largest)


def choice(parameters: dict[str, str], name: str, allowed: tuple[int, ...]) -> int:
    """Return a mandatory number out of a list.

    Raises:
        RefusalError: 10001, it is missing or none of them.
    """
    named(parameters, name)
    value = _whole(parameters, name, min(allowed), max(allowed))
    if value not in allowed:
        raise pop_error(10001, "参数错误", f"参数错误:{name}不在{allowed}中")
    return value


def window(parameters: dict[str, str], start: str, end: str, longest: int) -> tuple[int, int]:
    """Return the epoch seconds of a window of at most `longest` seconds, both ends included.

    Raises:
        RefusalError: a bound is missing (10001), or the window is empty or too long (10000).
    """
    named(parameters, start)
    named(parameters, end)
    first = _whole(parameters, start, 0, LATEST_SECOND)
    last = _whole(parameters, end, 0, LATEST_SECOND)
    if last < first or last - first > longest:
        raise pop_error(10000, "参数错误", f"参数错误:{end}须晚于{start},且间隔不超过{longest // 60}分钟")
    return first, last


def paging(parameters: dict[str, str]) -> tuple[int, int]:
    """Return page (from 1) and page size (100 when not given).

    Raises:
        RefusalError: 10001, one of them is outside its limits.
    """
    page = number(parameters, "page", 1, 10**6, 1)
    return page, number(parameters, "page_size", 1, LARGEST_PAGE, LARGEST_PAGE)


def _whole(parameters: dict[str, str], name: str, smallest: int, largest: int) -> int:
    text = parameters[name]
    if not text.isascii() or not text.isdigit() or not smallest <= int(text) <= largest:
        raise pop_error(10001, "参数错误", f"参数错误:{name}须为{smallest}到{largest}的整数")
    return int(text)
