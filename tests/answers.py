"""Answers as the client reads them, without a socket."""

import io

import urllib3


def body_of(content: bytes) -> urllib3.HTTPResponse:
    """Return what `requests.Response.raw` is when a server sends `content`."""
    return urllib3.HTTPResponse(io.BytesIO(content), preload_content=False)
