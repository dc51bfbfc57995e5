"""A person orders goods sent again, or says which goods a replacement takes; who and why are kept."""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, text

from orderhub.clock import Clock
from orderhub.config.located_yaml import nearest
from orderhub.db.audit import record_act
from orderhub.db.document_locks import LOCK_DOCUMENTS
from orderhub.db.engine import Database
from orderhub.db.leases import hold_scope
from orderhub.db.sql_files import source, statement
from orderhub.errors import AlreadyDone, StopError
from orderhub.fulfillment.replacements import end_questions, write_replacements
from orderhub.quality.reasons import refuse_reason
from orderhub.quality.withhold import Withheld, withhold

#: How the line of a gift of gifts.csv begins.
GIFT = "~gift:"
_ORDER = text("""
    select o.order_id, o.shop_id, o.platform_order_id, o.order_kind,
        o.status in ('part_shipped', 'shipped', 'done')
        or exists (select from core.shipments as s where s.order_id = o.order_id) as has_left
    from core.orders as o where o.order_id = :order_id""")
_LINES = text("""
    select line_id, platform_item_id, platform_sku_id, sku_id, quantity,
        gift_rule_id is not null as is_own_gift
    from core.order_lines
    where order_id = :order_id and kind in ('goods', 'gift', 'bundle')
    order by line_no, line_id""")
_CLAIM = text("""
    insert into replacement_claims
    select :made, :number, l.order_id, null, 'resend', :case_no, :reason, 'same', l.line_id,
        case when l.gift_rule_id is null then l.parent_line_id end,
        l.line_no, l.kind, l.platform_item_id, l.platform_sku_id, l.merchant_code, l.sku_id, l.title,
        ceil(l.quantity * w.pieces / coalesce(p.quantity, l.quantity)::numeric), l.unit_price_fen
    from core.order_lines as l
    left join core.order_lines as p
        on p.order_id = l.order_id and p.line_id = l.parent_line_id and p.kind = 'bundle'
        and l.gift_rule_id is null
    join unnest(cast(:lines as text[]), cast(:pieces as bigint[])) as w (line_id, pieces)
        on w.line_id = coalesce(p.line_id, l.line_id)
    where l.order_id = :order_id""")
#: Of a gift of ours that did not leave yet: the document that it leaves by, and whether a person took it out.
_UNSENT_GIFTS = text("""
    select l.line_id, r.fulfillment_order_id, w.subject_id is not null as is_withheld
    from core.order_lines as l
    left join core.reservations as r
        on l.order_id = r.order_id and l.line_id = r.line_id and r.state in ('active', 'posted')
    left join core.withholdings as w on l.order_id = w.order_id and coalesce(w.line_id, l.line_id) = l.line_id
    where l.order_id = :order_id and l.line_id = any(cast(:lines as text[])) and l.gift_rule_id is not null
        and r.state is distinct from 'posted'""")
_EXISTS = text("select made_by, made_at from core.replacements where order_id = :order_id")
_KNOWN_SKUS = text("""
    select sku_id from core.skus where kind not in ('bundle', 'service') union select sku_id from core.stock
    order by 1""")
_ASKED = text("""
    select p.order_id, exists (
        select from core.manifest_lines as m where m.order_id = p.order_id and not m.is_void
    ) as is_handed_over
    from core.replacements as p where p.order_id = :order_id""")
_REMOVE = text("delete from core.order_lines where order_id = :order_id")
_ANSWER = text("""
    insert into core.order_lines (
        order_id, line_id, line_no, platform_item_id, platform_sku_id, sku_id, title, kind, quantity,
        paid_fen, refund_state, gate)
    select :order_id, w.line_id, w.line_no, w.item_id, w.platform_sku_id, w.sku_id,
        coalesce(s.name, w.sku_id), 'goods', w.quantity, 0, 'none', 'ship'
    from unnest(
        cast(:lines as text[]), cast(:items as text[]), cast(:platform_skus as text[]), cast(:skus as text[]),
        cast(:pieces as bigint[])
    ) with ordinality as w (line_id, item_id, platform_sku_id, sku_id, quantity, line_no)
    left join core.skus as s on s.sku_id = w.sku_id""")
