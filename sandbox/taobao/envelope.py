"""How the gateway wraps an answer: success and error envelopes, as JSON or (the default!) XML."""

import json
from typing import Any
from xml.sax.saxutils import escape


class TopError(Exception):
    """A business error; the gateway answers it with HTTP 200."""

    def __init__(self, code: int, message: str, sub_code: str = "", sub_message: str = "") -> None:
        super().__init__(f"{code} {message} {sub_code} {sub_message}".strip())
        self.body = {"code": code, "msg": message}
        if sub_code:
            self.body |= {"sub_code": sub_code, "sub_msg": sub_message}


def success_root(method: str) -> str:
    """Return the root key of an answer: the method without `taobao.`, dots as underscores."""
    return method.removeprefix("taobao.").replace(".", "_") + "_response"


def encode(root: str, body: dict[str, Any], answer_format: str) -> tuple[bytes, str]:
    """Return the wire bytes and the media type."""
    if answer_format == "json":
        text = json.dumps({root: body}, ensure_ascii=False, separators=(",", ":"))
        return text.encode(), "text/javascript;charset=UTF-8"
    xml = '<?xml version="1.0" encoding="utf-8" ?>' + _element(root, body)
    return xml.encode(), "text/xml;charset=UTF-8"


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
