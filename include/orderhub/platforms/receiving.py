"""Reads the body of an answer: no more bytes than a page may have, and not for ever."""

from datetime import timedelta

import requests
import urllib3

from orderhub.clock import Clock
from orderhub.errors import ContractError, TransientError

MAX_ANSWER_BYTES = 32 << 20
_AT_ONCE = 1 << 16


def read_body(
    answer: requests.Response, method: str, clock: Clock, seconds: float, most: int | None = None
) -> bytes:
    """Return the body of an answer that was asked for with `stream=True`, decoded.

    The time limit of `requests` is one of silence: a body that comes drop by drop would be read for hours.

    Raises:
        TransientError: it broke off, or did not end within `seconds`.
        ContractError: it has more than `most` bytes; `MAX_ANSWER_BYTES` where nobody says how many.
    """
    limit = MAX_ANSWER_BYTES if most is None else most
    until = clock.now() + timedelta(seconds=seconds)
    body = bytearray()
    try:
        while part := answer.raw.read1(_AT_ONCE, decode_content=True):
            body += part
            if len(body) > limit:
                raise ContractError(f"{method}: the answer has {len(body)} bytes, more than any page has")
            if clock.now() > until:
                raise TransientError(f"{method}: the answer has not ended after {seconds:g} s")
    except urllib3.exceptions.HTTPError as error:
        raise TransientError(f"{method}: {type(error).__name__} in the middle of the answer") from None
    return bytes(body)
