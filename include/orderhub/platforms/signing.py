"""Signing schemes by name. Each takes what is to be signed and the secret, and returns the signature.

Sources: the platforms' documents as listed in docs/platforms/. Vectors: tests/platforms/test_signing.py.
"""

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Unsigned:
    """A request before it is signed; a scheme reads what it needs.

    Attributes:
        parameters: name → value of everything that is signed by name, the JSON text of a body included.
        verb: GET or POST.
        path: path of the URL, without host and query.
        query: query text in RFC 3986 form, sorted by name.
        body: exactly as sent.
        timestamp: as sent.
        nonce: as sent.
    """

    parameters: Mapping[str, str]
    verb: str = "POST"
    path: str = ""
    query: str = ""
    body: bytes = b""
    timestamp: str = ""
    nonce: str = ""


Scheme = Callable[[Unsigned, str], str]


def _concatenated(parameters: Mapping[str, str]) -> str:
    """Sorted by name (bytes), no separators; entries with an empty name or value do not count."""
    return "".join(f"{name}{parameters[name]}" for name in sorted(parameters) if name and parameters[name])


def _between_secrets(unsigned: Unsigned, secret: str) -> bytes:
    return f"{secret}{_concatenated(unsigned.parameters)}{secret}".encode()


def md5_between_secrets(unsigned: Unsigned, secret: str) -> str:
    """MD5 over secret + sorted pairs + secret, upper-case hex."""
    return hashlib.md5(_between_secrets(unsigned, secret), usedforsecurity=False).hexdigest().upper()


def md5_between_secrets_lower(unsigned: Unsigned, secret: str) -> str:
    """MD5 over secret + sorted pairs + secret, lower-case hex."""
    return md5_between_secrets(unsigned, secret).lower()


def hmac_sha256_between_secrets(unsigned: Unsigned, secret: str) -> str:
    """HMAC-SHA256 over secret + sorted pairs + secret, lower-case hex."""
    return hmac.new(secret.encode(), _between_secrets(unsigned, secret), "sha256").hexdigest()


def hmac_md5(unsigned: Unsigned, secret: str) -> str:
    """HMAC-MD5 over the sorted pairs, upper-case hex."""
    return hmac.new(secret.encode(), _concatenated(unsigned.parameters).encode(), "md5").hexdigest().upper()


def hmac_sha256(unsigned: Unsigned, secret: str) -> str:
    """HMAC-SHA256 over the sorted pairs, upper-case hex."""
    text = _concatenated(unsigned.parameters)
    return hmac.new(secret.encode(), text.encode(), "sha256").hexdigest().upper()


def hmac_sha256_request(unsigned: Unsigned, secret: str) -> str:
    """HMAC-SHA256 over verb, path, query, time, nonce and the body's SHA-256, a line each; lower-case hex."""
    digest = hashlib.sha256(unsigned.body).hexdigest()
    lines = (unsigned.verb, unsigned.path, unsigned.query, unsigned.timestamp, unsigned.nonce, digest)
    return hmac.new(secret.encode(), "\n".join(lines).encode(), "sha256").hexdigest()


SCHEMES: dict[str, Scheme] = {
    "md5_between_secrets": md5_between_secrets,
    "md5_between_secrets_lower": md5_between_secrets_lower,
    "hmac_sha256_between_secrets": hmac_sha256_between_secrets,
    "hmac_md5": hmac_md5,
    "hmac_sha256": hmac_sha256,
    "hmac_sha256_request": hmac_sha256_request,
}
