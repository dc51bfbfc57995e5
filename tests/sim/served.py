"""A gateway of the sandbox behind a real socket of this machine, at the time of a test's clock."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from email.utils import format_datetime
from typing import Any

import uvicorn

from sandbox.gateway.gateway import Gateway
from sandbox.mailbox import Mailbox
from sandbox.server import UVICORN, HttpServer, build_app

STARTS_WITHIN_S = 20


@contextmanager
def serving(gateway: Gateway, clock: Callable[[], datetime]) -> Iterator[str]:
    """Yield the base address of a server that runs in a thread of its own until the block ends."""
    listening = socket.create_server(("127.0.0.1", 0))
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    port = listening.getsockname()[1]
    ready = threading.Event()
    app = build_app({gateway.dialect.name: gateway}, Mailbox(clock), clock)
    config = uvicorn.Config(_dated(app, clock), date_header=False, **UVICORN)
    server = HttpServer(config, ready.set)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([listening])), daemon=True)
    thread.start()
    try:
        if not ready.wait(STARTS_WITHIN_S):
            raise TimeoutError("the sandbox does not listen")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.stop()
        thread.join(STARTS_WITHIN_S)
        listening.close()


def _dated(app: Any, clock: Callable[[], datetime]) -> Any:
    """Return the application with a Date header of the test's clock instead of the machine's."""

    async def dated(scope: Any, receive: Any, send: Any) -> None:
        async def send_dated(message: Any) -> None:
            if message["type"] == "http.response.start":
                date = format_datetime(clock(), usegmt=True).encode()
                message = {**message, "headers": [*message.get("headers", []), (b"date", date)]}
            await send(message)

        await app(scope, receive, send_dated)

    return dated
