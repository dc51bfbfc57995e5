"""The own shop's protocol in one place: request, methods and wire form put together."""

import math
from datetime import timedelta
from typing import Any

from sandbox.credentials import Credentials
from sandbox.faults import Fault
from sandbox.gateway.dialect import Dialect, Once, Subject
from sandbox.gateway.tokens import Standing
from sandbox.gateway.wire import Incoming, RefusalError, Reply
from sandbox.miniprogram.methods import METHODS, PREFIX, compact, method_of, record_id
from sandbox.miniprogram.request import KEY, NONCE, check_common, refusal
from sandbox.world.catalog import Shop

NONCE_LASTS = timedelta(minutes=10)
ERROR_STATUSES = range(400, 600)
MEDIA_TYPE = "application/json; charset=utf-8"


def _subject(incoming: Incoming) -> Subject:
    key = incoming.headers.get(KEY, "")
    page = 2 if incoming.query.get("cursor") else 1
    return Subject(method_of(incoming.verb, incoming.path), key, page, record_id(incoming.path))


def _refuse_token(_standing: Standing) -> RefusalError:
    return refusal(401, "key_disabled", "the key of this shop was disabled")


def _refuse_throttled(seconds: float) -> RefusalError:
    refused = refusal(429, "rate_limited", "too many requests")
    refused.body["retry_after"] = math.ceil(seconds)
    return refused


def _refuse_planned(fault: Fault) -> RefusalError:
    if fault.code in ERROR_STATUSES:
        return refusal(fault.code, fault.sub_code, fault.msg)
    return refusal(500, "internal_error", fault.sub_msg)


def _nonce(incoming: Incoming) -> str:
    return f"{incoming.headers[KEY]} {incoming.headers[NONCE]}"


def _refuse_replayed() -> RefusalError:
    return refusal(401, "replayed_nonce", "this nonce was used within the last ten minutes")


def _unknown_method() -> RefusalError:
    return refusal(404, "not_found", "there is no such resource")


def _encode(_incoming: Incoming, _method: str, body: bytes, number: int) -> Reply:
    return Reply(body, MEDIA_TYPE, headers={"X-Request-Id": _request_id(number)})


def _encode_error(_incoming: Incoming, refused: RefusalError, number: int) -> Reply:
    headers = {"X-Request-Id": _request_id(number)}
    if "retry_after" in refused.body:
        headers["Retry-After"] = str(refused.body["retry_after"])
    body = compact({"error": {**refused.body, "request_id": _request_id(number)}})
    return Reply(body, MEDIA_TYPE, refused.status, headers)


def _request_id(number: int) -> str:
    return f"sandbox{number:012d}"


def _connection(credentials: Credentials, shop: Shop, base: str) -> dict[str, Any]:
    return {
        "conn_type": "http",
        "host": base + PREFIX,
        "login": credentials.shop_keys[shop.shop_id],
        "password": credentials.shop_secrets[shop.shop_id],
    }


DIALECT = Dialect(
    name="miniprogram",
    title="小程序商城",
    paths=(PREFIX + "/{rest:path}",),
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
    shops_sign=True,
    once=Once(
        lambda incoming: incoming.headers[KEY] + incoming.headers[NONCE], NONCE_LASTS, _refuse_replayed
    ),
)
