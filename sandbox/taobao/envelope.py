"""How the gateway wraps an answer: success and error envelopes, as JSON or (the default!) XML."""

from typing import Any
from xml.sax.saxutils import escape

from sandbox.gateway.wire import RefusalError, Reply


def top_error(code: int, message: str, sub_code: str = "", sub_message: str = "") -> RefusalError:
    """Return an error of the gateway, which answers all of them with HTTP 200."""
    body: dict[str, Any] = {"code": code, "msg": message}
    if sub_code:
        body |= {"sub_code": sub_code, "sub_msg": sub_message}
    return RefusalError(f"{code} {sub_code}".strip(), body)


def success_root(method: str) -> str:
    """Return the root key of an answer: the method without `taobao.`, dots as underscores."""
    return method.removeprefix("taobao.").replace(".", "_") + "_response"


def encode(root: str, body: dict[str, Any], answer_format: str) -> Reply:
    """Return the wire form: JSON when asked for, else XML."""
    if answer_format == "json":
        return Reply.of_json({root: body}, media_type="text/javascript;charset=UTF-8")
    xml = '<?xml version="1.0" encoding="utf-8" ?>' + _element(root, body)
    return Reply(xml.encode(), "text/xml;charset=UTF-8")


def _element(name: str, value: Any) -> str:
    match value:
        case list():
            return "".join(_element(name, item) for item in value)
        case dict():
            inner = "".join(_element(key, item) for key, item in value.items())
        case bool():
            inner = str(value).lower()
        case _:
            inner = escape(str(value))
    return f"<{name}>{inner}</{name}>"
