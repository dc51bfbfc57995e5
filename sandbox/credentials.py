"""The accounts of one platform in the sandbox, fixed by its seed."""

import hashlib
from dataclasses import dataclass

from sandbox.world.catalog import SHOPS


@dataclass(frozen=True, slots=True)
class Credentials:
    """The application's key and secret, one session token per shop, and a key pair of each shop's own."""

    app_key: str
    app_secret: str
    sessions: dict[str, str]
    shop_keys: dict[str, str]
    shop_secrets: dict[str, str]

    @classmethod
    def of(cls, seed: int, platform: str = "taobao") -> "Credentials":
        """Return the credentials of a platform in the sandbox with this seed."""
        shops = [shop.shop_id for shop in SHOPS if shop.platform == platform]
        suffix = "" if platform == "taobao" else f":{platform}"
        return cls(
            app_key=f"21{int(_digest(seed, 'app_key' + suffix), 16) % 1_000_000:06d}",
            app_secret=_digest(seed, "app_secret" + suffix)[:32],
            sessions={shop_id: f"6100{_digest(seed, shop_id)[:46]}" for shop_id in shops},
            shop_keys={shop_id: _digest(seed, f"key:{shop_id}")[:16] for shop_id in shops},
            shop_secrets={shop_id: _digest(seed, f"secret:{shop_id}")[:32] for shop_id in shops},
        )


def _digest(seed: int, name: str) -> str:
    return hashlib.sha256(f"sandbox:{seed}:{name}".encode()).hexdigest()
