"""Decides which documents of a closing leave in one parcel (合单): one buyer, one receiver, one carrier.

What says that two orders go to one receiver is the platform's own word (`same_receiver` of platform.yaml);
where there is none, nothing is merged. Not for how a parcel is handed over: what leaves reads `parcel_id`.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, text

from orderhub.clock import Clock
from orderhub.config.models import MerchantConfig
from orderhub.db.sql_files import statement
from orderhub.errors import ConfigError
from orderhub.platforms.spec import load_platform

_IS_ANY = text("""
    select exists (
        select from due_documents where reason is null and receiver_sieve is not null
        group by receiver_sieve having count(*) > 1)""")


def merge_documents(
    connection: Connection, clock: Clock, config: MerchantConfig, warehouse_id: str, manifest_id: str
) -> int:
    """Lay documents of `due_documents` into parcels, and return how many have company.

    A bonded warehouse merges nothing: customs clear each order with its own parcel.
    """
    bonded = {warehouse.id for warehouse in config.warehouses if warehouse.kind == "bonded"}
    if warehouse_id in bonded or config.merge.orders == 1 or not connection.execute(_IS_ANY).scalar_one():
        return 0
    shops = merging_shops(config)
    given = {
        "manifest_id": manifest_id,
        "hash_shops": shops.get("receiver_hash", []),
        "merging_shops": [shop for found in shops.values() for shop in found],
        "orders": config.merge.orders,
        "pieces": config.merge.pieces,
        "weight_g": config.merge.weight_g,
        "now": clock.now(),
    }
    return connection.execute(statement("core/merge_decisions"), given).rowcount


def merging_shops(config: MerchantConfig) -> Mapping[str, Sequence[str]]:
    """Return how a receiver is recognised → the shops whose orders may be merged that way."""
    words = {name: _same_receiver(name, config) for name in {shop.platform for shop in config.shops}}
    shops: dict[str, list[str]] = defaultdict(list)
    for shop in config.shops:
        if shop.merge and words[shop.platform] != "none":
            shops[words[shop.platform]].append(shop.id)
    return shops


def _same_receiver(platform: str, config: MerchantConfig) -> str:
    try:
        return load_platform(platform, config).spec.downstream.same_receiver
    except ConfigError:
        return "none"  # Its DAG says so.