_ANSWERED = text("update core.replacements set goods = 'answered' where order_id = :order_id")
_END_CORRECTIONS = text("""
    update core.corrections set state = 'replaced', ended_at = :now, ended_by = :actor
    where order_id = :order_id and state = 'active' and field in ('sku', 'quantity')""")


@dataclass(frozen=True)
class Resend:
    """What a person wants sent again.

    Attributes:
        order_id: the order whose goods they are.
        pieces: line → pieces; empty for all lines, whole, without the gifts of gifts.csv.
        case_no: the same number again is the same resend.
    """

    order_id: str
    reason: str
    actor: str
    pieces: Mapping[str, int]
    case_no: str = "1"


def order_resend(database: Database, clock: Clock, asked: Resend) -> str:
    """Make the order that the goods leave by, and return its id; the next fulfil pass routes it.

    Raises:
        StopError: no reason, no such order or line, or nothing of the order has left.
        AlreadyDone: this case was sent again before.
        LeaseTaken: somebody else routes now, or writes the order whose gift it is; ask again.
    """
    # A gift that stayed behind is taken out of its order, which no pass may be writing.
    orders = hold_scope(database, "transform") if GIFT in "".join(asked.pieces) else nullcontext()
    with hold_scope(database, "route") as lease, orders, database.transaction(lease) as connection:
        connection.execute(LOCK_DOCUMENTS)
        order, pieces = _accepted(connection, asked)
        number = _number(order, asked)
        made = f"{order.shop_id}/{number}"
        connection.exec_driver_sql(source("core/replacement_claims"))
        given = {
            "made": made, "number": number, "order_id": asked.order_id, "case_no": asked.case_no,
            "reason": asked.reason, "lines": list(pieces), "pieces": list(pieces.values()),
        }  # fmt: skip
        connection.execute(_CLAIM, given)
        write_replacements(connection, clock, made_by=asked.actor, pass_id=None)
        connection.execute(statement("core/replacement_receivers"))
        _take_gifts(connection, clock, asked, made)
        detail = {"made": made, "case": asked.case_no, "reason": asked.reason, "pieces": pieces}
        record_act(connection, clock, asked.actor, "resend", "order", asked.order_id, detail=detail)
    return made


def refuse_resend(database: Database, asked: Resend) -> None:
    """Let a resend pass that could be ordered now, so that nobody is asked about one that could not.

    Raises:
        StopError, AlreadyDone: as `order_resend`.
    """
    with database.read() as connection:
        _accepted(connection, asked)


def answer_goods(
    database: Database, clock: Clock, order_id: str, goods: Mapping[str, int], *, actor: str, reason: str
) -> None:
    """Let a replacement take `goods` (SKU → pieces) instead of what was proposed, and end its question.

    Raises:
        StopError: no reason, no such replacement, an unknown SKU, or a warehouse has it.
        LeaseTaken: somebody else routes now; ask again.
    """
    refuse_reason(f"order {order_id}: an answer", reason)
    given = {"order_id": order_id, "actor": actor, "now": clock.now()}
    with hold_scope(database, "route") as lease, database.transaction(lease) as connection:
        connection.execute(LOCK_DOCUMENTS)
        _refuse_unanswerable(connection, order_id, goods)
        proposed = connection.execute(_LINES, given).all()
        connection.execute(_REMOVE, given)
        connection.execute(_ANSWER, {**given, **_columns(proposed, goods)})
        connection.execute(_ANSWERED, given)
        connection.execute(_END_CORRECTIONS, given)
        end_questions(connection, clock, [order_id], actor, reason)
        before = {row.sku_id or "?": row.quantity for row in proposed}
        detail = {"from": before, "to": dict(goods), "reason": reason}
        record_act(connection, clock, actor, "answer_goods", "order", order_id, detail=detail)


def _columns(proposed: Sequence[Row[Any]], goods: Mapping[str, int]) -> dict[str, list[Any]]:
    """Return the lines of the answer: platforms know a line by its id, more goods are numbered on."""
    known = [(row.line_id, row.platform_item_id, row.platform_sku_id) for row in proposed]
    more = [(f"n{number}", None, None) for number in range(len(known) + 1, len(goods) + 1)]
    lines, items, platform_skus = zip(*[*known, *more][: len(goods)], strict=True)
    return {
        "lines": list(lines),
        "items": list(items),
        "platform_skus": list(platform_skus),
        "skus": list(goods),
        "pieces": list(goods.values()),
    }


