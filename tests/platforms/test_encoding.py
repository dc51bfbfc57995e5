"""What goes over the wire for each encoding; signatures are the published or independently computed ones."""

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from orderhub.clock import FixedClock
from tests.platforms.scripted import Script, api, call, client

ENVELOPE = "envelope: {success: ['0'], code: code, message: msg, errors: [{code: '9', means: request}]}"
START = datetime(2024, 12, 31, 16, 0, tzinfo=UTC)
END = datetime(2024, 12, 31, 16, 15, tzinfo=UTC)
NOW = datetime(2024, 12, 31, 16, 16, tzinfo=UTC)
VALUES = {"start": START, "end": END, "page": 0, "size": 100, "cursor": "", "id": "7/8"}

JSON_SIGNED = f"""
endpoint: http://x
encoding: json
body_parameter: param_json
signing: hmac_sha256_between_secrets
signed: [app_key, method, param_json, timestamp, v]
method_parameter: method
common: {{v: "2", sign_method: hmac-sha256}}
headers: {{x-open-no-old-err-code: "1"}}
account: {{app_key: login, access_token: extra.session}}
timestamp_parameter: timestamp
{ENVELOPE}
"""
SEARCH = """
method: order.searchList
path: /order/searchList
root: data
parameters:
  size: "{size}"
  page: "{page}"
  order_by: update_time
  order_asc: true
  update_time_start: "{start}"
  update_time_end: "{end}"
"""
FORM_JSON = f"""
endpoint: http://x
encoding: form_json
body_parameter: 360buy_param_json
signing: md5_between_secrets
method_parameter: method
common: {{v: "2.0"}}
account: {{app_key: login, access_token: extra.session}}
timestamp_parameter: timestamp
timestamp_format: "%Y-%m-%d %H:%M:%S"
{ENVELOPE}
"""
TEXTS = """
method: jingdong.pop.order.search
root: data
parameters:
  start_date: "{start}"
  end_date: "{end}"
  order_state: WAIT_SELLER_STOCK_OUT
  optional_fields: orderId,orderState,modified
  page: "{page!s}"
  page_size: "{size!s}"
  sortType: 1
  dateType: 0
"""
UNSIGNED_JSON = f"""
endpoint: http://x
encoding: json
signing: none
account: {{access_token: extra.session}}
{ENVELOPE}
"""
RANGES = """
method: list
path: /channels/ec/order/list/get
root: data
parameters: {update_time_range: {start_time: "{start}", end_time: "{end}"}, page_size: "{size}", next_key: "{cursor}"}
"""
REST = f"""
endpoint: http://x
encoding: rest
signing: hmac_sha256_request
sign_parameter: X-Shop-Signature
account: {{X-Shop-Key: login}}
timestamp_parameter: X-Shop-Timestamp
nonce_parameter: X-Shop-Nonce
{ENVELOPE}
"""
ORDERS = """
method: orders
path: /openapi/v1/orders
root: data
parameters: {updated_from: "{start}", updated_to: "{end}", limit: "{size}", cursor: "{cursor}"}
"""
FORM = f"""
endpoint: http://x
encoding: form
signing: md5_between_secrets
method_parameter: type
account: {{client_id: login}}
timestamp_parameter: timestamp
{ENVELOPE}
"""


def sent(
    spec: str, asked: str, now: datetime = NOW, changed: dict[str, Any] | None = None, **account: Any
) -> Any:
    """Return the one request that a call makes."""
    script = Script({"code": 0, "data": {}})
    client(api(spec), FixedClock(now), script, **account).call(call(asked), VALUES, changed)
    return script.requests[0]


def query_of(request: Any) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(request.url).query))


