"""Qimen's signature: MD5 over secret, sorted query parameters, body, secret; upper-case hex."""

import hashlib
from collections.abc import Mapping


def sign(query: Mapping[str, str], body: str, secret: str) -> str:
    """Return the signature of a call; `sign` itself is not part of what is signed."""
    pairs = "".join(name + query[name] for name in sorted(query) if name != "sign")
    return hashlib.md5(f"{secret}{pairs}{body}{secret}".encode()).hexdigest().upper()  # noqa: S324 - Qimen's own
