"""A gateway of the sandbox behind a real socket of this machine, at the time of a test's clock."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

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
    config = uvicorn.Config(app, **UVICORN)
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