def _accepted(connection: Connection, asked: Resend) -> tuple[Row[Any], dict[str, int]]:
    """Return the order and the pieces of it that are sent again, or refuse."""
    refuse_reason(f"order {asked.order_id}: sending again", asked.reason)
    if not asked.case_no.isalnum():
        raise StopError(f"case {asked.case_no!r}: letters and digits only; it becomes part of a number")
    order = _order(connection, asked.order_id)
    _refuse_second(connection, f"{order.shop_id}/{_number(order, asked)}", asked.case_no)
    pieces = _pieces(connection, asked)
    for gift in _unsent_gifts(connection, asked):
        if gift.fulfillment_order_id is not None:
            raise StopError(
                f"order {asked.order_id}: line {gift.line_id} leaves by itself, "
                f"by {gift.fulfillment_order_id}"
            )
    return order, pieces


def _unsent_gifts(connection: Connection, asked: Resend) -> Sequence[Row[Any]]:
    given = {"order_id": asked.order_id, "lines": list(asked.pieces)}
    return connection.execute(_UNSENT_GIFTS, given).all()


def _take_gifts(connection: Connection, clock: Clock, asked: Resend, made: str) -> None:
    """Let gifts that stayed behind leave by the resend only, whatever becomes of what they waited for."""
    who = {"now": clock.now(), "actor": asked.actor, "reason": f"sent by {made}: {asked.reason}"}
    for gift in _unsent_gifts(connection, asked):
        if not gift.is_withheld:
            withhold(connection, asked.order_id, gift.line_id, Withheld.CANCELLED, who)


def _number(order: Row[Any], asked: Resend) -> str:
    return f"BF{order.platform_order_id}_{asked.case_no}"


def _order(connection: Connection, order_id: str) -> Row[Any]:
    order = connection.execute(_ORDER, {"order_id": order_id}).one_or_none()
    if order is None:
        raise StopError(f"order {order_id}: does not exist; the id is shop/number, as in mails")
    if order.order_kind != "sale":
        raise StopError(f"order {order_id}: is a replacement itself; name the order that the buyer placed")
    if not order.has_left:
        raise StopError(f"order {order_id}: nothing of it has left; it ships by itself, see ./hub explain")
    return order


def _pieces(connection: Connection, asked: Resend) -> dict[str, int]:
    lines = connection.execute(_LINES, {"order_id": asked.order_id}).all()
    sold = {row.line_id: row.quantity for row in lines if row.quantity}
    for line_id, pieces in asked.pieces.items():
        if line_id not in sold:
            raise StopError(f"order {asked.order_id}: has no line {line_id}; {nearest(line_id, list(sold))}")
        if not 0 < pieces <= sold[line_id]:
            raise StopError(
                f"order {asked.order_id}: line {line_id} has {sold[line_id]} pieces, not {pieces}"
            )
    given = {row.line_id for row in lines if row.is_own_gift}  # They are named, or not sent again.
    return {**asked.pieces} or {line_id: pieces for line_id, pieces in sold.items() if line_id not in given}


def _refuse_second(connection: Connection, made: str, case_no: str) -> None:
    earlier = connection.execute(_EXISTS, {"order_id": made}).one_or_none()
    if earlier is not None:
        raise AlreadyDone(
            f"{made}: case {case_no} was sent again by {earlier.made_by} already; "
            "another parcel for the same order needs another --case"
        )


def _refuse_unanswerable(connection: Connection, order_id: str, goods: Mapping[str, int]) -> None:
    asked = connection.execute(_ASKED, {"order_id": order_id}).one_or_none()
    if asked is None:
        raise StopError(f"order {order_id}: is no replacement; see ./hub hold list, rule which_goods")
    if asked.is_handed_over:
        raise StopError(f"order {order_id}: a warehouse has it; cancel its after-sale or call the warehouse")
    known = list(connection.execute(_KNOWN_SKUS).scalars())
    for sku, pieces in goods.items():
        if sku not in known:
            raise StopError(f"SKU {sku}: is no single goods that we know; {nearest(sku, known)}")
        if pieces <= 0:
            raise StopError(f"SKU {sku}: {pieces} pieces; at least one")
    if not goods:
        raise StopError(f"order {order_id}: name the goods, as SKU=PIECES")
