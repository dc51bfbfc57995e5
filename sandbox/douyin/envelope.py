"""How the gateway wraps an answer: one envelope for success and error, always HTTP 200."""

from typing import Any

from sandbox.gateway.wire import Incoming, RefusalError, Reply

SUCCESS = 10000
NO_PERMISSION = 30001
MISSING = 40001
MISSING_IN_BUSINESS = 40002
BAD = 40003
BAD_IN_BUSINESS = 40004
PLATFORM_FAILED = 50001
BUSINESS_FAILED = 50002
BUSY = 20000
THROTTLED = 60000
OFFLINE = 70000
MESSAGES = {
    BUSY: "服务不可用",
    20001: "服务内部超时",
    NO_PERMISSION: "无权限",
    30002: "调用方IP不在白名单",
    MISSING: "缺少必选参数",
    MISSING_IN_BUSINESS: "缺少必选参数",
    BAD: "非法的参数",
    BAD_IN_BUSINESS: "非法的参数",
    PLATFORM_FAILED: "平台处理失败",
    BUSINESS_FAILED: "业务处理失败",
    THROTTLED: "触发流量限制，请稍后重试",
    OFFLINE: "服务已下线",
    80000: "触发安全策略",
    90000: "其他错误",
}


def refusal(code: int, sub_code: str = "", sub_message: str = "") -> RefusalError:
    """Return an error answer with the platform's main code and sub code."""
    body = {"code": code, "msg": MESSAGES[code], "sub_code": sub_code, "sub_msg": sub_message}
    return RefusalError(f"{code} {sub_code}".strip(), body)


def encode(incoming: Incoming, _method: str, body: Any, number: int) -> Reply:
    """Return the wire form of a good answer."""
    head = {"code": SUCCESS, "msg": "success", "sub_code": "", "sub_msg": ""}
    return Reply.of_json({**head, **_old_words(incoming, 0, "success"), **_log(number), "data": body})


def encode_error(incoming: Incoming, refused: RefusalError, number: int) -> Reply:
    """Return the wire form of an error: the same envelope without data."""
    body = refused.body
    old = _old_words(incoming, int(body["code"]), str(body["msg"]))
    return Reply.of_json({**body, **old, **_log(number)})


def _old_words(incoming: Incoming, number: int, message: str) -> dict[str, Any]:
    """Return the fields of the older envelope; a client's header asks to leave them out."""
    if incoming.headers.get("x-open-no-old-err-code") == "1":
        return {}
    return {"err_no": number, "message": message}


def _log(number: int) -> dict[str, str]:
    return {"log_id": f"20261123{number:026d}"}
