"""A person puts an order right: its address, what is owed at its door, the SKU or the quantity of a line.

A correction is kept apart from what the platform says, stands through later pulls and is judged like
everything else. When the platform changes the same field, the order is held with both values shown. Plain
addresses are masked and hashed here, before anything is stored.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from pydantic import SecretStr
from sqlalchemy import Connection, Row, text

from orderhub.clock import Clock
from orderhub.config.located_yaml import nearest
from orderhub.config.models import MerchantConfig, Shop
from orderhub.db.audit import record_act
from orderhub.db.document_locks import LOCK_DOCUMENTS
from orderhub.db.engine import Database
from orderhub.db.leases import hold_scope
from orderhub.domain.sku import normalise_sku
from orderhub.errors import StopError
from orderhub.platforms.plain_receiver import protect
from orderhub.quality.left_gifts import LeftGift, left_gifts
from orderhub.quality.reasons import refuse_reason
from orderhub.quality.withhold import refuse_handed_over
from orderhub.transform.overlay import lift, read_platform

#: More pieces of a line are a slip of the keys.
MOST_PIECES = 1_000_000
#: Two decimals, so that fen are not taken for yuan.
_YUAN = re.compile(r"[0-9]{1,7}\.[0-9]{2}")
_ORDER = text("""
    select order_id, shop_id, payment_state, order_kind from core.orders where order_id = :order_id""")
_LOCK = text("select from core.orders where order_id = :order_id for update")
_LINE = text("""
    select l.kind, array(
        select p.line_id from core.order_lines as p
        where p.order_id = l.order_id and p.parent_line_id = l.line_id and p.kind = 'bundle_part'
        order by p.line_id
    ) as parts
    from core.order_lines as l where l.order_id = :order_id and l.line_id = :line_id""")
_KIND = text("select kind from core.skus where sku_id = :sku_id and kind in ('bundle', 'service')")
_KNOWN_SKUS = text("select sku_id from core.sku_mappings union select sku_id from core.stock order by 1")
_PRESENT = text("""
    select correction_id from core.corrections
    where state = 'active' and order_id = :order_id and field = :field
        and line_id is not distinct from cast(:line_id as text)""")
_END = text("""
    update core.corrections set state = :state, ended_at = :now, ended_by = :actor
    where correction_id = any(cast(:ids as bigint[]))""")
_INSERT = text("""
    insert into core.corrections (
        order_id, line_id, field, value, value_shown, base_value, base_shown, made_at, made_by, reason)
    values (
        :order_id, :line_id, :field, cast(:value as jsonb), :shown, '{}', '', :now, :actor, :reason)
    returning correction_id""")
_KEEP_BASE = text("""
    update core.corrections set base_value = platform_value, base_shown = platform_shown
    where correction_id = :id
    returning base_shown, base_value ->> 'said' = value ->> 'said'
        or (field = 'sku' and base_value ->> 'sku_id' = value ->> 'sku_id') as is_same""")
_ACTIVE = text("""
    select * from core.corrections where correction_id = :id and state = 'active'""")
_JUDGE_AGAIN = text("update core.orders set checked_version = null where order_id = :order_id")
#: What was said of the order as it was: routing could not fill it, a waybill service refused its address.
_ASK_AGAIN = text("""
    with over as (
        update core.anomalies set state = 'closed', closed_at = :now
        where order_id = :order_id and state = 'open' and subject_type = 'order'
            and (raised_by = 'routing' or (raised_by = 'waybill' and :field = 'address'))
        returning anomaly_id
    )
    update core.holds as h
    set state = 'closed', ended_at = :now, ended_by = :actor, end_reason = 'corrected: it is tried again'
    from over where h.anomaly_id = over.anomaly_id and h.state = 'active'""")


@dataclass(frozen=True)
class Correction:
    """What a person wants to stand instead of what the platform says: one of address, amount, sku, quantity.

    Attributes:
        order_id: our order id.
        reason: why; kept.
        actor: who.
        line_id: the line, for a SKU or a quantity.
        address: the whole new address in plain text; never stored or shown as it is.
        amount_fen: what is owed at the door for the whole order, freight included.
    """

    order_id: str
    reason: str
    actor: str
    line_id: str | None = None
    sku_id: str | None = None
    quantity: int | None = None
    address: str | None = field(default=None, repr=False)
    amount_fen: int | None = None


@dataclass(frozen=True)
class Corrected:
    """What was corrected, masked where it is personal.

    Attributes:
        gifts: what does not follow the pieces that a person says are left.
    """

    correction_id: int
    field: str
    before: str
    after: str
    gifts: tuple[LeftGift, ...] = ()


@dataclass(frozen=True)
class _Value:
    field: str
    value: Mapping[str, object]
    shown: str


def correct(
    database: Database, clock: Clock, config: MerchantConfig, key: SecretStr, correction: Correction
) -> Corrected:
    """Keep a correction; the next transform pass lays it over the order and checks the order again.

    Args:
        database: the hub's database.
        clock: stamps it.
        config: says whether the shop's addresses may be corrected here.
        key: of the hashes of addresses.
        correction: what is right.

    Raises:
        StopError: nothing or nonsense is corrected, the shop's platform must do it, or a warehouse has it.
        LeaseTaken: a transform pass is writing orders; ask again.
    """
    refuse_reason(f"order {correction.order_id}: a correction", correction.reason)
    with hold_scope(database, "transform") as lease, database.transaction(lease) as connection:
        connection.execute(LOCK_DOCUMENTS)
        connection.execute(_LOCK, {"order_id": correction.order_id})
        value = _value_of(connection, config, key, correction)
        refuse_handed_over(connection, correction.order_id, correction.line_id)
        made = _make(connection, clock, correction, value)
        _look_again(connection, clock, correction.order_id, value.field, correction.actor)
        detail = {
            "field": value.field, "line_id": correction.line_id, "from": made.before, "to": made.after,
            "reason": correction.reason,
        }  # fmt: skip
        record_act(
            connection, clock, correction.actor, "correct", "order", correction.order_id, detail=detail
        )
        gifts = left_gifts(connection, correction.order_id, correction.line_id)
    return replace(made, gifts=gifts if value.field == "quantity" else ())


def refuse_address(database: Database, config: MerchantConfig, correction: Correction) -> None:
    """Let an order pass whose address may be corrected here, so that nobody types one in vain.

    Raises:
        StopError: as `correct` of an address.
    """
    order_id = correction.order_id
    refuse_reason(f"order {order_id}: a correction", correction.reason)
    others = (correction.line_id, correction.sku_id, correction.quantity, correction.amount_fen)
    with database.read() as connection:
        order = _order(connection, order_id)
        if others != (None,) * 4:
            raise _more_than_one(order_id)
        _with_addresses(config, order.shop_id)
        refuse_handed_over(connection, order_id, None)


def fen_of(given: str) -> int:
    """Return an amount that a person wrote in yuan, in fen.

    Raises:
        StopError: it is not written with two decimals, or is more than nine digits of fen.
    """
    if not _YUAN.fullmatch(given.strip()):
        raise StopError(
            f"amount {given[:40]!r}: must be yuan with two decimals, such as 156.00; 9999999.99 at most"
        )
    return int(Decimal(given.strip()) * 100)


def undo_correction(
    database: Database, clock: Clock, correction_id: int, reason: str, actor: str
) -> Corrected:
    """Let the platform's value stand again; the order is checked again.

    Raises:
        StopError: no reason, there is no such correction in force, or a warehouse has what it corrected.
        LeaseTaken: a transform pass is writing orders; ask again.
    """
    refuse_reason(f"correction {correction_id}: undoing it", reason)
    with hold_scope(database, "transform") as lease, database.transaction(lease) as connection:
        connection.execute(LOCK_DOCUMENTS)
        row = connection.execute(_ACTIVE, {"id": correction_id}).one_or_none()
        if row is None:
            raise StopError(
                f"correction {correction_id}: is not in force; `./hub explain ORDER` lists those of an order"
            )
        refuse_handed_over(connection, row.order_id, row.line_id)
        lift(connection, [correction_id])
        ended = {"state": "undone", "now": clock.now(), "actor": actor, "ids": [correction_id]}
        connection.execute(_END, ended)
        _look_again(connection, clock, row.order_id, row.field, actor)
        after = row.platform_shown or row.base_shown
        detail = {
            "field": row.field, "line_id": row.line_id, "from": row.value_shown, "to": after,
            "reason": reason,
        }  # fmt: skip
        record_act(connection, clock, actor, "undo_correction", "order", row.order_id, detail=detail)
    return Corrected(correction_id, row.field, row.value_shown, after)


def _look_again(connection: Connection, clock: Clock, order_id: str, field: str, actor: str) -> None:
    """Let the next passes check the order again, and end what others than the checks said of it as it was."""
    given = {"order_id": order_id, "field": field, "actor": actor, "now": clock.now()}
    connection.execute(_JUDGE_AGAIN, given)
    connection.execute(_ASK_AGAIN, given)


def _value_of(
    connection: Connection, config: MerchantConfig, key: SecretStr, correction: Correction
) -> _Value:
    order = _order(connection, correction.order_id)
    match correction:
        case Correction(address=str(given), amount_fen=None, line_id=None, sku_id=None, quantity=None):
            return _address(config, key, order.shop_id, given)
        case Correction(address=None, amount_fen=int(fen), line_id=None, sku_id=None, quantity=None):
            return _amount(order, fen)
        case Correction(
            address=None, amount_fen=None, line_id=str(line_id), sku_id=str(sku_id), quantity=None
        ):
            _refuse_line(connection, correction.order_id, line_id)
            return _sku(connection, sku_id)
        case Correction(
            address=None, amount_fen=None, line_id=str(line_id), sku_id=None, quantity=int(pieces)
        ):
            _refuse_line(connection, correction.order_id, line_id)
            return _quantity(pieces)
    raise _more_than_one(correction.order_id)


def _order(connection: Connection, order_id: str) -> Row[Any]:
    order = connection.execute(_ORDER, {"order_id": order_id}).one_or_none()
    if order is None:
        raise StopError(f"order {order_id}: does not exist; the id is shop/number, as in mails")
    return order


def _more_than_one(order_id: str) -> StopError:
    return StopError(
        f"order {order_id}: correct one thing at a time: the address, the amount at the door, or "
        "the SKU or the quantity of one line"
    )


def _quantity(pieces: int) -> _Value:
    if not 1 <= pieces <= MOST_PIECES:
        raise StopError(
            f"quantity {pieces}: must be 1 or more, {MOST_PIECES} at most; to ship nothing: "
            "`./hub hold cancel`"
        )
    return _Value("quantity", {"said": str(pieces), "quantity": pieces}, str(pieces))


def _amount(order: Row[Any], fen: int) -> _Value:
    if order.payment_state != "cod_accepted" or order.order_kind != "sale":
        raise StopError(
            f"order {order.order_id}: is not paid at the door (payment {order.payment_state}); nothing is "
            "collected for it"
        )
    shown = f"{Decimal(fen) / 100:.2f}"
    if fen <= 0:
        raise StopError(
            f"amount {shown}: must be more than nothing; to collect nothing at the door: `./hub hold release`"
        )
    return _Value("amount", {"said": str(fen), "paid_fen": fen}, shown)


def _address(config: MerchantConfig, key: SecretStr, shop_id: str, given: str) -> _Value:
    shop = _with_addresses(config, shop_id)
    masked = protect({"address_masked": given}, shop, key)
    if "*" in given or not masked.get("address_hash"):
        raise StopError("the address must be given in full, without stars")
    names = (
        "province",
        "city",
        "district",
        "address_masked",
        "address_hash",
        "address_verdict",
        "address_evidence",
    )
    value = {name: masked.get(name) for name in names}
    shown = (
        f"{masked.get('address_masked') or masked.get('province') or '?'} #{str(masked['address_hash'])[:6]}"
    )
    return _Value("address", {"said": masked["address_hash"], **value}, shown)


def _with_addresses(config: MerchantConfig, shop_id: str) -> Shop:
    shop = config.shop(shop_id)
    if shop.export_policy == "token_only":
        raise StopError(
            f"shop {shop_id} ships by the platform's token (export_policy: token_only): correct the address "
            "at the platform; the next pull brings it here"
        )
    return shop


def _sku(connection: Connection, given: str) -> _Value:
    known = list(connection.execute(_KNOWN_SKUS).scalars())
    sku_id = next((sku for sku in known if normalise_sku(sku) == normalise_sku(given)), None)
    if sku_id is None:
        raise StopError(f"SKU {given!r} is neither mapped nor in stock; {nearest(given, known)}")
    kind = connection.execute(_KIND, {"sku_id": sku_id}).scalar()
    if kind:
        raise StopError(
            f"SKU {sku_id} is a {kind}: nothing is sent under it; name the goods that are to be sent"
        )
    return _Value("sku", {"sku_id": sku_id}, sku_id)


def _refuse_line(connection: Connection, order_id: str, line_id: str) -> None:
    """Let a line pass that the order has and that is sent as it stands; of a bundle its parts are."""
    line = connection.execute(_LINE, {"order_id": order_id, "line_id": line_id}).one_or_none()
    if line is None:
        raise StopError(
            f"order {order_id}: has no line {line_id}; `./hub explain {order_id}` lists its lines"
        )
    if line.kind == "service":
        raise StopError(
            f"order {order_id}: line {line_id} is a service, nothing is sent for it; if it is goods, "
            "put its row in sku_mappings.csv (or skus.csv) right"
        )
    if line.kind == "bundle":
        raise StopError(
            f"order {order_id}: line {line_id} is a bundle, its parts are sent; correct these: "
            + ", ".join(line.parts)
        )


def _make(connection: Connection, clock: Clock, correction: Correction, value: _Value) -> Corrected:
    given = {
        "order_id": correction.order_id, "line_id": correction.line_id, "field": value.field,
        "now": clock.now(), "actor": correction.actor, "reason": correction.reason,
        "value": json.dumps(value.value, ensure_ascii=False), "shown": value.shown,
    }  # fmt: skip
    earlier = connection.execute(_PRESENT, given).scalars().all()
    lift(connection, earlier)
    connection.execute(_END, {**given, "state": "replaced", "ids": earlier})
    correction_id = connection.execute(_INSERT, given).scalar_one()
    read_platform(connection, [correction_id])
    base = connection.execute(_KEEP_BASE, {"id": correction_id}).one()
    if base.is_same:
        raise StopError(
            f"order {correction.order_id}: the platform says {base.base_shown} already; nothing was changed"
        )
    return Corrected(correction_id, value.field, base.base_shown, value.shown)
