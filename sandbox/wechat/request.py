"""What the gateway demands of a request before it looks at the method: a POST of a JSON object."""

import json
from datetime import datetime

from sandbox.credentials import Credentials
from sandbox.gateway.wire import Incoming
from sandbox.wechat.errors import NEEDS_POST, NOT_JSON, wechat_error

PATH = "/wechat"


def method_of(incoming: Incoming) -> str:
    """Return what a request asks for: its path without the gateway's."""
    return incoming.path.removeprefix(PATH).strip("/")


def check_request(incoming: Incoming, _credentials: Credentials, _now: datetime) -> None:
    """Check verb and body. There is neither a signature nor a time to check: the token is everything.

    Raises:
        RefusalError: 43002 for another verb, 47001 for a body that is no JSON object.
    """
    if incoming.verb != "POST":
        raise wechat_error(NEEDS_POST, "require POST method")
    try:
        value = json.loads(incoming.body)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise wechat_error(NOT_JSON, "data format error")
