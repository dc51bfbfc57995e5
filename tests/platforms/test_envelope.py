"""How answers say that they failed, platform by platform, and what that means for us."""

import json
from typing import Any

import pytest

from orderhub.errors import ContractError, CredentialError, RequestRefused, ThrottledError, TransientError
from orderhub.platforms.envelope import Answer, body_of, refusal_in
from orderhub.platforms.protocol import Call, Envelope, Result

IN_BAND = Envelope.model_validate({
    "success": ["10000"], "code": "code", "sub_code": "sub_code", "message": "sub_msg|msg",
    "errors": [
        {"code": "60000", "means": "throttle", "wait_seconds": 3},
        {"sub_code": r"^isv\.access-token", "means": "credential"},
        {"code": "20000", "means": "transient"},
        {"code": "40003", "means": "request"},
    ],
})  # fmt: skip
NESTED = Envelope.model_validate({
    "error": "error_response", "code": "code|error_code", "sub_code": "sub_code", "message": "zh_desc|error_msg",
    "errors": [
        {"code": "70031", "means": "throttle", "wait_seconds": 60},
        {"code": "19", "means": "credential"},
        {"sub_code": "^ORDER_BUSY$", "means": "transient"},
    ],
})  # fmt: skip
SPOKEN = Envelope.model_validate({
    "error": "error_response", "code": "error_code", "message": "sub_msg|error_msg",
    "errors": [
        {"code": "10001", "said": "timestamp", "means": "transient"},
        {"code": "10001", "means": "request"},
    ],
})  # fmt: skip
HTTP = Envelope.model_validate({
    "error": "error", "code": "code", "message": "message", "wait": "retry_after",
    "errors": [
        {"code": "rate_limited", "means": "throttle"},
        {"code": "bad_signature", "means": "credential"},
        {"code": "bad_request", "means": "request"},
    ],
})  # fmt: skip
LAYERED = Call(
    method="m", root="result",
    result=Result(success="apiResult.success", code="apiResult.englishErrCode", message="apiResult.chineseErrCode"),
)  # fmt: skip


def answer(value: Any, status: int = 200, retry_after: str = "") -> Answer:
    return Answer(status, json.dumps(value).encode(), retry_after, "list")


@pytest.mark.parametrize(
    "value, error",
    [
        ({"code": 60000, "msg": "flow limit"}, ThrottledError),
        ({"code": 40003, "sub_code": "isv.access-token-expired"}, CredentialError),
        ({"code": 20000, "sub_code": "isp.service-error:20004"}, TransientError),
        ({"code": 40003, "sub_code": "isv.timestamp-invalid"}, RequestRefused),
        ({"code": 30001, "sub_code": "dop.app-forbidden"}, ContractError),
    ],
)
def test_code_in_the_answer_decides_what_a_refusal_means(value: dict[str, Any], error: type[Exception]):
    assert isinstance(refusal_in(IN_BAND, "m", answer(value)), error)


@pytest.mark.parametrize(
    "said, error",
    [("公共参数错误:timestamp相差超过10分钟", TransientError), ("公共参数错误:page", RequestRefused)],
)
def test_message_tells_apart_what_shares_a_code(said: str, error: type[Exception]):
    value = {"error_response": {"error_code": 10001, "sub_msg": said}}

    assert isinstance(refusal_in(SPOKEN, "m", answer(value)), error)


@pytest.mark.parametrize("value", [{"code": 10000, "data": {}}, {"code": "10000", "data": {}}, {"data": {}}])
def test_code_of_success_as_number_or_text_or_absent_is_no_refusal(value: dict[str, Any]):
    assert refusal_in(IN_BAND, "m", answer(value)) is None


