"""The Douyin shop protocol in one place: request, methods and wire form put together."""

from typing import Any

from sandbox.credentials import Credentials
from sandbox.douyin.envelope import (
    BAD,
    BUSY,
    MESSAGES,
    MISSING,
    OFFLINE,
    THROTTLED,
    encode,
    encode_error,
    refusal,
)
from sandbox.douyin.grants import GRANTS, refresh_token_of, shop_number
from sandbox.douyin.methods import METHODS
from sandbox.douyin.request import BASE, check_common, path_of
from sandbox.faults import Fault
from sandbox.gateway.dialect import Dialect, Subject
from sandbox.gateway.tokens import Standing
from sandbox.gateway.wire import Incoming, RefusalError
from sandbox.world.catalog import Shop


def _subject(incoming: Incoming) -> Subject:
    wish = incoming.json
    page = wish.get("page")
    return Subject(
        incoming.query.get("method", ""),
        incoming.query.get("access_token", ""),
        page + 1 if isinstance(page, int) else 0,
        str(wish.get("shop_order_id") or wish.get("aftersale_id") or _first(wish.get("order_id_list"))),
    )


def _first(ids: Any) -> str:
    return str(ids[0]) if isinstance(ids, list) and ids else ""


def _refuse_token(standing: Standing) -> RefusalError:
    match standing:
        case Standing.MISSING:
            return refusal(MISSING, "isv.access-token-missing", "缺少access_token")
        case Standing.EXPIRED:
            return refusal(BAD, "isv.access-token-expired", "access_token已过期")
        case _:
            return refusal(BAD, "isv.access-token-no-existed", "access_token不存在")


def _refuse_throttled(_seconds: float) -> RefusalError:
    return refusal(THROTTLED)


def _refuse_planned(fault: Fault) -> RefusalError:
    """Say a planned error; a code that the platform does not have is its busy back end."""
    if fault.code in MESSAGES:
        return refusal(fault.code, fault.sub_code, fault.sub_msg)
    return refusal(BUSY, "isp.service-error:20004", fault.sub_msg)


def _unknown_method() -> RefusalError:
    return refusal(OFFLINE, "isp.api-service-off", "接口不存在或已下线")


def _connection(credentials: Credentials, shop: Shop, base: str) -> dict[str, Any]:
    access = credentials.sessions[shop.shop_id]
    return {
        "conn_type": "http",
        "host": base + BASE,
        "login": credentials.app_key,
        "password": credentials.app_secret,
        "extra": {
            "access_token": access,
            "refresh_token": refresh_token_of(access),
            "shop_id": str(shop_number(shop.shop_id)),
        },
    }


DIALECT = Dialect(
    name="douyin",
    title="抖店",
    paths=tuple(path_of(method) for method in (*METHODS, *GRANTS)),
    subject=_subject,
    check=check_common,
    methods=METHODS,
    refuse_token=_refuse_token,
    refuse_throttled=_refuse_throttled,
    refuse_planned=_refuse_planned,
    unknown_method=_unknown_method,
    encode=encode,
    encode_error=encode_error,
    connection=_connection,
    authorize=GRANTS,
)
