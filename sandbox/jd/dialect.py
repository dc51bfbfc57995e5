"""The JD protocol in one place: request, methods and wire form put together."""

from datetime import datetime
from typing import Any

from sandbox.credentials import Credentials
from sandbox.faults import Fault
from sandbox.gateway.dialect import Dialect, Subject
from sandbox.gateway.tokens import Standing
from sandbox.gateway.wire import Incoming, RefusalError, Reply
from sandbox.jd import oauth
from sandbox.jd.envelope import business_failure, encode_refusal, encode_success, jos_error, result_of
from sandbox.jd.methods import APPLICATIONS, DETAIL, EN_DETAIL, METHODS, REMARKS, SERVICES
from sandbox.jd.order import vender_id
from sandbox.jd.request import business_of, check_common
from sandbox.jd.shipping import SHIPMENT, failed
from sandbox.jd.stock import SET_STOCK
from sandbox.world.catalog import Shop

PATH = "/jd/routerjson"
OAUTH_PATH = "/jd/oauth/token"
PAGES = ("page", "pageIndex", "pageNumber")
#: The fault that a plan means when it names no code: another platform's word for "try again".
UNNAMED = 15
RESULTS = {APPLICATIONS: "queryResult", SERVICES: "pageResult"}


def _subject(incoming: Incoming) -> Subject:
    if incoming.path == OAUTH_PATH:
        return Subject(oauth.REFRESH)
    form, wish = incoming.form, business_of(incoming)
    page = next((str(wish[name]) for name in PAGES if name in wish), "1")
    return Subject(
        form.get("method", ""),
        form.get("access_token", ""),
        int(page) if page.isascii() and page.isdigit() else 0,
        str(wish.get("order_id") or wish.get("orderId") or ""),
    )


def _check(incoming: Incoming, credentials: Credentials, now: datetime) -> None:
    if incoming.path == OAUTH_PATH:
        oauth.check_refresh(incoming, credentials)
    else:
        check_common(incoming, credentials, now)


def _refuse_token(standing: Standing) -> RefusalError:
    return jos_error("18" if standing is Standing.MISSING else "19")


def _refuse_throttled(_seconds: float) -> RefusalError:
    return jos_error("2")


def _refuse_planned(fault: Fault) -> RefusalError:
    if fault.code == UNNAMED:
        return jos_error("66")
    return business_failure(fault.sub_code, fault.msg) if fault.code == 0 else jos_error(str(fault.code))


def _unknown_method() -> RefusalError:
    return jos_error("15")


def _encode(incoming: Incoming, method: str, body: dict[str, Any], number: int) -> Reply:
    return Reply.of_json(body) if incoming.path == OAUTH_PATH else encode_success(method, body, number)


def _encode_error(incoming: Incoming, refused: RefusalError, number: int) -> Reply:
    if incoming.path == OAUTH_PATH:
        return Reply.of_json(refused.body)
    if "business" in refused.body:
        method = incoming.form["method"]
        return encode_success(method, _failed(method, refused.body), number)
    return encode_refusal(refused, number)


def _failed(method: str, body: dict[str, Any]) -> dict[str, Any]:
    match method:
        case _ if method in {DETAIL, EN_DETAIL}:
            return {"orderDetailInfo": {"apiResult": result_of(body)}}
        case _ if method == SHIPMENT:
            return failed(body["business"], body["message"])
        case _ if method == SET_STOCK:
            return {"returnType": {"success": False, "errorMessage": body["message"]}}
        case _ if method in RESULTS:
            result = {"success": False, "errorCode": body["business"], "message": body["message"]}
            return {RESULTS[method]: result}
        case _ if method == REMARKS:
            result = {"resultCode": int(body["business"]), "errorMsg": body["message"]}
            return {"getremarkbymodifytime_result": result}
        case _:
            return {"searchorderinfo_result": {"apiResult": result_of(body)}}


def _connection(credentials: Credentials, shop: Shop, base: str) -> dict[str, Any]:
    return {
        "conn_type": "http",
        "host": base + PATH,
        "login": credentials.app_key,
        "password": credentials.app_secret,
        "extra": {
            "access_token": credentials.sessions[shop.shop_id],
            "refresh_token": oauth.refresh_token_of(credentials, shop.shop_id),
            "auth_host": base + OAUTH_PATH,
            "seller_id": vender_id(shop.shop_id),
        },
    }


DIALECT = Dialect(
    name="jd",
    title="京东",
    paths=(PATH, OAUTH_PATH),
    subject=_subject,
    check=_check,
    methods=METHODS,
    refuse_token=_refuse_token,
    refuse_throttled=_refuse_throttled,
    refuse_planned=_refuse_planned,
    unknown_method=_unknown_method,
    encode=_encode,
    encode_error=_encode_error,
    connection=_connection,
    authorize={oauth.REFRESH: oauth.refresh},
)
