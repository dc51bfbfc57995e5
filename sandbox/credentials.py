"""The accounts of one sandbox, fixed by its seed, and the connections that a client of it needs."""

import hashlib
from dataclasses import dataclass
from typing import Any

from sandbox.world.catalog import SHOPS


@dataclass(frozen=True, slots=True)
class Credentials:
    """The application's key and secret, and one session token per shop."""

    app_key: str
    app_secret: str
    sessions: dict[str, str]

    @classmethod
    def of(cls, seed: int) -> "Credentials":
        """Return the credentials of the sandbox with this seed."""
        return cls(
            app_key=f"21{int(_digest(seed, 'app_key'), 16) % 1_000_000:06d}",
            app_secret=_digest(seed, "app_secret")[:32],
            sessions={shop.shop_id: f"6100{_digest(seed, shop.shop_id)[:46]}" for shop in SHOPS},
        )

    def connections(self, http_port: int, smtp_port: int, host: str = "127.0.0.1") -> dict[str, Any]:
        """Return every connection in Airflow's JSON form, by connection id."""
        platforms = {
            shop.connection_id: {
                "conn_type": "http",
                "host": f"http://{host}:{http_port}/taobao/router/rest",
                "login": self.app_key,
                "password": self.app_secret,
                "extra": {"session": self.sessions[shop.shop_id]},
            }
            for shop in SHOPS
        }
        extra = {
            "disable_ssl": True,
            "disable_tls": True,
            "from_email": "orderhub@example.test",
            "timeout": 10,
            "retry_limit": 1,
        }
        mail = {"conn_type": "smtp", "host": host, "port": smtp_port, "extra": extra}
        return {**platforms, "smtp_default": mail}


def _digest(seed: int, name: str) -> str:
    return hashlib.sha256(f"sandbox:{seed}:{name}".encode()).hexdigest()
