"""The gateway's signature: five named values between two secrets, over the body's text as it was sent."""

import hashlib
import hmac
from collections.abc import Mapping

METHODS = ("hmac-sha256", "md5")
SIGNED = ("app_key", "method", "param_json", "timestamp", "v")


def sign(values: Mapping[str, str], secret: str, method: str) -> str:
    """Return the lower-case hexadecimal signature of `SIGNED`; other parameters are not part of it.

    Raises:
        ValueError: `method` is none of `METHODS`.
    """
    text = secret + "".join(name + values[name] for name in SIGNED) + secret
    match method:
        case "hmac-sha256":
            return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()
        case "md5":
            return hashlib.md5(text.encode()).hexdigest()  # noqa: S324 - their protocol
        case _:
            raise ValueError(f"sign_method {method!r} is unknown; use one of {', '.join(METHODS)}")
