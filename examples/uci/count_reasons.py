"""Counts, with pandas alone, the rows of the file for each reason to hold or flag them; prints JSON.

    python examples/uci/count_reasons.py online_retail.csv

Independent of orderhub on purpose: what orderhub stores must add up to these figures.
"""

# ruff: noqa: INP001, T201 - a script, not part of a package; it prints its answer
import json
import sys

import pandas as pd

#: One buyer who wants the same goods again within so many minutes may have pressed the button twice.
REPEAT_MINUTES = 10
NON_GOODS = ["AMAZONFEE", "B", "BANK CHARGES", "C2", "CRUK", "D", "DOT", "M", "PADS", "POST", "S"]


def count(file: str) -> dict[str, int]:
    """Return reason → rows, and the totals, of the CSV `file` (plain or gzip)."""
    rows = pd.read_csv(file, dtype=str, keep_default_na=False)
    quantity = rows["Quantity"].astype(int)
    price = rows["UnitPrice"].astype(float)
    code = rows["StockCode"].str.strip().str.upper()
    is_cancellation = rows["InvoiceNo"].str.startswith("C")
    is_non_goods = code.isin(NON_GOODS) | code.str.startswith("GIFT_")
    is_unreadable = rows["UnitPrice"].str.contains(r"\.\d\d\d*[1-9]")
    is_order = ~rows["InvoiceNo"].str.startswith(("C", "A"))
    times_of_invoice = rows.groupby("InvoiceNo")["InvoiceDate"].transform("nunique")
    is_repeated = rows["InvoiceNo"].isin(_repeated(rows, code + "*" + rows["Quantity"]))
    return {
        "rows": len(rows),
        "orders": int(rows["InvoiceNo"].nunique()),
        "skus": int(code[~is_non_goods].nunique()),
        "cancellation_document": int(is_cancellation.sum()),
        "adjustment_document": int(rows["InvoiceNo"].str.startswith("A").sum()),
        "bad_quantity": int((quantity < 1).sum()),
        "negative_quantity_outside_cancellations": int(((quantity < 0) & ~is_cancellation).sum()),
        "zero_price": int((price == 0).sum()),
        "negative_price": int((price < 0).sum()),
        "unreadable_line_value": int(
            (rows["UnitPrice"].str.extract(r"\.\d\d(\d*[1-9])", expand=False).notna()).sum()
        ),
        "anonymous_customer": int((rows["CustomerID"] == "").sum()),
        "missing_title": int((rows["Description"].str.strip() == "").sum()),
        "duplicate_row": int(rows.duplicated().sum()),
        "suspected_duplicate_order": int(is_repeated.sum()),
        "non_goods_code": int(is_non_goods.sum()),
        "sku_not_mapped": int(is_non_goods.sum()),
        "ships": int(
            (is_order & ~is_repeated & (quantity > 0) & (price > 0) & ~is_unreadable & ~is_non_goods).sum()
        ),
        "disagreeing_rows": int((times_of_invoice > 1).sum()),
        "disagreeing_orders": int(rows.loc[times_of_invoice > 1, "InvoiceNo"].nunique()),
    }


def _repeated(rows: pd.DataFrame, goods: pd.Series) -> pd.Series:
    """Return the invoices that repeat an earlier one: same customer, same goods, minutes later."""
    known = rows[rows["CustomerID"] != ""].assign(goods=goods).sort_values(["InvoiceNo", "goods"])
    invoices = known.groupby("InvoiceNo").agg(
        customer=("CustomerID", "first"), at=("InvoiceDate", "min"), goods=("goods", " ".join)
    )
    invoices = invoices.assign(at=pd.to_datetime(invoices["at"])).sort_values(["at", "InvoiceNo"])
    since = invoices["at"] - invoices.groupby(["customer", "goods"])["at"].shift()
    return invoices.index[since <= pd.Timedelta(minutes=REPEAT_MINUTES)]


if __name__ == "__main__":
    print(json.dumps(count(sys.argv[1]), indent=2))
