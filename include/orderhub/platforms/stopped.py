"""Shops that wait for a person: recorded, mailed once, tried at each pull, resumed by the first success."""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from sqlalchemy import text

from orderhub.clock import BEIJING, Clock
from orderhub.config.models import MerchantConfig, Shop
from orderhub.db.engine import Database
from orderhub.db.leases import hold_scope
from orderhub.db.outbox import Effect, enqueue
from orderhub.errors import LeaseTaken, ShopError
from orderhub.platforms.client import Client

log = structlog.get_logger(__name__)

_STOP = text("""
    insert into ops.stopped_shops as s (shop_id, platform, reason, stopped_at, last_tried_at)
    values (:shop, :platform, :reason, :now, :now)
    on conflict (shop_id) do update
    set platform = excluded.platform, reason = excluded.reason, last_tried_at = excluded.last_tried_at,
        stopped_at = case when s.resumed_at is null then s.stopped_at else excluded.stopped_at end,
        resumed_at = null
    returning stopped_at""")
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
    """Record that `shop` waits for a person, and mail it once: not again at each pull that finds it so.

    A shop that stops, goes on and stops again is mailed once per Beijing day.
    """
    values = {"shop": shop.id, "platform": shop.platform, "reason": str(error), "now": clock.now()}
    try:
        with (
            hold_scope(database, f"stopped:{shop.id}") as lease,
            database.transaction(lease) as connection,
        ):
            stopped_at = connection.execute(_STOP, values).scalar_one()
            day = stopped_at.astimezone(BEIJING).date()
            enqueue(connection, [_mail(config, shop, f"mail:stopped:{shop.id}:{day}", str(error))], clock)
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
            return connection.execute(_RESUME, {"shop": shop.id, "now": clock.now()}).rowcount == 1
    except LeaseTaken:
        return False


def _mail(config: MerchantConfig, shop: Shop, outbox_id: str, said: str) -> Effect:
    english = (
        f"Shop {shop.name} ({shop.id}) cannot be pulled: {said}\n\n"
        "The other shops go on. It is tried every 10 minutes and goes on by itself once this is mended; what "
        "came in meanwhile is pulled then, nothing is lost. This is the only mail about it.\n"
    )
    chinese = (
        f"店铺 {shop.name}({shop.id})暂停拉取,需要人处理:{said}\n\n"
        "其他店铺照常。系统每 10 分钟再试一次,处理好后自动继续,并补拉这段时间的订单,不会丢单。"
        "这件事只发这一封邮件。步骤见 docs/runbooks/extract.md。\n"
    )
    return Effect(
        outbox_id=outbox_id,
        target="mail",
        subject=f"stopped:{shop.id}",
        payload={
            "sender": config.alerts.sender,
            "to": list(config.alerts.supervisors),
            "subject": f"[orderhub] 店铺暂停拉取 {shop.name}",
            "text": chinese,
            "en": {"subject": f"[orderhub] Shop stopped: {shop.name}", "text": english},
        },
    )
