"""Keyed hashes: let two values be compared without being kept.

The key is `ORDERHUB_HASH_KEY`, outside the database: a phone number has so few possibilities that a hash
without key is as good as the number.
"""

import hmac
import re
import unicodedata

from pydantic import SecretStr

_NO_LETTERS = re.compile(r"[\W_]+")


def keyed_hash(key: SecretStr, value: str) -> str:
    """Return HMAC-SHA256, hex, of a normalised value."""
    return hmac.digest(key.get_secret_value().encode(), value.encode("utf-8", "replace"), "sha256").hex()


def normalise_address(text: str) -> str:
    """Return an address as it is compared: half width, lower case, letters and digits only."""
    return _NO_LETTERS.sub("", unicodedata.normalize("NFKC", text).casefold())
