"""Stock back to the shop: said by the documented call, and what the platform answers is understood."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests

from orderhub.errors import NotTaken, OrderhubError
from orderhub.fulfillment.listings import Listing
from tests.answers import body_of
from tests.contract.case import Case
from tests.contract.connector import Connector, StockFacts
from tests.contract.lab import Lab


class Till(requests.adapters.BaseAdapter):
    """Takes the call that tells stock, and answers what it is told to."""

    def __init__(self, connector: Connector, answer: dict[str, Any], status: int) -> None:
        super().__init__()
        self.connector, self.answer, self.status = connector, answer, status
        self.heard: list[tuple[str, dict[str, Any]]] = []

    def send(self, request: Any, *_: Any, **__: Any) -> requests.Response:
        self.heard.append(_read(self.connector, request))
        response = requests.Response()
        response.status_code = self.status
        response.raw = body_of(json.dumps(self.answer).encode())
        return response

    def close(self) -> None:
        """Nothing is open."""


def _read(connector: Connector, request: requests.PreparedRequest) -> tuple[str, dict[str, Any]]:
    """Return the method, or else the path, and the call's own parameters as their encoding carries them."""
    api, address = connector.api, urlsplit(request.url or "")
    body = request.body or b""
    text = body if isinstance(body, str) else body.decode()
    if api.encoding in ("json", "rest"):
        protocol, business = dict(parse_qsl(address.query)), json.loads(text)
    else:
        protocol = dict(parse_qsl(text, keep_blank_values=True))
        own = {*api.common, *api.account, api.method_parameter, api.timestamp_parameter, api.sign_parameter}
        business = {name: value for name, value in protocol.items() if name not in own}
        if api.body_parameter:
            business = json.loads(business[api.body_parameter])
    return protocol.get(api.method_parameter or "", "") or address.path, business


def _told(lab: Lab, answer: dict[str, Any], status: int = 200) -> tuple[Till, str | None]:
    """Tell the documented listing its pieces; return what was heard and what the answer meant."""
    call, facts = lab.connector.platform.spec.stock, _facts(lab.truth)
    assert call is not None
    till = Till(lab.connector, answer, status)
    client = lab.client()
    client._session.mount("http://", till)
    names = {"item_id": "", "sku_id": "", "merchant_code": ""} | facts.listing
    try:
        client.call(call, Listing(**names).values(facts.pieces, 700))
    except NotTaken as refusal:
        return till, refusal.means
    except OrderhubError as error:
        return till, type(error).__name__
    finally:
        client.close()
    return till, None


def _facts(connector: Connector) -> StockFacts:
    assert connector.contract.stock is not None
    return connector.contract.stock


def stock_is_told_by_the_documented_call(lab: Lab) -> None:
    facts = _facts(lab.truth)
    till, refused = _told(lab, facts.accepted)

    assert ([(facts.method, facts.says)], None) == (till.heard, refused)


def refused_stock_means_what_is_documented(lab: Lab) -> None:
    recorded = _facts(lab.truth).refusals
    understood = [_told(lab, refusal.body, refusal.status)[1] for refusal in recorded]

    assert [refusal.means for refusal in recorded] == understood


def stock_whose_answer_is_lost_is_not_repeated_in_place(lab: Lab) -> None:
    till, lost = _told(lab, {"busy": True}, 502)

    assert (1, "TransientError") == (len(till.heard), lost)


def tells_stock(connector: Connector, _stream: str) -> bool:
    return connector.platform.spec.stock is not None


_CHECKS: tuple[Callable[[Lab], None], ...] = (
    stock_is_told_by_the_documented_call,
    refused_stock_means_what_is_documented,
    stock_whose_answer_is_lost_is_not_repeated_in_place,
)
CASES = {check.__name__: Case(check, tells_stock) for check in _CHECKS}
