"""Binds the world to sockets: one process, one event loop, HTTP and SMTP."""

import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import uvicorn
from aiosmtpd.smtp import SMTP
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import Route

from sandbox.admin import Admin
from sandbox.credentials import Credentials
from sandbox.gateway.dialect import Dialect
from sandbox.gateway.gateway import Gateway
from sandbox.gateway.wire import Incoming, Reply
from sandbox.mailbox import Mailbox
from sandbox.pages import mail_page, mailbox_page
from sandbox.robots import Robots
from sandbox.state_page import state_page
from sandbox.traces import Traces
from sandbox.waybill.routes import WaybillRoutes
from sandbox.wms.routes import WmsRoutes, section
from sandbox.wms.service import Wms
from sandbox.world.world import World

VERBS = ["GET", "POST", "PUT"]
BACKLOG = 512
# With a name of its own it does not ask the DNS for one at every mail.
MAIL_SERVER: dict[str, Any] = {
    "hostname": "sandbox.test",
    "enable_SMTPUTF8": True,
    "data_size_limit": 32 * 1024 * 1024,
}
UVICORN: dict[str, Any] = {
    "log_level": "critical",
    "access_log": False,
    "lifespan": "off",
    "timeout_graceful_shutdown": 2,
    "date_header": False,  # A gateway's answers bear the world's time.
}
#: A body that drips comes in so many pieces.
DROPS = 50


@dataclass(frozen=True, slots=True)
class Options:
    """Where to listen and how fast new orders come."""

    host: str
    http_port: int
    smtp_port: int
    trickle_per_minute: float
    mail_file: Path | None = None


class HttpServer(uvicorn.Server):
    """uvicorn that leaves signals to `serve` and calls `when_ready` once it listens."""

    def __init__(self, config: uvicorn.Config, when_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._when_ready = when_ready

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Install nothing."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then say so."""
        await super().startup(sockets)
        self._when_ready()

    def stop(self) -> None:
        """Finish the running answers and return from `serve`."""
        self.should_exit = True


def build_app(gateways: Mapping[str, Gateway], mailbox: Mailbox, clock: Callable[[], datetime]) -> Starlette:
    """Return the HTTP side: gateways by platform, admin, pages."""
    admin = Admin(gateways, mailbox, clock)
    wms = Wms.stocked(admin.world.seed)

    async def home(request: Request) -> Response:
        base = str(request.base_url).rstrip("/")
        return HTMLResponse(state_page(gateways, len(mailbox.mails), clock(), base, section(wms)))

    async def mails(_request: Request) -> Response:
        return HTMLResponse(mailbox_page(mailbox.mails))

    async def mail(request: Request) -> Response:
        number = int(request.path_params["number"])
        if not 1 <= number <= len(mailbox.mails):
            return HTMLResponse("没有这封邮件", status_code=404)
        return HTMLResponse(mail_page(mailbox.mails[number - 1]))

    return Starlette(
        routes=[
            *(
                Route(path, _endpoint(gateway, clock), methods=VERBS)
                for gateway in gateways.values()
                for path in gateway.dialect.paths
            ),
            Route("/", home),
            Route("/mailbox", mails),
            Route("/mailbox/{number:int}", mail),
            *admin.routes(),
            *Robots(admin.world.seed, clock).routes(),
            *WmsRoutes(wms, clock).routes(),
            *WaybillRoutes(admin.world.seed, clock).routes(),
            *Traces(wms, clock).routes(),
        ]
    )


def _endpoint(gateway: Gateway, clock: Callable[[], datetime]) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        incoming = Incoming(
            request.url.path,
            request.method,
            dict(request.query_params),
            dict(request.headers),
            await request.body(),
        )
        now = clock()
        return await _send(gateway.answer(incoming, now), now)

    return endpoint


async def _send(reply: Reply, now: datetime) -> Response:
    if reply.delay_s:
        await asyncio.sleep(reply.delay_s)
    headers = {"date": format_datetime(now, usegmt=True), **reply.headers}
    if not (reply.cut or reply.drip_s):
        return Response(reply.content, reply.status, headers=headers, media_type=reply.media_type)
    headers |= {"content-length": str(len(reply.content)), "content-type": reply.media_type}
    body = _half(reply.content) if reply.cut else _drops(reply.content, reply.drip_s)
    return StreamingResponse(body, reply.status, headers=headers)


async def _half(content: bytes) -> AsyncIterator[bytes]:
    yield content[: len(content) // 2]


async def _drops(content: bytes, seconds: float) -> AsyncIterator[bytes]:
    """Yield `content` in some pieces, so that all of it takes `seconds`."""
    size = max(1, -(-len(content) // DROPS))
    for start in range(0, len(content), size):
        await asyncio.sleep(seconds * size / len(content))
        yield content[start : start + size]


def open_gateways(world: World, dialects: Iterable[Dialect]) -> dict[str, Gateway]:
    """Return a gateway per dialect, by platform."""
    return {
        dialect.name: Gateway.of(dialect, world, Credentials.of(world.seed, dialect.name))
        for dialect in dialects
    }


async def serve(
    world: World, dialects: Iterable[Dialect], options: Options, clock: Callable[[], datetime]
) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises:
        OSError: a port is taken.
    """
    gateways = open_gateways(world, dialects)
    mailbox, loop = Mailbox(clock, options.mail_file), asyncio.get_running_loop()
    http_socket = _listen(options.host, options.http_port)
    mail_server = await loop.create_server(
        lambda: SMTP(mailbox, **MAIL_SERVER, loop=loop), options.host, options.smtp_port
    )
    config = uvicorn.Config(build_app(gateways, mailbox, clock), **UVICORN)
    http_server = HttpServer(config, lambda: _announce(options, len(world.orders)))
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, http_server.stop)
    trickle = asyncio.create_task(_trickle(world, options.trickle_per_minute, clock))
    try:
        await http_server.serve([http_socket])
    finally:
        trickle.cancel()
        await asyncio.gather(trickle, return_exceptions=True)
        mail_server.close()


def _listen(host: str, port: int) -> socket.socket:
    listening = socket.create_server((host, port), backlog=BACKLOG)
    # asyncio does this only for sockets it made itself; without it every answer waits 40 ms.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def _announce(options: Options, orders: int) -> None:
    http, mail = f"{options.host}:{options.http_port}", f"{options.host}:{options.smtp_port}"
    sys.stdout.write(f"sandbox ready: http://{http}/ smtp {mail} orders {orders}\n")
    sys.stdout.flush()


async def _trickle(world: World, per_minute: float, clock: Callable[[], datetime]) -> None:
    while per_minute > 0:
        await asyncio.sleep(60 / per_minute)
        world.place(1, clock())
