"""The gateway's signature, after the platform's call guide: MD5 between two secrets, upper-case hex."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any


def as_signed(parameters: Mapping[str, Any]) -> dict[str, str]:
    """Return each parameter as the text that is signed: booleans in lower case, objects as compact JSON."""
    return {name: _text(value) for name, value in parameters.items() if value is not None}


def sign(parameters: Mapping[str, str], secret: str) -> str:
    """Return the signature of all parameters except `sign`."""
    pairs = sorted((name, value) for name, value in parameters.items() if name != "sign")
    text = secret + "".join(name + value for name, value in pairs) + secret
    return hashlib.md5(text.encode()).hexdigest().upper()  # noqa: S324 - their protocol


def _text(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case dict() | list():
            return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        case _:
            return str(value)
