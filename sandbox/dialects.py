"""The platforms that have a gateway, and the connections that clients of their shops need.

A folder with a `dialect.py` that holds `DIALECT` is a gateway; adding one edits nothing here.
"""

from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import Any

from sandbox.credentials import Credentials
from sandbox.gateway.dialect import Dialect
from sandbox.robots import robot_connections
from sandbox.traces import trace_connections
from sandbox.waybill.routes import waybill_connections
from sandbox.wms.service import wms_connections
from sandbox.world.catalog import Shop


def _found() -> dict[str, Dialect]:
    folders = sorted(file.parent.name for file in Path(__file__).parent.glob("*/dialect.py"))
    return {name: import_module(f"sandbox.{name}.dialect").DIALECT for name in folders if name != "gateway"}


DIALECTS: dict[str, Dialect] = _found()


def dialects_of(shops: Iterable[Shop]) -> list[Dialect]:
    """Return the dialects that these shops' platforms speak.

    Raises:
        ValueError: a shop's platform has no gateway.
    """
    platforms = dict.fromkeys(shop.platform for shop in shops)
    if missing := [name for name in platforms if name not in DIALECTS]:
        raise ValueError(f"no gateway speaks {', '.join(missing)}; known: {', '.join(DIALECTS)}")
    return [DIALECTS[name] for name in platforms]


def connections(
    seed: int, shops: Iterable[Shop], http_port: int, smtp_port: int, host: str = "127.0.0.1"
) -> dict[str, Any]:
    """Return every connection in Airflow's JSON form, by connection id.

    Raises:
        ValueError: a shop's platform has no gateway.
    """
    shops, base = list(shops), f"http://{host}:{http_port}"
    dialects = {dialect.name: dialect for dialect in dialects_of(shops)}
    known = {
        shop.connection_id: dialects[shop.platform].connection(
            Credentials.of(seed, shop.platform), shop, base
        )
        for shop in shops
    }
    extra = {
        "disable_ssl": True,
        "disable_tls": True,
        "from_email": "orderhub@example.test",
        "timeout": 10,
        "retry_limit": 1,
    }
    mail = {"conn_type": "smtp", "host": host, "port": smtp_port, "extra": extra}
    others = {**robot_connections(seed, base), **wms_connections(seed, base), **trace_connections(seed, base)}
    return {**known, "smtp_default": mail, **others, **waybill_connections(seed, base)}
