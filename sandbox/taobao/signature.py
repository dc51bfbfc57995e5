"""The gateway's signature, after the platform's guide: sorted names and values, then a keyed digest."""

import hashlib
import hmac
from collections.abc import Mapping

METHODS = ("md5", "hmac", "hmac-sha256")


def sign(parameters: Mapping[str, str], secret: str, method: str) -> str:
    """Return the upper-case hexadecimal signature of all parameters except `sign`.

    Raises:
        ValueError: `method` is none of `METHODS`.
    """
    named = sorted((name, value) for name, value in parameters.items() if name != "sign" and name and value)
    text = "".join(name + value for name, value in named)
    match method:
        case "md5":
            digest = hashlib.md5(f"{secret}{text}{secret}".encode()).hexdigest()  # noqa: S324 - their protocol
        case "hmac":
            digest = hmac.new(secret.encode(), text.encode(), hashlib.md5).hexdigest()
        case "hmac-sha256":
            digest = hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()
        case _:
            raise ValueError(f"sign_method {method!r} is unknown; use one of {', '.join(METHODS)}")
    return digest.upper()
