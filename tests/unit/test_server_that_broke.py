"""A server that broke may hang up just when the next call goes out; that call must not be lost to it."""

import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial

import pytest

from orderhub.clock import FixedClock
from orderhub.connections import Connection
from orderhub.errors import TransientError
from orderhub.fulfillment.kuaidi100 import Kuaidi100
from orderhub.fulfillment.waybill.wire import FormDoor
from orderhub.fulfillment.wms.qimen import Qimen
from tests.builders import NOON

GOOD = {
    "json": b'{"nu": "1", "data": []}',
    "xml": b"<response><flag>success</flag><code>0</code></response>",
}
SPOKEN = {"traces": "json", "labels": "json", "wms": "xml"}


class Breaking(socketserver.ThreadingTCPServer):
    """Breaks on its first connection, which it then leaves open and never answers on again."""

    daemon_threads = True
    connections = 0
    good = b""


class Talk(socketserver.StreamRequestHandler):
    """One connection."""

    server: Breaking

    def handle(self) -> None:
        self.server.connections += 1
        is_broken = self.server.connections == 1
        self._read()
        status, body = (b"500 Broken", b"") if is_broken else (b"200 OK", self.server.good)
        self.wfile.write(b"HTTP/1.1 %b\r\nContent-Length: %d\r\n\r\n%b" % (status, len(body), body))
        self.rfile.readline()  # The next request, on which this one hangs up.

    def _read(self) -> None:
        length = 0
        while (line := self.rfile.readline().strip()) != b"":
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        self.rfile.read(length)


@pytest.fixture
def server() -> Iterator[Breaking]:
    with Breaking(("127.0.0.1", 0), Talk) as opened:
        thread = threading.Thread(target=opened.serve_forever, args=(0.05,))
        thread.start()
        yield opened
        opened.shutdown()
        thread.join()


def asking(service: str, address: str) -> Callable[[], object]:
    connection = Connection.model_validate(
        {
            "host": address,
            "login": "key",
            "password": "the-secret-of-it",
            "extra": {"customer_id": "c", "timeout": 5},
        }
    )
    if service == "traces":
        return partial(Kuaidi100(connection).scans, "zto", "1", "0000")
    if service == "labels":
        return partial(FormDoor(connection, FixedClock(NOON), service).post, {})
    return partial(Qimen(connection, FixedClock(NOON)).call, "stock.query", {})


@pytest.mark.parametrize("service", SPOKEN)
def test_the_call_after_an_error_of_the_server_goes_over_a_new_connection(server: Breaking, service: str):
    server.good = GOOD[SPOKEN[service]]
    ask = asking(service, f"http://127.0.0.1:{server.server_address[1]}/")
    with pytest.raises(TransientError, match="500"):
        ask()

    answer: object = None
    with suppress(TransientError):
        answer = ask()

    assert (answer is not None, server.connections) == (True, 2)