def test_json_body_is_signed_with_sorted_keys_and_only_the_named_parameters():
    account = {
        "login": "7012345678901234567", "password": "3c5e7a90-1b2d-4f6e-8a9c-0d1e2f3a4b5c",
        "extra": {"session": "8f1c"},
    }  # fmt: skip

    request = sent(JSON_SIGNED, SEARCH, **account)

    assert request.body.decode() == (
        '{"order_asc":true,"order_by":"update_time","page":0,"size":100,'
        '"update_time_end":1735661700,"update_time_start":1735660800}'
    )
    assert query_of(request) == {
        "app_key": "7012345678901234567", "access_token": "8f1c", "method": "order.searchList", "v": "2",
        "timestamp": "1735661760", "sign_method": "hmac-sha256",
        "sign": "4ca882e88f96276419e40c2002dc1f24b839c19aeb889f81a9c0f4cc84f78161",
    }  # fmt: skip
    assert (urlsplit(request.url).path, request.headers["x-open-no-old-err-code"]) == (
        "/order/searchList",
        "1",
    )


def test_json_text_in_a_form_keeps_numbers_and_texts_apart():
    account = {"login": "DEMO", "password": "demojdsecret0001", "extra": {"session": "demojdtoken0001"}}

    form = dict(parse_qsl(sent(FORM_JSON, TEXTS, **account).body.decode()))

    assert json.loads(form["360buy_param_json"]) == {
        "start_date": "2025-01-01 00:00:00", "end_date": "2025-01-01 00:15:00", "page": "0",
        "page_size": "100", "sortType": 1, "dateType": 0, "order_state": "WAIT_SELLER_STOCK_OUT",
        "optional_fields": "orderId,orderState,modified",
    }  # fmt: skip
    assert (form["timestamp"], len(form["sign"])) == ("2025-01-01 00:16:00", 32)


def test_unsigned_json_call_has_its_token_in_the_query_and_whole_numbers_in_the_body():
    request = sent(UNSIGNED_JSON, RANGES, extra={"session": "TOKEN"})

    assert request.url == "http://platform/channels/ec/order/list/get?access_token=TOKEN"
    assert json.loads(request.body) == {
        "update_time_range": {"start_time": 1735660800, "end_time": 1735661700},
        "page_size": 100, "next_key": "",
    }  # fmt: skip


def test_rest_call_is_a_get_with_signed_headers_and_without_empty_parameters():
    request = sent(REST, ORDERS, login="key", password="shopsecret-2f9d")

    assert (request.method, request.body) == ("GET", None)
    assert urlsplit(request.url)[2:4] == (
        "/openapi/v1/orders", "limit=100&updated_from=1735660800&updated_to=1735661700",
    )  # fmt: skip
    assert (request.headers["X-Shop-Key"], request.headers["X-Shop-Timestamp"]) == ("key", "1735661760")
    assert (len(request.headers["X-Shop-Nonce"]), len(request.headers["X-Shop-Signature"])) == (16, 64)


def test_id_in_a_path_is_escaped():
    request = sent(REST, "{method: order, path: '/orders/{id}', root: data}", login="k", password="s")

    assert request.url == "http://platform/orders/7%2F8"


def test_form_carries_flags_in_lower_case_and_lists_as_json_text():
    asked = "{method: t, root: data, parameters: {use_has_next: true, data_list: [{data_tag: '{id}'}], page: '{page}'}}"

    form = dict(parse_qsl(sent(FORM, asked, login="1", password="s").body.decode()))

    assert (form["use_has_next"], form["data_list"], form["page"], form["timestamp"]) == (
        "true", '[{"data_tag":"7/8"}]', "0", "1735661760",
    )  # fmt: skip


def test_chinese_text_is_sent_as_utf_8():
    request = sent(
        UNSIGNED_JSON, "{method: m, root: data, parameters: {name: 中通快递}}", extra={"session": "T"}
    )

    assert request.body == '{"name":"中通快递"}'.encode()


def test_no_two_calls_share_a_nonce():
    script = Script({"code": 0, "data": {}})
    caller = client(api(REST), FixedClock(NOW), script, login="k", password="s")

    for _ in range(3):
        caller.call(call(ORDERS), VALUES)

    assert len({request.headers["X-Shop-Nonce"] for request in script.requests}) == 3
