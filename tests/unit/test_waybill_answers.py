"""What waybill services may answer: in another type, about another label, with words that no database takes."""

from collections.abc import Mapping
from typing import Any

import pytest

from orderhub.clock import FixedClock
from orderhub.config.carriers import WaybillAccount
from orderhub.config.models import Sender
from orderhub.connections import Connection
from orderhub.errors import ContractError, CredentialError, OrderhubError, RefusedError, TransientError
from orderhub.fulfillment.waybill.cainiao import Cainiao
from orderhub.fulfillment.waybill.kuaidi100 import Kuaidi100
from orderhub.fulfillment.waybill.label import LabelRequest, Place
from tests.builders import NOON

SESSION, SECRET = "6100e23a5f0123456789", "the-secret-of-it"
CONNECTION = Connection.model_validate(
    {
        "host": "h",
        "login": "key",
        "password": SECRET,
        "extra": {"session": SESSION, "user_id": "u"},
    }
)
GET = "cainiao_waybill_ii_get_response"
ASKED = "cainiao_waybill_ii_query_by_tradecode_response"


class Door:
    """Answers the same whatever is posted."""

    key, secret = "key", SECRET

    def __init__(self, answer: Mapping[str, Any]) -> None:
        self.answer = answer

    def post(self, _form: Mapping[str, str]) -> Mapping[str, Any]:
        return self.answer


def service(kind: type[Cainiao] | type[Kuaidi100], answer: Mapping[str, Any]) -> Any:
    account = WaybillAccount(
        service="cainiao", connection="c", template="http://t", channels={"taobao": "TB"}
    )
    opened = kind(CONNECTION, FixedClock(NOON), account, "ZTO")
    opened._door = Door(answer)
    return opened


def request(object_id: str = "tb-1-1") -> LabelRequest:
    sender = Sender(name="a", phone="1", province="b", city="c", address="d")
    place = Place("浙江省", "杭州市", "", "", "***")
    return LabelRequest(
        object_id, "TB", ["1"], sender, "***", "***", place, "oaid", [("MUG", 1)], 500, 100, 0, NOON
    )


def label(
    object_id: str = "tb-1-1", number: Any = "78500000000001", data: Any = '{"a": 1}'
) -> dict[str, Any]:
    return {"object_id": object_id, "waybill_code": number, "print_data": data}


def made(*labels: Any, name: str = GET) -> dict[str, Any]:
    return {name: {"modules": {"waybill_cloud_print_response": list(labels)}}}


@pytest.mark.parametrize("data", ["[1]", "7", "not JSON", '"text"', "[" * 100_000, '{"a": NaN}'])
def test_print_data_that_nobody_can_read_is_no_label(data: str):
    with pytest.raises(ContractError):
        service(Cainiao, made(label(data=data))).get([request()])


@pytest.mark.parametrize("number", ["", " ", "无", "A,B", {"x": 1}, None, True])
def test_what_is_no_number_is_no_label(number: Any):
    with pytest.raises(ContractError):
        service(Cainiao, made(label(number=number))).get([request()])
    with pytest.raises(ContractError):
        service(Kuaidi100, {"code": 200, "data": {"kuaidinum": number}}).get([request()])


@pytest.mark.parametrize(("number", "plain"), [(78500000000001, "78500000000001"), (" ｓｆ1 ", "SF1")])
def test_a_number_may_come_as_any_type_and_in_any_width(number: Any, plain: str):
    [one] = service(Cainiao, made(label(number=number))).get([request()]).labels
    [other] = service(Kuaidi100, {"code": 200, "data": {"kuaidinum": number}}).get([request()]).labels

    assert (one.tracking_number, other.tracking_number) == (plain, plain)


def test_a_single_label_may_come_without_a_list():
    answer = {GET: {"modules": {"waybill_cloud_print_response": label()}}}

    assert [one.object_id for one in service(Cainiao, answer).get([request()]).labels] == ["tb-1-1"]


@pytest.mark.parametrize("modules", [None, [], "x", {"waybill_cloud_print_response": None}])
def test_an_answer_without_labels_settles_nothing(modules: Any):
    assert service(Cainiao, {GET: {"modules": modules}}).get([request()]).labels == []


