"""shares.csv: which part of what can be promised each shop may offer; without it no shop is told stock."""

from collections.abc import Sequence

from orderhub.config.csv_table import Row, read_table
from orderhub.config.frozen import Frozen
from orderhub.config.located_yaml import nearest
from orderhub.errors import ConfigError

FILE = "shares.csv"
_WHOLE = 100


class StockShare(Frozen):
    """One row of shares.csv."""

    shop_id: str
    sku_id: str
    percent: int
    floor: int


def read_shares(source: str | None, shops: list[str]) -> tuple[StockShare, ...]:
    """Return the rows of shares.csv.

    Raises:
        ConfigError: a row is wrong, or the shops together get more than everything of a SKU.
    """
    shares: dict[tuple[str, str], StockShare] = {}
    if source is None:
        return ()
    for row in read_table(source, FILE, ("shop_id", "sku_id", "percent"), ("floor", "comment")):
        if row["shop_id"] not in shops:
            raise row.refuse("shop_id", f"is not a shop; {nearest(row['shop_id'], shops)}")
        if not row["sku_id"]:
            raise row.refuse("sku_id", "must be given; * means every SKU")
        if (row["shop_id"], row["sku_id"]) in shares:
            raise row.refuse("sku_id", f"is given twice for {row['shop_id']}")
        share = StockShare(
            shop_id=row["shop_id"],
            sku_id=row["sku_id"],
            percent=_whole(row, "percent", _WHOLE),
            floor=_whole(row, "floor", 1_000_000_000),
        )
        shares[share.shop_id, share.sku_id] = share
        _check_sum(row, list(shares.values()))
    return tuple(shares.values())


def _whole(row: Row, column: str, most: int) -> int:
    said = row[column] or "0"
    if not (said.isascii() and said.isdecimal() and int(said) <= most):
        raise row.refuse(column, f"is not a whole number from 0 to {most}")
    return int(said)


def _check_sum(row: Row, shares: list[StockShare]) -> None:
    for sku_id in {share.sku_id for share in shares}:
        whole = sum(share.percent for share in shares_of(shares, sku_id))
        if whole > _WHOLE:
            raise row.refuse("percent", f"makes {whole} % of {sku_id} in all; shops share 100 % at most")


def shares_of(shares: Sequence[StockShare], sku_id: str) -> list[StockShare]:
    """Return each shop's share of one SKU, in the order of the file: its own row wins over *."""
    own = {share.shop_id: share for share in shares if share.sku_id == sku_id}
    every = {share.shop_id: share for share in shares if share.sku_id == "*"}
    return [own.get(shop_id) or every[shop_id] for shop_id in dict.fromkeys([*own, *every])]


def check_pushing(pushing: Sequence[str], shares: Sequence[StockShare]) -> None:
    """Refuse a shop that is to be told its stock and has no share of any.

    Raises:
        ConfigError: naming the shop.
    """
    for shop_id in pushing:
        if not any(share.shop_id == shop_id for share in shares):
            raise ConfigError(
                f"shops.yaml: shop {shop_id}: push_stock needs its share; add {shop_id},*,<percent> to {FILE}"
            )
