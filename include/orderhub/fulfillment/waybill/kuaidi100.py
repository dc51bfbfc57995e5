"""A waybill service in Kuaidi100's shape (electronic labels V2): one label in one call, never ordered again.

With `reorder` false the same order id gives the first label for 48 hours: that is how it is asked.
Sources, and what is unconfirmed of it: docs/waybill.md.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from orderhub.clock import Clock
from orderhub.config.carriers import WaybillAccount
from orderhub.connections import Connection
from orderhub.errors import ContractError, CredentialError, RefusedError, TransientError
from orderhub.fulfillment.waybill.label import Answers, Label, LabelRequest, Place, is_void, yuan
from orderhub.fulfillment.waybill.wire import FormDoor, number_in, quoted
from orderhub.platforms.payload import clean

_FINE = "200"
_SIGN, _BUSY = "30002", "500"
#: The merchant's numbers at the carrier are used up; a person buys more, and the call goes through.
QUOTA = "30010"
#: Within 48 hours the service gives the first label again; later it might make a second one.
_REMEMBERS = timedelta(hours=47)


class Kuaidi100:
    """One account at the service.

    Raises:
        ConfigError: the connection lacks something.
    """

    def __init__(
        self, connection: Connection, clock: Clock, account: WaybillAccount, carrier_code: str
    ) -> None:
        self._door = FormDoor(connection, clock, "waybill service")
        self._clock, self._account, self._code = clock, account, carrier_code

    def get(self, requests: Sequence[LabelRequest]) -> Answers:
        """Ask for labels, one after the other."""
        labels: list[Label] = []
        refused: dict[str, str] = {}
        for request in requests:
            if self._clock.now() - request.requested_at > _REMEMBERS:
                refused[request.object_id] = "in doubt for two days; ask the carrier whether a label exists"
                continue
            try:
                labels.append(self._ordered(request))
            except RefusedError as refusal:
                refused[request.object_id] = str(refusal)
        return Answers(labels, refused)

    def find(self, request: LabelRequest) -> Label | None:
        """Order again under the same id, which gives the first label, or the one that is missing."""
        answers = self.get([request])
        return next(iter(answers.labels), None)

    def cancel(self, request: LabelRequest) -> None:
        """Take a label back; one that is void already is."""
        wanted = {
            "partnerId": self._account.account,
            "kuaidicom": self._code,
            "kuaidinum": request.tracking_number,
            "orderId": request.object_id,
            "reason": "订单取消",
        }
        try:
            self._call("cancel", wanted)
        except RefusedError as refusal:
            if not is_void(str(refusal)):
                raise

    def _ordered(self, request: LabelRequest) -> Label:
        said = self._call("order", self._order(request))
        number = number_in(said.get("kuaidinum"))
        data = {name: clean(str(said[name]))[0] for name in ("taskId", "label") if said.get(name)}
        return Label(request.object_id, number, self._account.template, data)

    def _order(self, request: LabelRequest) -> dict[str, Any]:
        sender = request.sender
        home = Place(sender.province, sender.city, sender.district, "", sender.address)
        return {
            "printType": "IMAGE",
            "partnerId": self._account.account,
            "net": request.channel,
            "kuaidicom": self._code,
            "recMan": {"name": request.name, "mobile": request.phone, "printAddr": _written(request.place)},
            "sendMan": {"name": sender.name, "mobile": sender.phone, "printAddr": _written(home)},
            "cargo": "、".join(name for name, _ in request.items)[:200],
            "count": 1,
            "weight": round(request.weight_g / 1000, 3),
            "payType": "MONTHLY",
            "expType": self._account.product or "标准快递",
            "orderId": request.object_id,
            "reorder": False,
            "tempId": self._account.template,
            "oaid": request.token,
            "thirdOrderId": ",".join(request.platform_order_ids),
            **({"collection": yuan(request.cod_fen)} if request.cod_fen else {}),
        }

    def _call(self, method: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        text = json.dumps(parameters, ensure_ascii=False, separators=(",", ":"))
        stamp = str(int(self._clock.now().timestamp() * 1000))
        said = self._door.post(
            {
                "key": self._door.key,
                "sign": sign(text, stamp, self._door.key, self._door.secret),
                "t": stamp,
                "method": method,
                "param": text,
            }
        )
        code, message = said.get("code"), quoted(str(said.get("message", "")), self._door.secret)
        if not isinstance(code, str | int):
            raise ContractError("waybill service: an answer without a code")
        return self._settled(quoted(str(code)), message, said.get("data"))

    def _settled(self, code: str, message: str, data: Any) -> dict[str, Any]:
        if code == _SIGN:
            raise CredentialError(
                f"waybill service refuses our calls ({code} {message}); check its connection"
            )
        if code in (QUOTA, _BUSY):
            raise TransientError(f"waybill service: {code} {message}")
        if code != _FINE:
            raise RefusedError(f"{code} {message}")
        return data if isinstance(data, dict) else {}


def sign(text: str, stamp: str, key: str, secret: str) -> str:
    """Return the signature of a label call: MD5 over parameters, time, key, secret; upper-case hex."""
    return hashlib.md5(f"{text}{stamp}{key}{secret}".encode(), usedforsecurity=False).hexdigest().upper()


def _written(place: Place) -> str:
    return f"{place.province}{place.city}{place.district}{place.town}{place.detail}"
