"""The signature of the own shop's backend: HMAC-SHA256 over the whole request, a line per part."""

import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import quote


def canonical_query(query: Mapping[str, str]) -> str:
    """Return decoded parameters sorted by name, every reserved character percent-encoded."""
    return "&".join(f"{quote(name, safe='')}={quote(query[name], safe='')}" for name in sorted(query))


def sign(
    secret: str, verb: str, path: str, query: Mapping[str, str], timestamp: str, nonce: str, body: bytes = b""
) -> str:
    """Return the lower-case hexadecimal signature of one request."""
    parts = [verb, path, canonical_query(query), timestamp, nonce, hashlib.sha256(body).hexdigest()]
    return hmac.new(secret.encode(), "\n".join(parts).encode(), hashlib.sha256).hexdigest()
