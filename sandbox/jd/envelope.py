"""How the gateway wraps an answer; it can fail in two layers, both under HTTP 200.

The gateway's own errors stand in `error_response`. A business failure is a success on the outside: its result
says `success: false`.
"""

from collections.abc import Mapping
from typing import Any

from sandbox.gateway.wire import RefusalError, Reply

ENGLISH = {
    "2": ("调用频率超过限制", "App Call Limited"),
    "4": ("缺少版本参数", "Missing v"),
    "5": ("不支持的版本", "Unsupported v"),
    "7": ("缺少timestamp", "Missing timestamp"),
    "8": ("无效timestamp", "Invalid timestamp"),
    "11": ("缺少sign", "Missing sign"),
    "12": ("无效签名", "Invalid sign"),
    "14": ("缺少method", "Missing method"),
    "15": ("不存在的方法名", "Invalid method"),
    "18": ("缺少access_token", "Missing access_token"),
    "19": ("无效access_token", "Invalid access_token"),
    "20": ("缺少app_key", "Missing app_key"),
    "21": ("无效app_key", "Invalid app_key"),
    "60": ("缺少参数", "Missing parameter"),
    "61": ("无效参数", "Invalid parameter"),
    "63": ("参数不是JSON", "Parameters are not JSON"),
    "66": ("平台后端不可用", "Backend unavailable"),
    "68": ("optional_fields校验失败", "optional_fields check failed"),
    "71": ("不是本商家的数据", "Not of this vender"),
}


def jos_error(code: str, detail: str = "") -> RefusalError:
    """Return an error of the gateway itself."""
    chinese, english = ENGLISH.get(code, ("", ""))
    body = {"code": code, "zh_desc": f"{chinese}:{detail}" if detail else chinese, "en_desc": english}
    return RefusalError(code, body)


def business_failure(number: str, message: str) -> RefusalError:
    """Return a failure inside a success: the result of the method says that it failed."""
    return RefusalError(f"business {number}", {"business": number, "message": message})


def result_of(refused: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return `apiResult` of a success, or of a business failure."""
    if refused is None:
        return {"success": True, "englishErrCode": "", "chineseErrCode": "成功", "numberCode": 0}
    return {
        "success": False,
        "englishErrCode": "FAILED",
        "chineseErrCode": refused["message"],
        "numberCode": int(refused["business"]),
    }


def success_root(method: str) -> str:
    """Return the root key of an answer; the misspelling is the platform's."""
    return method.replace(".", "_") + "_responce"


def encode_success(method: str, body: Mapping[str, Any], number: int) -> Reply:
    """Return the answer of a method that succeeded, or failed in its own layer."""
    return Reply.of_json({success_root(method): {"code": "0", **body, "request_id": _number(number)}})


def encode_refusal(refused: RefusalError, number: int) -> Reply:
    """Return an error of the gateway."""
    return Reply.of_json({"error_response": {**refused.body, "request_id": _number(number)}}, refused.status)


def _number(number: int) -> str:
    return f"sandbox-jd-{number:08d}"
