"""The Pinduoduo protocol in one place: request, methods and wire form put together."""

import math
from typing import Any

from sandbox.credentials import Credentials
from sandbox.faults import Fault
from sandbox.gateway.dialect import Dialect, Subject
from sandbox.gateway.limits import Limit
from sandbox.gateway.tokens import Standing
from sandbox.gateway.wire import Incoming, RefusalError, Reply
from sandbox.pinduoduo.methods import AUTHORIZE, DETAIL, INCREMENT, LIST, METHODS, REFUNDS, ROOTS, STATUS
from sandbox.pinduoduo.request import check_common, parameters_of, pop_error
from sandbox.pinduoduo.tokens import refresh_token
from sandbox.world.catalog import Shop

PATH = "/pinduoduo/api/router"
LIMITS = (
    Limit(INCREMENT, 3000, 60),
    Limit(LIST, 6000, 60),
    Limit(DETAIL, 30_000, 60),
    Limit(STATUS, 3000, 60),
    Limit(REFUNDS, 100, 10),
    Limit(REFUNDS, 500, 1, per_shop=False),
)


def _subject(incoming: Incoming) -> Subject:
    asked = parameters_of(incoming)
    page = asked.get("page", "1")
    return Subject(
        asked.get("type", ""),
        asked.get("access_token", ""),
        int(page) if page.isascii() and page.isdigit() else 0,
        asked.get("order_sn", ""),
    )


def _refuse_token(standing: Standing) -> RefusalError:
    match standing:
        case Standing.MISSING:
            return pop_error(10001, "公共参数错误", "公共参数错误:access_token为空")
        case Standing.EXPIRED:
            return pop_error(10019, "access_token已过期")
        case _:
            return pop_error(20032, "access_token或client_id错误")


def _refuse_throttled(seconds: float) -> RefusalError:
    return pop_error(70031, "调用过于频繁,请调整调用频率", f"请在{math.ceil(seconds)}秒后重试")


def _refuse_planned(fault: Fault) -> RefusalError:
    """Say the planned error; a plan that names no code of this platform means a back end that is away."""
    default = Fault("error")
    if fault.code == default.code:
        return pop_error(52102, "接口暂时不可用", fault.sub_msg)
    return pop_error(fault.code, fault.msg, fault.sub_msg, fault.sub_code)


def _unknown_method() -> RefusalError:
    return pop_error(10017, "type不正确")


def _encode(_incoming: Incoming, method: str, body: dict[str, Any], number: int) -> Reply:
    return Reply.of_json({ROOTS[method]: {**body, "request_id": _request_id(number)}})


def _encode_error(_incoming: Incoming, refused: RefusalError, number: int) -> Reply:
    return Reply.of_json({"error_response": {**refused.body, "request_id": _request_id(number)}})


def _request_id(number: int) -> str:
    return f"{number:017d}"


def _connection(credentials: Credentials, shop: Shop, base: str) -> dict[str, Any]:
    return {
        "conn_type": "http",
        "host": base + PATH,
        "login": credentials.app_key,
        "password": credentials.app_secret,
        "extra": {
            "access_token": credentials.sessions[shop.shop_id],
            "refresh_token": refresh_token(credentials, shop.shop_id),
        },
    }


DIALECT = Dialect(
    name="pinduoduo",
    title="拼多多",
    paths=(PATH,),
    subject=_subject,
    check=check_common,
    methods=METHODS,
    refuse_token=_refuse_token,
    refuse_throttled=_refuse_throttled,
    refuse_planned=_refuse_planned,
    unknown_method=_unknown_method,
    encode=_encode,
    encode_error=_encode_error,
    connection=_connection,
    limits=LIMITS,
    authorize=AUTHORIZE,
)
