"""The Taobao/Tmall protocol in one place: request, methods and wire form put together."""

import math
from typing import Any

from sandbox.credentials import Credentials
from sandbox.faults import Fault
from sandbox.gateway.dialect import Dialect, Subject
from sandbox.gateway.tokens import Standing
from sandbox.gateway.wire import Incoming, RefusalError, Reply
from sandbox.taobao.envelope import encode, success_root, top_error
from sandbox.taobao.methods import METHODS
from sandbox.taobao.request import check_common
from sandbox.world.catalog import Shop

PATH = "/taobao/router/rest"
THROTTLED = "accesscontrol.limited-by-api-access-count"


def _subject(incoming: Incoming) -> Subject:
    form = incoming.form
    page = form.get("page_no", "1")
    return Subject(
        form.get("method", ""),
        form.get("session", ""),
        int(page) if page.isascii() and page.isdigit() else 0,
        form.get("tid", "") or form.get("refund_id", ""),
    )


def _refuse_token(standing: Standing) -> RefusalError:
    match standing:
        case Standing.MISSING:
            return top_error(26, "Missing Session")
        case Standing.EXPIRED:
            message = "the session has expired, authorise again"
            return top_error(27, "Invalid Session", "session-expired", message)
        case _:
            return top_error(
                27, "Invalid Session", "invalid-sessionkey", "sessionkey-not-generated-by-server"
            )


def _refuse_throttled(seconds: float) -> RefusalError:
    message = f"This ban will last for {math.ceil(seconds)} more seconds"
    return top_error(7, "App Call Limited", THROTTLED, message)


def _refuse_planned(fault: Fault) -> RefusalError:
    return top_error(fault.code, fault.msg, fault.sub_code, fault.sub_msg)


def _unknown_method() -> RefusalError:
    return top_error(22, "Invalid Method")


def _encode(incoming: Incoming, method: str, body: dict[str, Any], number: int) -> Reply:
    return encode(success_root(method), _numbered(body, number), incoming.form.get("format", ""))


def _encode_error(incoming: Incoming, refused: RefusalError, number: int) -> Reply:
    return encode("error_response", _numbered(refused.body, number), incoming.form.get("format", ""))


def _numbered(body: dict[str, Any], number: int) -> dict[str, Any]:
    return {**body, "request_id": f"sandbox{number:012d}"}


def _connection(credentials: Credentials, shop: Shop, base: str) -> dict[str, Any]:
    return {
        "conn_type": "http",
        "host": base + PATH,
        "login": credentials.app_key,
        "password": credentials.app_secret,
        "extra": {"session": credentials.sessions[shop.shop_id]},
    }


DIALECT = Dialect(
    name="taobao",
    title="淘宝",
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
)
