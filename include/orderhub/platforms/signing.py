"""Signing schemes by name. Each takes the parameters and the secret and returns the signature.

Sources: the platforms' documents as listed in docs/platforms/. Vectors: tests/platforms/test_signing.py.
"""

import hashlib
import hmac
from collections.abc import Callable, Mapping

Scheme = Callable[[Mapping[str, str], str], str]


def _concatenated(parameters: Mapping[str, str]) -> str:
    """Sorted by name (bytes), no separators; entries with an empty name or value do not count."""
    return "".join(f"{name}{parameters[name]}" for name in sorted(parameters) if name and parameters[name])


def md5_between_secrets(parameters: Mapping[str, str], secret: str) -> str:
    """MD5 over secret + sorted pairs + secret, upper-case hex."""
    text = f"{secret}{_concatenated(parameters)}{secret}"
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest().upper()


def hmac_md5(parameters: Mapping[str, str], secret: str) -> str:
    """HMAC-MD5 over the sorted pairs, upper-case hex."""
    return hmac.new(secret.encode(), _concatenated(parameters).encode(), "md5").hexdigest().upper()


def hmac_sha256(parameters: Mapping[str, str], secret: str) -> str:
    """HMAC-SHA256 over the sorted pairs, upper-case hex."""
    return hmac.new(secret.encode(), _concatenated(parameters).encode(), "sha256").hexdigest().upper()


SCHEMES: dict[str, Scheme] = {
    "md5_between_secrets": md5_between_secrets,
    "hmac_md5": hmac_md5,
    "hmac_sha256": hmac_sha256,
}
