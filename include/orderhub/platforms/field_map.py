"""`fields.csv`: our field ← their path ← converter; what a clerk edits in a spreadsheet."""

from dataclasses import dataclass

from orderhub.config.csv_table import Row, read_table
from orderhub.config.located_yaml import nearest
from orderhub.errors import ConfigError
from orderhub.platforms.converters import CONVERTERS, ZONED
from orderhub.platforms.times import known_zones

ORDER_FIELDS = (
    "platform_order_id", "platform_status", "customer_id", "buyer_label", "currency", "total", "discount",
    "freight", "paid", "promotion_mark", "buyer_message", "seller_memo", "seller_flag", "placed_at",
    "paid_at", "modified_at", "ship_by_at", "ship_not_before", "invoice_kind", "invoice_title",
    "payment_method", "payment_no",
)  # fmt: skip
LINE_FIELDS = (
    "line_id", "platform_item_id", "platform_sku_id", "merchant_code", "title", "kind_hint", "quantity",
    "unit_price", "discount", "paid", "subsidy", "platform_status", "refund_status", "shipped_quantity",
)  # fmt: skip
RECEIVER_FIELDS = (
    "name_masked", "phone_masked", "phone_hash", "address_masked", "address_hash", "province", "city",
    "district", "town", "address_verdict", "phone_verdict", "address_evidence", "token", "receiver_state",
)  # fmt: skip
REFUND_FIELDS = (
    "refund_id", "platform_order_id", "platform_line_id", "platform_sku_id", "kind", "sub_kind",
    "platform_status", "quantity", "refund", "reason", "wanted_sku", "created_at", "modified_at",
)  # fmt: skip
FIELDS = {"order": ORDER_FIELDS, "line": LINE_FIELDS, "receiver": RECEIVER_FIELDS, "refund": REFUND_FIELDS}
MONEY = ("total", "discount", "freight", "paid", "unit_price", "subsidy", "refund")
#: Converters that take every text and give one.
OF_TEXT = ("text", "sku", "province", "city", "district")
TIMES = ("placed_at", "paid_at", "modified_at", "ship_by_at", "ship_not_before", "created_at")
REQUIRED = (("order", "platform_order_id"), ("order", "modified_at"), ("line", "quantity"))
#: Needed by platforms whose spec has the stream refunds.
REQUIRED_OF_REFUNDS = ("refund_id", "platform_order_id", "platform_status", "modified_at")


@dataclass(frozen=True)
class FieldRule:
    """One row: where a field of ours comes from.

    Attributes:
        field: our field.
        paths: their paths, tried in order; empty when constant.
        constant: the text that `=text` gives, else None.
        converter: name in converters.py.
        line: line in the file, for messages and `explain`.
    """

    field: str
    paths: tuple[str, ...]
    constant: str | None
    converter: str
    line: int


@dataclass(frozen=True)
class FieldMap:
    """All rules of one platform, by record."""

    order: tuple[FieldRule, ...]
    line: tuple[FieldRule, ...]
    receiver: tuple[FieldRule, ...]
    refund: tuple[FieldRule, ...]
    source: str
    file: str


def read_field_map(source: str, file: str) -> FieldMap:
    """Return the field map in `source`.

    Raises:
        ConfigError: unknown record, field or converter; a field given twice; a required field missing.
    """
    rules: dict[str, dict[str, FieldRule]] = {record: {} for record in FIELDS}
    rows = read_table(source, file, ("record", "field", "path", "converter"), ("comment",))
    for row in rows:
        _check(row)
        if row["field"] in rules[row["record"]]:
            first = rules[row["record"]][row["field"]].line
            raise row.refuse("field", f"is mapped twice (first on line {first}); use a|b for alternatives")
        rules[row["record"]][row["field"]] = _rule(row)
    if not rows:
        raise ConfigError(
            f"{file}:1: nothing is mapped; copy the shipped fields.csv of the platform and edit it"
        )
    for record, field in REQUIRED:
        if field not in rules[record]:
            raise rows[-1].refuse("field", f"ends the file, and {record} {field} is not mapped; it must be")
    return FieldMap(
        order=tuple(rules["order"].values()),
        line=tuple(rules["line"].values()),
        receiver=tuple(rules["receiver"].values()),
        refund=tuple(rules["refund"].values()),
        source=source,
        file=file,
    )


def _rule(row: Row) -> FieldRule:
    path = row["path"]
    constant = path[1:] if path.startswith("=") else None
    alternatives = () if constant is not None else tuple(part.strip() for part in path.split("|"))
    return FieldRule(row["field"], alternatives, constant, row["converter"], row.line)


def _check(row: Row) -> None:
    if row["record"] not in FIELDS:
        raise row.refuse("record", f"is not known; {nearest(row['record'], list(FIELDS))}")
    allowed = FIELDS[row["record"]]
    if row["field"] not in allowed:
        raise row.refuse(
            "field", f"is not a field of {row['record']}; {nearest(row['field'], list(allowed))}"
        )
    if not row["path"]:
        raise row.refuse("path", "is empty; give a path, a|b, or =text")
    name = row["converter"]
    if name not in CONVERTERS and not ZONED.fullmatch(name):
        known = [*CONVERTERS, "time@Asia/Shanghai"]
        raise row.refuse("converter", f"is not known; {nearest(name, known)}")
    fitting = _fitting(row["field"])
    if ("time@" if ZONED.fullmatch(name) else name) not in fitting:
        raise row.refuse("converter", f"does not fit {row['field']}; fitting: {', '.join(fitting)}")
    zoned = ZONED.fullmatch(name)
    if zoned and zoned["zone"] not in known_zones():
        raise row.refuse("converter", f"names no zone; {nearest(zoned['zone'], sorted(known_zones()))}")


def _fitting(field: str) -> tuple[str, ...]:
    """Return the converters that give the column's type; another would fail the pass of all platforms."""
    if field in MONEY:
        return ("yuan", "fen")
    if field in TIMES:
        return ("time@", "epoch_s", "epoch_ms", "instant")
    return ("integer",) if field in {"quantity", "shipped_quantity"} else OF_TEXT
