"""Calls that change something: a body over REST, numbers in JSON, never repeated on a lost answer."""

import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any

import pytest
import yaml

from orderhub.clock import FixedClock
from orderhub.errors import NotTaken, TransientError
from orderhub.platforms.client import Client
from orderhub.platforms.writes import Write
from tests.platforms.scripted import Script, api, client
from tests.platforms.test_encoding import REST, UNSIGNED_JSON

NOW = datetime(2024, 12, 31, 16, 16, tzinfo=UTC)
SHIP = """
method: ship
path: /openapi/v1/orders/{order_id}/shipments
root: data
parameters: {tracking_no: "{tracking_number}", kind: "{1}", lines: "{lines}"}
answers:
  - {said: gone, means: closed}
  - {code: '9', means: not_yet}
"""
VALUES = {"order_id": "7/8", "tracking_number": "785001", "lines": [{"n": 2}]}


def told(spec: str, *answers: Any) -> tuple[Client, Script, Write]:
    script = Script(*answers)
    made = client(api(spec), FixedClock(NOW), script, login="k", password="s", extra={"session": "t"})
    return made, script, Write.model_validate(yaml.safe_load(SHIP))


def test_over_rest_a_write_is_a_signed_post_of_a_json_body():
    made, script, write = told(REST, {"code": "0", "data": {}})

    made.call(write, VALUES)

    [sent] = script.requests
    body = '{"kind":1,"lines":[{"n":2}],"tracking_no":"785001"}'
    path = "/openapi/v1/orders/7%2F8/shipments"
    stamp, nonce = sent.headers["X-Shop-Timestamp"], sent.headers["X-Shop-Nonce"]
    text = "\n".join(["POST", path, "", stamp, nonce, hashlib.sha256(body.encode()).hexdigest()])
    assert (sent.method, sent.url, sent.body) == ("POST", f"http://platform{path}", body.encode())
    assert sent.headers["X-Shop-Signature"] == hmac.new(b"s", text.encode(), "sha256").hexdigest()


def test_a_number_in_braces_is_a_number_in_json():
    made, script, write = told(UNSIGNED_JSON, {"code": "0", "data": {}})

    made.call(write, VALUES)

    assert json.loads(script.requests[0].body or "")["kind"] == 1


def test_a_write_whose_answer_is_lost_is_not_repeated():
    made, script, write = told(UNSIGNED_JSON, (502, {}))

    with pytest.raises(TransientError):
        made.call(write, VALUES)

    assert len(script.requests) == 1


@pytest.mark.parametrize(
    "answer, means", [({"code": "9", "msg": "busy"}, "not_yet"), ({"code": "9", "msg": "gone"}, "closed")]
)
def test_the_answers_of_a_write_come_before_the_errors_of_the_envelope(answer: dict[str, str], means: str):
    made, _, write = told(UNSIGNED_JSON, answer)

    with pytest.raises(NotTaken) as caught:
        made.call(write, VALUES)

    assert caught.value.means == means
