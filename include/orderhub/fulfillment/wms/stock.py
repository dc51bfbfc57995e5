"""Reads a WMS's stock over Qimen, a page of SKUs at a time."""

from collections.abc import Collection, Sequence
from xml.etree.ElementTree import Element

from sqlalchemy import text

from orderhub.clock import Clock
from orderhub.config.models import Wms
from orderhub.db.engine import Database
from orderhub.errors import ContractError
from orderhub.fulfillment.stock_sync import Reading
from orderhub.fulfillment.wms.account import Account
from orderhub.fulfillment.wms.xml import text_at, whole

#: Criteria in one call; Qimen's other paged queries allow as many.
PAGE_SKUS = 100
_GOOD = "ZP"
_SKUS = text("""
    select sku_id from core.stock where warehouse_id = :warehouse_id
    union select sku_id from core.sku_mappings
    union select sku_id from core.skus
    except select sku_id from core.skus where kind in ('bundle', 'service')
    order by sku_id""")


def read_stock(database: Database, clock: Clock, account: Account) -> Reading:
    """Return the pieces of every SKU of ours that the WMS has a figure for, as of the start of the reading.

    A figure that is no whole number of pieces, -3 say, counts as left out: the others are taken all the same.

    Raises:
        RetryError: the WMS did not answer to the end.
        CredentialError: it refuses our calls.
    """
    as_of = clock.now()
    with database.read() as connection:
        skus = list(connection.execute(_SKUS, {"warehouse_id": account.warehouse_id}).scalars())
    pieces: dict[str, int] = {}
    for start in range(0, len(skus), PAGE_SKUS):
        pieces |= _page(account, skus[start : start + PAGE_SKUS])
    return Reading(account.warehouse_id, "wms", as_of, account.wms.is_locked_inside, pieces)


def _page(account: Account, skus: Sequence[str]) -> dict[str, int]:
    criteria = [
        {
            "warehouseCode": account.wms.warehouse_code,
            "ownerCode": account.wms.owner_code,
            "itemCode": sku_id,
            "inventoryType": _GOOD,
        }
        for sku_id in skus
    ]
    answer = account.qimen.call("inventory.query", {"criteriaList": {"criteria": criteria}})
    if not answer.is_success:
        raise ContractError(f"WMS inventory.query: {answer.code} {answer.message}")
    return figures_in(answer.body, account.wms, skus)


def figures_in(body: Element, wms: Wms, skus: Collection[str]) -> dict[str, int]:
    """Return the pieces of each of `skus` that an answer has a figure for, batches together.

    A row of another building, owner or grade is not ours, whatever was asked for. A row without a figure says
    nothing, which is not zero; nor does one that comes twice: a page that shifted, or as much once more.
    """
    pieces: dict[str, int] = {}
    unreadable: set[str] = set()
    seen: set[tuple[tuple[str, str], ...]] = set()
    for item in body.iterfind("items/item"):
        sku_id, whole_row = (
            text_at(item, "itemCode"),
            tuple(sorted((one.tag, one.text or "") for one in item)),
        )
        is_ours = all(text_at(item, name) in {"", ours} for name, ours in _ours(wms).items())
        if not is_ours or sku_id not in skus:
            continue
        free = whole(text_at(item, "quantity"))
        locked = 0 if wms.is_locked_inside else whole(text_at(item, "lockQuantity") or "0")
        if free is None or locked is None or whole_row in seen:
            unreadable.add(sku_id)
            continue
        seen.add(whole_row)
        pieces[sku_id] = pieces.get(sku_id, 0) + free + locked
    return {sku_id: count for sku_id, count in pieces.items() if sku_id not in unreadable}


def _ours(wms: Wms) -> dict[str, str]:
    return {"warehouseCode": wms.warehouse_code, "ownerCode": wms.owner_code, "inventoryType": _GOOD}
