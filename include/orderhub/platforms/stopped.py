"""Shops that wait for a person: recorded, told once, tried at each pull, resumed by the first success."""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from sqlalchemy import text

from orderhub.alerts.raising import Alert, close_alerts, raise_alerts
from orderhub.clock import Clock
from orderhub.config.models import MerchantConfig, Shop
from orderhub.db.engine import Database
from orderhub.db.leases import hold_scope
from orderhub.errors import LeaseTaken, ShopError
from orderhub.platforms.client import Client

RULE = "stopped_shop"
log = structlog.get_logger(__name__)

_STOP = text("""
    insert into ops.stopped_shops as s (shop_id, platform, reason, stopped_at, last_tried_at)
    values (:shop, :platform, :reason, :now, :now)
    on conflict (shop_id) do update
    set platform = excluded.platform, reason = excluded.reason, last_tried_at = excluded.last_tried_at,
        stopped_at = case when s.resumed_at is null then s.stopped_at else excluded.stopped_at end,
        resumed_at = null""")
_RESUME = text("""
    update ops.stopped_shops set resumed_at = :now where shop_id = :shop and resumed_at is null""")
_WAITS = text("select exists (select from ops.stopped_shops where shop_id = :shop and resumed_at is null)")


@contextmanager
def noting_stops(
    database: Database, clock: Clock, config: MerchantConfig, shop: Shop, client: Client
) -> Iterator[None]:
    """Stop `shop` when a ShopError leaves the block, and let that go on.

    A block that ends well, after the platform took at least one call, ends the shop's waiting.
    """
    try:
        yield
    except ShopError as error:
        stop_shop(database, clock, config, shop, error)
        raise
    if client.is_accepted and resume_shop(database, clock, shop):
        log.info("shop goes on", platform=shop.platform, shop_id=shop.id)


def stop_shop(database: Database, clock: Clock, config: MerchantConfig, shop: Shop, error: ShopError) -> None:
    """Record that `shop` waits for a person, and alert once: not again at each pull that finds it so."""
    values = {"shop": shop.id, "platform": shop.platform, "reason": str(error), "now": clock.now()}
    try:
        with (
            hold_scope(database, f"stopped:{shop.id}") as lease,
            database.transaction(lease) as connection,
        ):
            connection.execute(_STOP, values)
            raise_alerts(connection, clock, config, [_alert(shop, str(error))])
    except LeaseTaken:
        return  # Another pull of this shop records the same now.


def resume_shop(database: Database, clock: Clock, shop: Shop) -> bool:
    """Record that `shop` is pulled again, and return whether it had been waiting."""
    with database.read() as connection:
        if not connection.execute(_WAITS, {"shop": shop.id}).scalar_one():
            return False
    try:
        with (
            hold_scope(database, f"stopped:{shop.id}") as lease,
            database.transaction(lease) as connection,
        ):
            close_alerts(connection, clock, RULE, [shop.id])
            return connection.execute(_RESUME, {"shop": shop.id, "now": clock.now()}).rowcount == 1
    except LeaseTaken:
        return False


def _alert(shop: Shop, said: str) -> Alert:
    return Alert(
        rule_id=RULE,
        severity="critical",
        subject=shop.id,
        fingerprint="stopped",
        title_zh=f"店铺暂停拉取:{shop.name}",
        title_en=f"Shop stopped: {shop.name}",
        text_zh=(
            f"店铺 {shop.name}({shop.id})暂停拉取,需要人处理:{said}\n"
            "其他店铺照常。系统每 10 分钟再试一次,处理好后自动继续,并补拉这段时间的订单,不会丢单。"
            "步骤见 docs/runbooks/extract.md。"
        ),
        text_en=(
            f"Shop {shop.name} ({shop.id}) cannot be pulled: {said}\n"
            "The other shops go on. It is tried every 10 minutes and goes on by itself once this is mended; "
            "what came in meanwhile is pulled then, nothing is lost. See docs/runbooks/extract.md."
        ),
        shop_id=shop.id,
    )
