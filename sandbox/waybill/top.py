"""Cainiao's shape: `cainiao.waybill.ii.get`, `.query.by.tradecode`, `.cancel`, signed as TOP signs."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sandbox.waybill.ledger import Label, Ledger, RefusalError
from sandbox.world.platforms import BEIJING

SERVICE = "cainiao"
SKEW = timedelta(minutes=10)
MOST = 10
PLACE = ("province", "city", "district", "town", "detail")
CODES = frozenset({"SF", "ZTO", "YTO", "STO", "YUNDA", "EMS", "POSTB", "JD"})
_GET = "cainiao.waybill.ii.get"
_QUERY = "cainiao.waybill.ii.query.by.tradecode"
_CANCEL = "cainiao.waybill.ii.cancel"
FAILURES = {"quota": (15, "isv.waybill-quota-not-enough"), "busy": (15, "isp.remote-service-timeout")}


def sign(form: Mapping[str, str], secret: str) -> str:
    """Return TOP's signature: MD5 over secret, sorted parameters, secret; upper-case hex."""
    pairs = "".join(name + form[name] for name in sorted(form) if name != "sign")
    return hashlib.md5(f"{secret}{pairs}{secret}".encode()).hexdigest().upper()  # noqa: S324 - TOP's own


def method_of(form: Mapping[str, str]) -> str:
    """Return the call's method."""
    return form.get("method", "")


def failure(code: int, sub_code: str, message: str) -> dict[str, Any]:
    """Return an error as TOP says it."""
    error = {"code": code, "msg": "Remote service error", "sub_code": sub_code, "sub_msg": message}
    return {"error_response": error}


def refused(
    form: Mapping[str, str], key: str, secret: str, session: str, now: datetime
) -> dict[str, Any] | None:
    """Return what an unacceptable call gets; None for one that may be worked on."""
    if form.get("app_key") != key or form.get("sign") != sign(form, secret):
        return failure(25, "isv.invalid-signature", "Invalid signature")
    if form.get("session") != session:
        return failure(27, "isv.invalid-session", "Invalid session")
    try:
        stamp = datetime.strptime(form.get("timestamp", ""), "%Y-%m-%d %H:%M:%S").replace(tzinfo=BEIJING)
    except ValueError:
        return failure(41, "isv.invalid-timestamp", "timestamp")
    if abs(stamp - now) > SKEW:
        return failure(41, "isv.invalid-timestamp", "timestamp")
    return None


def work(ledger: Ledger, form: Mapping[str, str]) -> dict[str, Any]:
    """Return the answer to a call that is signed."""
    method = method_of(form)
    try:
        if method == _GET:
            return _answer(
                method, _get(ledger, json.loads(form["param_waybill_cloud_print_apply_new_request"]))
            )
        if method == _QUERY:
            wanted = json.loads(form["param_list"])
            found = [ledger.find(SERVICE, one["object_id"]) for one in wanted]
            return _answer(method, [one for one in found if one is not None])
        if method == _CANCEL:
            ledger.void(form["waybill_code"])
            return {"cainiao_waybill_ii_cancel_response": {"cancel_result": True, "request_id": "sandbox"}}
    except RefusalError as error:
        code, sub_code = FAILURES.get(error.code, (15, f"isv.{error.code}"))
        return failure(code, sub_code, str(error))
    except (KeyError, ValueError, TypeError, IndexError) as error:
        return failure(41, "isv.invalid-parameter", str(error))
    return failure(22, "isv.invalid-method", method)


def _answer(method: str, labels: list[Label]) -> dict[str, Any]:
    modules = [
        {
            "object_id": one.object_id, "waybill_code": one.number, "cp_code": one.carrier,
            "real_cp_code": one.carrier, "print_data": json.dumps(_sealed(one)),
        }
        for one in labels
    ]  # fmt: skip
    named = method.replace(".", "_") + "_response"
    return {named: {"modules": {"waybill_cloud_print_response": modules}, "request_id": "sandbox"}}


def _sealed(label: Label) -> dict[str, str]:
    seal = hashlib.sha256(f"{label.number}{label.oaid}".encode()).hexdigest()
    return {
        "encryptedData": f"AES:{seal}",
        "signature": f"MD:{seal[:16]}",
        "templateURL": "http://cloudprint.cainiao.com/template/standard/301",
        "ver": "waybill_print_secret_version_1",
    }


def _get(ledger: Ledger, body: dict[str, Any]) -> list[Label]:
    orders = body["trade_order_info_dtos"]
    if body["cp_code"] not in CODES or not body["sender"]["address"]["province"]:
        raise RefusalError("cp-code", f"没有开通这家快递: {body['cp_code']}")
    if not 0 < len(orders) <= MOST:
        raise RefusalError("too-many", f"一次最多 {MOST} 单")
    wanted = [_label(body["cp_code"], order) for order in orders]
    return [ledger.make(label) for label in wanted]


def _label(code: str, order: dict[str, Any]) -> Label:
    recipient, package = order["recipient"], order["package_info"]
    if not (order["template_url"] and order["user_id"] and package["items"]):
        raise RefusalError("missing", "template_url、user_id、items 必填")
    if "*" in recipient["mobile"] and not (recipient.get("oaid") and recipient.get("tid")):
        raise RefusalError("oaid", "脱敏的收件人必须带 oaid 和 tid")
    if recipient["address"].get("town") == "不存在街道":
        raise RefusalError("address", "收件地址无法派送")
    services = json.loads(order.get("logistics_services") or "{}")
    orders = order["order_info"]["trade_order_list"]
    if not orders or recipient.get("tid") not in {None, *orders}:
        raise RefusalError("trade-order", "trade_order_list 里没有 tid 那一单")
    return Label(
        SERVICE, code, order["object_id"], "", ",".join(orders), recipient["oaid"],
        f"{recipient['name']} {recipient['mobile']}", services.get("SVC-COD", {}).get("value", ""),
        int(package["weight"]), order["order_info"]["order_channels_type"],
        "".join(recipient["address"].get(part) or "" for part in PLACE),
    )  # fmt: skip