@pytest.mark.parametrize(
    "value, error",
    [
        ({"error_response": {"code": "19", "zh_desc": "无效access_token"}}, CredentialError),
        ({"error_response": {"error_code": 70031, "error_msg": "x", "sub_code": None}}, ThrottledError),
        ({"error_response": None, "ok": {}}, type(None)),
    ],
)
def test_error_object_is_a_refusal_wherever_its_code_stands(value: dict[str, Any], error: type[Any]):
    assert isinstance(refusal_in(NESTED, "m", answer(value)), error)


@pytest.mark.parametrize(
    "status, value, retry_after, error, wait",
    [
        (429, {"error": {"code": "rate_limited", "retry_after": 2}}, "", ThrottledError, 2.0),
        (429, {"error": {"code": "rate_limited"}}, "7", ThrottledError, 7.0),
        (429, {"error": {"code": "rate_limited"}}, "", ThrottledError, 1.0),
        (429, {}, "17", ThrottledError, 17.0),
        (429, "busy", "", ThrottledError, 5.0),
        (401, {"error": {"code": "bad_signature"}}, "", CredentialError, None),
        (422, {"error": {"code": "bad_request"}}, "", RequestRefused, None),
        (418, {"error": {"code": "teapot"}}, "", ContractError, None),
        (503, {"error": {"code": "teapot"}}, "", TransientError, None),
    ],
)
def test_http_status_and_error_object_are_read_together(
    status: int, value: Any, retry_after: str, error: type[Exception], wait: float | None
):
    found = refusal_in(HTTP, "m", answer(value, status, retry_after))

    assert (type(found), getattr(found, "wait_seconds", None)) == (error, wait)


def test_waiting_time_of_a_header_counts_when_the_body_names_none():
    found = refusal_in(IN_BAND, "m", answer({"code": 60000}, retry_after="9"))

    assert isinstance(found, ThrottledError)
    assert found.wait_seconds == 9.0


@pytest.mark.parametrize("success", [True, "true", "1", 1])
def test_success_of_the_second_layer_may_be_boolean_number_or_text(success: Any):
    value = {"result": {"apiResult": {"success": success}, "orderTotal": 1}}

    assert body_of(NESTED, LAYERED, answer(value))["orderTotal"] == 1


@pytest.mark.parametrize(
    "result, error",
    [
        ({"success": False, "englishErrCode": "ORDER_BUSY", "chineseErrCode": "忙"}, TransientError),
        ({"success": "false", "englishErrCode": "ELSE", "chineseErrCode": "其它"}, ContractError),
        ({}, ContractError),
    ],
)
def test_failure_of_the_second_layer_is_told_by_its_code(result: dict[str, Any], error: type[Exception]):
    with pytest.raises(error):
        body_of(NESTED, LAYERED, answer({"result": {"apiResult": result}}))


@pytest.mark.parametrize(
    "root, paths, value, found",
    [
        ("", ["token_result"], {"token_result": '{"a": 1}'}, {"token_result": {"a": 1}}),
        ("x", [""], {"x": '{"a": 1}'}, {"a": 1}),
        (
            "", ["list.*.items.*.ext"], {"list": [{"items": [{"ext": '{"u":"1"}'}, {"ext": ""}, {}]}]},
            {"list": [{"items": [{"ext": {"u": "1"}}, {"ext": ""}, {}]}]},
        ),
        ("", ["absent.deep", "list.*"], {"list": None}, {"list": None}),
        ("", ["already"], {"already": {"b": 2}}, {"already": {"b": 2}}),
    ],
)  # fmt: skip
def test_json_inside_text_is_decoded_where_the_spec_says_so(
    root: str, paths: list[str], value: Any, found: Any
):
    call = Call(method="m", root=root, json_texts=tuple(paths))

    assert body_of(IN_BAND, call, answer(value)) == found


def test_text_that_should_be_json_and_is_not_breaks_the_contract():
    call = Call(method="m", root="", json_texts=("x",))

    with pytest.raises(ContractError, match="not the documented JSON"):
        body_of(IN_BAND, call, answer({"x": "{"}))