def test_a_label_that_was_not_asked_for_is_not_taken_for_one_that_was():
    foreign = label("tb-9-1")

    taken = service(Cainiao, made(foreign, label())).get([request()])
    found = service(Cainiao, made(foreign, name=ASKED)).find(request())

    assert ([one.object_id for one in taken.labels], found) == (["tb-1-1"], None)


@pytest.mark.parametrize("code", [200, "200"])
def test_success_may_be_a_number_or_text(code: Any):
    answer = {"code": code, "data": {"kuaidinum": "78500000000001"}}

    assert [one.tracking_number for one in service(Kuaidi100, answer).get([request()]).labels] == [
        "78500000000001"
    ]


@pytest.mark.parametrize("code", ["500", "30010", 500])
def test_what_passes_is_no_refusal_whatever_its_type(code: Any):
    with pytest.raises(TransientError):
        service(Kuaidi100, {"code": code, "message": "x"}).get([request()])


@pytest.mark.parametrize("answer", [{}, {"message": "ok"}, {"code": None}, {"code": [200]}])
def test_an_answer_without_a_code_refuses_nothing(answer: dict[str, Any]):
    with pytest.raises(ContractError):
        service(Kuaidi100, answer).get([request()])


def failed(code: Any, sub_code: str = "", sub_msg: str = "x") -> dict[str, Any]:
    return {"error_response": {"code": code, "sub_code": sub_code, "sub_msg": sub_msg, "msg": "Remote"}}


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (failed(7), TransientError),
        (failed("10"), TransientError),
        (failed(15, "isp.top-remote-connection-timeout"), TransientError),
        (failed(27), CredentialError),
        (failed(31, "isv.invalid-timestamp"), CredentialError),
        (failed(41, "isv.invalid-timestamp"), CredentialError),
        (failed(12, "isv.permission-api-package-limit"), CredentialError),
    ],
)
def test_what_is_no_fault_of_the_document_refuses_no_label(
    answer: dict[str, Any], error: type[OrderhubError]
):
    with pytest.raises(error):
        service(Cainiao, answer).get([request()])


def test_asking_for_a_label_is_refused_no_label():
    """A label that is never asked for again is lost, and so is its number."""
    unknown = failed(15, "isv.waybill-not-exist", "面单不存在")

    assert service(Cainiao, unknown).find(request()) is None
    with pytest.raises(ContractError):
        service(Cainiao, failed(15, "isv.whatever", "没有权限")).find(request())


@pytest.mark.parametrize("said", ["该面单已取消", "waybill has been cancelled"])
def test_a_label_that_is_void_already_is_taken_back(said: str):
    service(Cainiao, failed(15, "isv.cancel-failed", said)).cancel(request())
    service(Kuaidi100, {"code": 30001, "message": said}).cancel(request())


@pytest.mark.parametrize("said", ["面单已揽收,不能取消", "面单不存在"])
def test_a_label_that_is_used_or_of_another_account_is_not_taken_back(said: str):
    with pytest.raises(RefusedError):
        service(Cainiao, failed(15, "isv.cancel-failed", said)).cancel(request())


@pytest.mark.parametrize(("kind", "secret"), [(Cainiao, SESSION), (Cainiao, SECRET), (Kuaidi100, SECRET)])
def test_what_a_service_says_is_kept_without_secrets_phones_and_what_no_database_takes(
    kind: type[Cainiao] | type[Kuaidi100], secret: str
):
    words = f"invalid: {secret}; 收件人 13812345670 \x00 不可达\n下一行"
    answer = {"code": 30099, "message": words} | failed(15, "isv.odd", words)

    [said] = service(kind, answer).get([request()]).refused.values()

    assert [bad for bad in (secret, "13812345670", "\x00", "\n") if bad in said] == []
    assert "不可达" in said


def test_print_data_is_kept_as_the_database_takes_it():
    [one] = service(Cainiao, made(label(data='{"a": "x\\u0000y"}'))).get([request()]).labels

    assert "\x00" not in one.data["a"]
