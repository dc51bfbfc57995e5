"""A stock-take: nothing new is routed to the warehouse while it lasts; what is reserved stays reserved."""

from sqlalchemy import Connection, text

from orderhub.clock import Clock
from orderhub.config.located_yaml import nearest
from orderhub.config.models import MerchantConfig
from orderhub.config.store import load_active
from orderhub.db.audit import record_act
from orderhub.db.engine import Database
from orderhub.db.leases import hold_scope
from orderhub.errors import AlreadyDone, ConfigError

_FREEZE = text("""
    insert into core.stock_freezes (warehouse_id, frozen_at, frozen_by) values (:warehouse_id, :now, :actor)
    on conflict (warehouse_id) where thawed_at is null do nothing""")
_THAW = text("""
    update core.stock_freezes set thawed_at = :now, thawed_by = :actor
    where warehouse_id = :warehouse_id and thawed_at is null""")
_FROZEN = text("select warehouse_id from core.stock_freezes where thawed_at is null order by warehouse_id")


def freeze_stock(
    database: Database, clock: Clock, config: MerchantConfig, warehouse_id: str, actor: str
) -> None:
    """Route nothing new to a warehouse from now on.

    Raises:
        ConfigError: there is no such warehouse.
        AlreadyDone: it is frozen already.
    """
    _refuse_unknown(config, warehouse_id)
    if not _write(database, clock, warehouse_id, actor, "freeze"):
        raise AlreadyDone(f"{warehouse_id} is frozen already")


def thaw_stock(database: Database, clock: Clock, warehouse_id: str, actor: str) -> None:
    """Route to a warehouse again; also to one that left the configuration meanwhile.

    Raises:
        ConfigError: there is no such warehouse.
        AlreadyDone: it is not frozen.
    """
    if not _write(database, clock, warehouse_id, actor, "thaw"):
        _refuse_unknown(load_active(database), warehouse_id)
        raise AlreadyDone(f"{warehouse_id} is not frozen")


def frozen_warehouses(connection: Connection) -> frozenset[str]:
    """Return the warehouses whose stock is being taken."""
    return frozenset(connection.execute(_FROZEN).scalars())


def _refuse_unknown(config: MerchantConfig, warehouse_id: str) -> None:
    known = [warehouse.id for warehouse in config.warehouses]
    if warehouse_id not in known:
        raise ConfigError(f"warehouse {warehouse_id!r} does not exist; {nearest(warehouse_id, known)}")


def _write(database: Database, clock: Clock, warehouse_id: str, actor: str, action: str) -> bool:
    given = {"warehouse_id": warehouse_id, "now": clock.now(), "actor": actor}
    with hold_scope(database, "route") as lease, database.transaction(lease) as connection:
        is_new = bool(connection.execute(_FREEZE if action == "freeze" else _THAW, given).rowcount)
        if is_new:
            record_act(connection, clock, actor, action, "warehouse", warehouse_id)
    return is_new
