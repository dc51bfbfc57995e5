"""Gives SQL the thresholds of checks.yaml and the entries of blacklist.csv: whole tables of a few rows."""

from collections.abc import Iterable

from sqlalchemy import Connection, text

from orderhub.config.checks import ChecksFile
from orderhub.config.models import MerchantConfig
from orderhub.db.copy import Value, copy_rows

_THRESHOLDS = (
    "duplicate_minutes", "cost_floor_percent", "price_band_percent", "price_history_lines", "quantity_cap",
    "order_total_cap_fen", "shared_receiver_buyers", "breaker_minimum_orders", "breaker_null_percent",
    "breaker_swap_percent", "high_volume_orders",
)  # fmt: skip
#: What a person decides by changing a file is looked at again, and so is what an entry of the list now
#: names; of an order that its platform calls shipped because we told it of a part, the rest is.
_JUDGE_AGAIN = """
    with again as (
        select order_id from core.orders as o
        where checked_version is not null and lifecycle = 'live'
            and (gate <> 'stop' or exists (select from core.rest_to_ship as x where x.order_id = o.order_id))
            and order_id in (
                select order_id from core.holds where state = 'active'
                union
                select order_id from core.orders as known
                join core.blacklist on kind = 'customer' and value = known.customer_id
                union
                select order_id from core.receivers
                join core.blacklist on kind = 'phone_hash' and value = phone_hash
                union
                select order_id from core.receivers
                join core.blacklist on kind = 'address_hash' and value = address_hash
            )
        order by order_id for no key update of o {wait}
    )
    update core.orders as o set checked_version = null from again where o.order_id = again.order_id"""
_JUDGE_FREE, _JUDGE_ALL = (text(_JUDGE_AGAIN.format(wait=wait)) for wait in ("skip locked", ""))


def replace_check_tables(connection: Connection, config: MerchantConfig) -> None:
    """Put what checks compare with into its tables; held orders are judged again by it.

    Those that a pass has in hand are left to it (`judge_again`): it waits for the shops, we wait never.
    """
    shops = [shop.id for shop in config.shops]
    checks = config.checks
    _replace(connection, "core.check_settings", _settings_columns(), (_settings(checks, s) for s in shops))
    _replace(
        connection,
        "core.promotions",
        ("promotion_id", "shop_id", "mark", "starts_at", "ends_at", "duplicate_minutes", "price_band_percent",
         "is_floor_waived"),
        (
            (p.id, shop, p.mark, p.starts_at.isoformat(), p.ends_at.isoformat(), p.duplicate_minutes,
             p.price_band_percent, p.is_floor_waived)
            for p in checks.promotions for shop in p.shops or shops
        ),
    )  # fmt: skip
    _replace(
        connection,
        "core.blacklist",
        ("entry_id", "kind", "value", "shop_id", "effect", "reason", "starts_at", "ends_at", "author"),
        (
            (e.entry_id, e.kind, e.value, e.shop_id, e.effect, e.reason, e.starts_at.isoformat(),
             e.ends_at.isoformat() if e.ends_at else None, e.author)
            for e in config.blacklist
        ),
    )  # fmt: skip
    _replace(
        connection,
        "ops.streaks",
        ("streak_id", "scope", "kinds", "length", "mode", "window_days", "is_reset_by_clean",
         "minimum_percent"),
        (
            (scope, scope, _array(s.kinds), s.length, s.mode, s.window_days, s.is_reset_by_clean,
             s.minimum_percent)
            for scope, s in (("buyer", checks.streaks.buyer), ("source", checks.streaks.source))
        ),
    )  # fmt: skip
    connection.execute(_JUDGE_FREE)


def judge_again(connection: Connection) -> None:
    """Let what files decide be checked again, also what was in somebody's hand when they came."""
    connection.execute(_JUDGE_ALL)


def _replace(
    connection: Connection, table: str, columns: tuple[str, ...], rows: Iterable[tuple[Value, ...]]
) -> None:
    connection.execute(text(f"delete from {table}"))  # noqa: S608 - a table of ours
    copy_rows(connection, table, columns, list(rows))


def _settings_columns() -> tuple[str, ...]:
    words = ("memo_hold", "memo_invoice", "memo_no_ship", "hold_flags", "no_ship_flags", "reachable")
    return ("shop_id", *_THRESHOLDS, *words)


def _settings(checks: ChecksFile, shop_id: str) -> tuple[Value, ...]:
    thresholds = checks.of_shop(shop_id)
    patterns = ("|".join(words) for words in (checks.memo.hold, checks.memo.invoice, checks.memo.no_ship))
    lists = (_array(given) for given in (checks.flags.hold, checks.flags.no_ship, thresholds.reachable))
    return (shop_id, *(getattr(thresholds, name) for name in _THRESHOLDS), *patterns, *lists)


def _array(values: Iterable[str]) -> str:
    """Return an array literal of PostgreSQL."""
    quoted = (value.replace("\\", "\\\\").replace('"', '\\"') for value in values)
    return "{" + ",".join(f'"{value}"' for value in quoted) + "}"
