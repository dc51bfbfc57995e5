"""Kuaidi100's shape: `/label/order` with `method` order or cancel, signed over parameters and time."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sandbox.waybill.ledger import Label, Ledger, RefusalError

SERVICE = "kuaidi100"
SKEW = timedelta(minutes=10)
CODES = frozenset({"shunfeng", "zhongtong", "yuantong", "youzhengguonei", "jd"})
FAILURES = {"quota": 30010, "busy": 500, "unknown": 30004}


def sign(form: Mapping[str, str], key: str, secret: str) -> str:
    """Return the signature."""
    text = f"{form.get('param', '')}{form.get('t', '')}{key}{secret}"
    return hashlib.md5(text.encode()).hexdigest().upper()  # noqa: S324 - Kuaidi100's own


def method_of(form: Mapping[str, str]) -> str:
    """Return the call's method."""
    return form.get("method", "")


def failure(code: int, message: str) -> dict[str, Any]:
    """Return an error as the service says it."""
    return {"code": code, "message": message, "time": 3}


def refused(form: Mapping[str, str], key: str, secret: str, now: datetime) -> dict[str, Any] | None:
    """Return what an unacceptable call gets; None for one that may be worked on."""
    if form.get("key") != key or form.get("sign") != sign(form, key, secret):
        return failure(30002, "验证签名失败")
    stamp = form.get("t", "")
    if not stamp.isdecimal() or abs(int(stamp) / 1000 - now.timestamp()) > SKEW.total_seconds():
        return failure(30002, "时间戳过期")
    return None


def work(ledger: Ledger, form: Mapping[str, str]) -> dict[str, Any]:
    """Return the answer to a call that is signed."""
    try:
        wanted = json.loads(form["param"])
        if method_of(form) == "order":
            return _made(_order(ledger, wanted))
        if method_of(form) == "cancel":
            ledger.void(wanted["kuaidinum"])
            return {"code": 200, "message": "success", "time": 5}
    except RefusalError as error:
        return failure(FAILURES.get(error.code, 30003), str(error))
    except (KeyError, ValueError, TypeError) as error:
        return failure(400, str(error))
    return failure(400, "method")


def _order(ledger: Ledger, wanted: dict[str, Any]) -> Label:
    receiver = wanted["recMan"]
    if wanted["kuaidicom"] not in CODES or not wanted["partnerId"] or not receiver["printAddr"]:
        raise RefusalError("missing", "kuaidicom、partnerId、printAddr 必填")
    if "*" in receiver["mobile"] and not wanted.get("oaid"):
        raise RefusalError("oaid", "脱敏的收件人必须带 oaid")
    label = Label(
        SERVICE, wanted["kuaidicom"], wanted["orderId"], "", wanted["thirdOrderId"], wanted.get("oaid", ""),
        f"{receiver['name']} {receiver['mobile']}", wanted.get("collection", ""),
        round(float(wanted["weight"]) * 1000), wanted.get("net", ""), receiver["printAddr"],
    )  # fmt: skip
    if wanted.get("reorder", True):
        ledger.labels.append(label)
        return label
    return ledger.make(label)


def _made(label: Label) -> dict[str, Any]:
    task = hashlib.sha256(label.number.encode()).hexdigest()[:16].upper()
    data = {"taskId": task, "kuaidinum": label.number, "label": f"https://label.example.com/{task}.png"}
    return {"code": 200, "message": "success", "data": data, "time": 132}
