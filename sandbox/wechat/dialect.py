"""WeChat Shop's protocol in one place: request, tokens, methods and wire form put together."""

from typing import Any

from sandbox.credentials import Credentials
from sandbox.faults import Fault
from sandbox.gateway.dialect import Dialect, Subject
from sandbox.gateway.limits import Limit
from sandbox.gateway.tokens import Standing
from sandbox.gateway.wire import Incoming, RefusalError, Reply
from sandbox.wechat.errors import (
    BAD_URL,
    BUSY,
    EXPIRED_TOKEN,
    INVALID_TOKEN,
    MINUTE_QUOTA_OVER,
    NO_TOKEN,
    QUOTA_OVER,
    wechat_error,
)
from sandbox.wechat.methods import METHODS
from sandbox.wechat.request import PATH, check_request, method_of
from sandbox.wechat.token import STABLE_TOKEN, appid_of, stable_token
from sandbox.world.catalog import Shop

MINUTE = 60
UNSAID = Fault("error").code


def _subject(incoming: Incoming) -> Subject:
    body = incoming.json
    record_id = body.get("order_id") or body.get("after_sale_order_id") or ""
    return Subject(method_of(incoming), incoming.query.get("access_token", ""), 0, str(record_id))


def _refuse_token(standing: Standing) -> RefusalError:
    match standing:
        case Standing.MISSING:
            return wechat_error(NO_TOKEN, "access_token missing")
        case Standing.EXPIRED:
            return wechat_error(EXPIRED_TOKEN, "access_token expired")
        case _:
            return wechat_error(
                INVALID_TOKEN,
                "invalid credential, access_token is invalid or not latest, could get access_token",
            )


def _refuse_throttled(seconds: float) -> RefusalError:
    if seconds > MINUTE:
        return wechat_error(QUOTA_OVER, "reach max api daily quota limit")
    return wechat_error(MINUTE_QUOTA_OVER, "api minute-quota reach limit must slower retry next minute")


def _refuse_planned(fault: Fault) -> RefusalError:
    if fault.code == UNSAID:
        return wechat_error(BUSY, "system error")
    return wechat_error(fault.code, fault.msg)


def _unknown_method() -> RefusalError:
    return wechat_error(BAD_URL, "invalid url")


def _encode(_incoming: Incoming, method: str, body: dict[str, Any], _number: int) -> Reply:
    """Wrap a body; the token's answer carries no `errcode`."""
    return Reply.of_json(body if method == STABLE_TOKEN else {"errcode": 0, "errmsg": "ok", **body})


def _encode_error(_incoming: Incoming, refused: RefusalError, number: int) -> Reply:
    return Reply.of_json({**refused.body, "errmsg": f"{refused.body['errmsg']} rid: sandbox-{number:08x}"})


def _connection(credentials: Credentials, shop: Shop, base: str) -> dict[str, Any]:
    return {
        "conn_type": "http",
        "host": base + PATH,
        "login": appid_of(credentials, shop.shop_id),
        "password": credentials.shop_secrets[shop.shop_id],
        "extra": {},
    }


DIALECT = Dialect(
    name="wechat",
    title="微信小店",
    paths=(f"{PATH}/{{method:path}}",),
    subject=_subject,
    check=check_request,
    methods=METHODS,
    refuse_token=_refuse_token,
    refuse_throttled=_refuse_throttled,
    refuse_planned=_refuse_planned,
    unknown_method=_unknown_method,
    encode=_encode,
    encode_error=_encode_error,
    connection=_connection,
    limits=(Limit(STABLE_TOKEN, 10_000, MINUTE), Limit(STABLE_TOKEN, 500_000, 86_400)),
    authorize={STABLE_TOKEN: stable_token},
)
