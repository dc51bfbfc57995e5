"""Derives what a merchant would have: SKU mapping and opening stock, from the order file itself.

    python examples/uci/derive.py online_retail.csv TARGET

writes TARGET/config (this example's configuration with sku_mappings.csv filled) and TARGET/stock.csv. Stock
is what the file's orders need, per building, so that everything that may ship can.
"""

# ruff: noqa: INP001 - a script, not part of a package
import shutil
import sys
from pathlib import Path

import pandas as pd

HERE = Path(__file__).parent
#: Codes that are no goods; the same list as in config/expectations/uci_lines.json, by what the codes mean.
NON_GOODS = r"AMAZONFEE|B|BANK CHARGES|C2|CRUK|D|DOT|M|PADS|POST|S|GIFT_0001_\d+"


def derive(file: Path, target: Path) -> None:
    """Write the configuration and the stock for the orders in `file` (CSV, plain or gzip)."""
    config = target / "config"
    shutil.copytree(HERE / "config", config, dirs_exist_ok=True)
    rows = pd.read_csv(file, dtype=str, keep_default_na=False)
    rows["sku_id"] = rows["StockCode"].str.normalize("NFKC").str.strip().str.upper()
    goods = rows[~rows["sku_id"].str.fullmatch(NON_GOODS)]
    _write_mappings(goods, config / "sku_mappings.csv")
    _write_stock(goods, config / "regions.csv", target / "stock.csv")


def _write_mappings(goods: pd.DataFrame, file: Path) -> None:
    skus = sorted(goods["sku_id"].unique())
    table = pd.DataFrame(
        {"mapping_id": [f"uci-{sku}" for sku in skus], "shop_id": "uci", "platform_sku": skus, "sku_id": skus}
    )
    table.to_csv(file, index=False, lineterminator="\n")


def _write_stock(goods: pd.DataFrame, regions: Path, file: Path) -> None:
    sets = pd.read_csv(regions, comment="#")
    continent = set(sets.loc[sets["region"] == "europe", "province"])
    sold = goods.assign(pieces=goods["Quantity"].astype(int))
    sold = sold[(sold["pieces"] > 0) & ~sold["InvoiceNo"].str.startswith(("C", "A"))]
    sold["warehouse_id"] = sold["Country"].map(
        lambda country: "rotterdam" if country in continent else "london"
    )
    stock = sold.groupby(["warehouse_id", "sku_id"], as_index=False)["pieces"].sum()
    stock.rename(columns={"pieces": "on_hand"}).to_csv(file, index=False, lineterminator="\n")


if __name__ == "__main__":
    derive(Path(sys.argv[1]), Path(sys.argv[2]))
