"""A waybill service in Cainiao's shape (`cainiao.waybill.ii.*` through TOP): at most ten labels in one call.

Sources, and what is unconfirmed of it: docs/waybill.md.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from orderhub.clock import BEIJING, Clock
from orderhub.config.carriers import WaybillAccount
from orderhub.config.models import Sender
from orderhub.connections import Connection
from orderhub.errors import ContractError, CredentialError, RefusedError, TransientError
from orderhub.fulfillment.waybill.label import Answers, Label, LabelRequest, Place, is_void, yuan
from orderhub.fulfillment.waybill.wire import FormDoor, number_in, quoted
from orderhub.fulfillment.wms.account import is_absent
from orderhub.platforms.payload import clean, parse_json
from orderhub.platforms.signing import Unsigned, md5_between_secrets

MOST_IN_ONE_CALL = 10
#: TOP's own codes: of the account, its rights, its signature and time; of no label.
_DENIED = frozenset({"11", "12", "25", "26", "27", "28", "29", "30", "31"})
_CLOCK = "isv.invalid-timestamp"
#: Too many calls; the service is away.
_PASSING = frozenset({"7", "10"})
#: The merchant's numbers at the carrier are used up; a person buys more, and the call goes through.
QUOTA = "isv.waybill-quota-not-enough"


class Cainiao:
    """One account at the service.

    Raises:
        ConfigError: the connection lacks something.
    """

    def __init__(
        self, connection: Connection, clock: Clock, account: WaybillAccount, carrier_code: str
    ) -> None:
        self._door = FormDoor(connection, clock, "waybill service")
        self._session = str(connection.extra.get("session", ""))
        self._user_id = str(connection.extra.get("user_id", ""))
        self._clock, self._account, self._code = clock, account, carrier_code

    def get(self, requests: Sequence[LabelRequest]) -> Answers:
        """Ask for labels; a call that is refused as a whole is made again for each label alone."""
        try:
            return Answers(self._applied(requests))
        except RefusedError as refusal:
            if len(requests) == 1:
                return Answers(refused={requests[0].object_id: str(refusal)})
        parts = [self.get([request]) for request in requests]
        refused = {object_id: why for part in parts for object_id, why in part.refused.items()}
        return Answers([label for part in parts for label in part.labels], refused)

    def find(self, request: LabelRequest) -> Label | None:
        """Return the label that an earlier call made."""
        wanted = {
            "object_id": request.object_id,
            "cp_code": self._code,
            "order_channels_type": request.channel,
            "trade_order_list": list(request.platform_order_ids),
        }
        try:
            said = self._call("cainiao.waybill.ii.query.by.tradecode", {"param_list": _json([wanted])})
        except RefusedError as refusal:
            if is_absent(str(refusal)):
                return None
            raise ContractError(f"waybill service: whether a label exists: {refusal}") from None
        return next((label for label in self._labels(said) if label.object_id == request.object_id), None)

    def cancel(self, request: LabelRequest) -> None:
        """Take a label back; one that is void already is."""
        wanted = {"cp_code": self._code, "waybill_code": request.tracking_number or ""}
        try:
            self._call("cainiao.waybill.ii.cancel", wanted)
        except RefusedError as refusal:
            if not is_void(str(refusal)):
                raise

    def _applied(self, requests: Sequence[LabelRequest]) -> list[Label]:
        first = requests[0]
        body = {
            "cp_code": self._code,
            "product_code": self._account.product or None,
            "customer_code": self._account.account or None,
            "need_encrypt": True,
            "sender": _sender(first.sender),
            "trade_order_info_dtos": [self._order(request) for request in requests],
        }
        said = self._call(
            "cainiao.waybill.ii.get", {"param_waybill_cloud_print_apply_new_request": _json(body)}
        )
        asked = {request.object_id for request in requests}
        return [label for label in self._labels(said) if label.object_id in asked]

    def _order(self, request: LabelRequest) -> dict[str, Any]:
        services = {"SVC-COD": {"value": yuan(request.cod_fen)}} if request.cod_fen else None
        return {
            "object_id": request.object_id,
            "template_url": self._account.template,
            "user_id": self._user_id,
            "logistics_services": _json(services) if services else None,
            "order_info": {
                "order_channels_type": request.channel,
                "trade_order_list": list(request.platform_order_ids),
            },
            "package_info": {
                "id": request.object_id,
                "weight": request.weight_g,
                "good_value": yuan(request.value_fen),
                "items": [{"name": name, "count": count} for name, count in request.items],
            },
            "recipient": {
                "name": request.name,
                "mobile": request.phone,
                "oaid": request.token,
                "tid": request.platform_order_ids[0],
                "address": _address(request.place),
            },
        }

    def _call(self, method: str, business: Mapping[str, str]) -> dict[str, Any]:
        form = {
            "method": method,
            "app_key": self._door.key,
            "session": self._session,
            "timestamp": self._clock.now().astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S"),
            "format": "json",
            "v": "2.0",
            "sign_method": "md5",
            **business,
        }
        said = self._door.post({**form, "sign": md5_between_secrets(Unsigned(form), self._door.secret)})
        error = said.get("error_response")
        if isinstance(error, dict):
            raise _error(error, self._session, self._door.secret)
        answer = said.get(f"{method.replace('.', '_')}_response")
        if not isinstance(answer, dict):
            raise ContractError(f"waybill service: {method} was answered with something else")
        return answer

    def _labels(self, answer: Mapping[str, Any]) -> list[Label]:
        modules = answer.get("modules")
        listed = modules.get("waybill_cloud_print_response") if isinstance(modules, dict) else None
        # One alone may come without a list.
        return [self._label(one) for one in ([listed] if isinstance(listed, dict) else listed or ())]

    def _label(self, said: Any) -> Label:
        if not (isinstance(said, dict) and isinstance(said.get("object_id"), str)):
            raise ContractError("waybill service: a label without object_id")
        text, _ = clean(str(said.get("print_data") or "{}"))
        data = parse_json(text.encode(), "waybill service: print_data")
        if not isinstance(data, dict):
            raise ContractError("waybill service: print_data is not a JSON object")
        template = str(data.get("templateURL") or self._account.template)
        return Label(said["object_id"], number_in(said.get("waybill_code")), template, data)


def _error(error: Mapping[str, Any], *secrets: str) -> Exception:
    code, sub_code = str(error.get("code", "")), str(error.get("sub_code", ""))
    words = str(error.get("sub_msg") or error.get("msg") or "")
    said = quoted(f"{sub_code or code} {words}", *secrets)
    if code in _DENIED or sub_code == _CLOCK:
        return CredentialError(
            f"waybill service refuses our calls ({said}); check its connection and this machine's clock"
        )
    if code in _PASSING or sub_code.startswith("isp.") or sub_code == QUOTA:
        return TransientError(f"waybill service: {said}")
    return RefusedError(said)


def _sender(sender: Sender) -> dict[str, Any]:
    place = Place(sender.province, sender.city, sender.district, "", sender.address)
    return {"name": sender.name, "mobile": sender.phone, "address": _address(place)}


def _address(place: Place) -> dict[str, str]:
    parts = {
        "province": place.province, "city": place.city, "district": place.district, "town": place.town,
        "detail": place.detail,
    }  # fmt: skip
    return {name: value for name, value in parts.items() if value}


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
