"""SQL that reads staged payloads: opens JSON objects as records and converts their texts to typed columns.

Everything that comes from a file enters as a quoted literal; no value of a payload ever becomes SQL.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from orderhub.platforms.converters import NUMBERS, convert, trimmed
from orderhub.platforms.field_map import MONEY, OF_TEXT, TIMES, FieldRule

#: Texts that stand in keys: an index row holds 2,700 bytes, and one longer text would stop every pass.
KEYS = {"platform_order_id", "customer_id", "line_id"}
LONGEST_KEY_BYTES = 400
#: What people wrote, and the numbers in it that `core` never shows; the same as `orderhub.privacy.masks`.
MESSAGES = {"buyer_message", "seller_memo"}
_PERSONAL_NUMBERS = (
    (r"(?<!\d)([1-9]\d\d)\d{3}(?:19|20)\d\d[01]\d[0-3]\d(\d{3}[\dXx])(?!\d)", r"\1***********\2"),
    (r"(?<![\d.])(1[3-9]\d)\d{4}(\d{4})(?!\d)", r"\1****\2"),
)
#: Hex digits of a payload's hash: in the name of a version, and in a merge key, where it parts versions that
#: are alike in all else. The others would be a tenth of what a pass writes.
VERSION_DIGITS, TIE_DIGITS = 32, 16
#: What we write beside a payload when we pull it has no blanks around it.
OURS = {
    "phone_hash",
    "address_hash",
    "address_verdict",
    "phone_verdict",
    "address_evidence",
    "receiver_state",
}
#: Ends a step that computes each value once: without it the planner copies the expression to every use, and
#: with `materialized` a million rows would be written to disk between two steps.
FENCE = "offset 0"
#: A payload as a step of its own gives it: unpacked once; a packed one is unpacked at each of its five uses.
UNPACKED = "payload #> '{}' as payload"
#: An invoice to a company names no person; any other title is masked.
_COMPANY = "公司|集团|工厂|学校|大学|医院|银行|中心|合作社|事务所|委员会|有限|^个人$|Ltd|Inc|GmbH"
#: PostgreSQL cuts longer names, in bytes; such a key is read by its path instead.
LONGEST_NAME = 63
#: What platforms write where there is no time: no value, not an unreadable one.
_NO_TIME = {
    "epoch_s": ("0",),
    "epoch_ms": ("0",),
    "time@": ("0000-00-00 00:00:00", "0001-01-01 00:00:00", "1970-01-01 08:00:00"),
}
_NULL_TYPES = {
    "quantity": "bigint",
    "shipped_quantity": "bigint",
    **dict.fromkeys(TIMES, "timestamptz"),
    **dict.fromkeys(MONEY, "bigint"),
}


@dataclass(frozen=True)
class Opened:
    """A JSON object opened as a record: its alias, the root it stands at, and the keys read from it."""

    alias: str
    root: str
    keys: dict[str, bool]
    is_flat: bool

    def text_at(self, path: str) -> str:
        """Return the SQL text expression for one path."""
        if path.startswith("/"):
            return f"s.payload #>> {_path_literal(path[1:].split('.'))}"
        parts = [path] if self.is_flat else path.split(".")
        if not self.is_flat and "=" in path:
            return self._found_by_name(parts)
        key, *inner = parts
        if key not in self.keys:
            return f"{self.root} #>> {_path_literal(parts)}"
        column = f"{self.alias}.{identifier(key)}"
        # A number may stand for a place in a list, which only a path finds.
        if len(inner) == 1 and not inner[0].lstrip("-").isdecimal():
            return f"{column} ->> {literal(inner[0])}"
        if inner:
            return f"{column} #>> {_path_literal(inner)}"
        return f"({column} #>> '{{}}')" if self.keys[key] else column

    def _found_by_name(self, parts: Sequence[str]) -> str:
        """Return the text expression of a path with steps `name=x`: the first item whose name is x."""
        steps = "".join(
            f"[*] ? (@.{_quoted(step.partition('=')[0])} == {_quoted(step.partition('=')[2])})"
            if "=" in step
            else f".{_quoted(step)}"
            for step in parts
        )
        return f"jsonb_path_query_first({self.root}, {literal('$' + steps)}) #>> '{{}}'"

    @property
    def record(self) -> str:
        """Return the `jsonb_to_record` call, for many objects; a key that paths descend into stays JSONB."""
        columns = ", ".join(
            f"{identifier(key)} {'jsonb' if is_nested else 'text'}" for key, is_nested in self.keys.items()
        )
        guarded = f"case when jsonb_typeof({self.root}) = 'object' then {self.root} else '{{}}'::jsonb end"
        return f"jsonb_to_record({guarded}) as {self.alias}({columns})"

    @property
    def by_key(self) -> str:
        """Return the same columns, read key by key: for one object of a payload that costs two thirds."""
        columns = ", ".join(
            f"opened.root {'->' if is_nested else '->>'} {literal(key)} as {identifier(key)}"
            for key, is_nested in self.keys.items()
        )
        opened = f"(select {self.root} as root {FENCE}) as opened"
        return f"lateral (select {columns} from {opened} {FENCE}) as {self.alias}"  # noqa: S608 - keys of files, quoted


def open_record(alias: str, root: str, paths: Iterable[str], *, is_flat: bool) -> Opened:
    """Collect the top-level keys that `paths` read from the object at `root`."""
    keys: dict[str, bool] = {}
    for path in paths:
        if path.startswith("/"):
            continue
        parts = [path] if is_flat else path.split(".")
        if len(parts[0].encode()) <= LONGEST_NAME:
            keys[parts[0]] = keys.get(parts[0], False) or len(parts) > 1
    return Opened(alias, root, keys or {"_": False}, is_flat)


def paths_of(rules: Sequence[FieldRule]) -> list[str]:
    """Return every path that `rules` read."""
    return [path for rule in rules for path in rule.paths]


def root_of(path: str) -> str:
    """Return the SQL of the JSON at a dotted path of the payload."""
    return f"(s.payload #> {_path_literal(path.split('.'))})" if path else "s.payload"


def raw_columns(opened: Opened, rules: Sequence[FieldRule], prefix: str) -> str:
    """Return `<trimmed text> as raw_<field>` for every mapped field; what says nothing is absent.

    A number from one path is given as it is: `converted_columns` and `unreadable_array` trim it if they must.
    """
    parts = []
    for rule in rules:
        if rule.constant is not None:
            expression = literal(rule.constant)
        elif _is_raw_number(rule):
            expression = opened.text_at(rule.paths[0])
        else:
            present = _of_ours if rule.field in OURS else _present
            texts = [present(opened.text_at(path), rule.converter) for path in rule.paths]
            expression = texts[0] if len(texts) == 1 else f"coalesce({', '.join(texts)})"
        parts.append(f"{expression} as raw_{prefix}{rule.field}")
    return ",\n        ".join(parts)


def _is_raw_number(rule: FieldRule) -> bool:
    return rule.converter in NUMBERS and rule.constant is None and len(rule.paths) == 1


def _of_ours(text: str, _converter: str) -> str:
    return f"nullif({text}, '')"


def _present(text: str, converter: str) -> str:
    kind = "time@" if converter.startswith("time@") else converter
    text = trimmed(text)
    for nothing in _NO_TIME.get(kind, ()):
        text = f"nullif({text}, {literal(nothing)})"
    return text


def converted_columns(rules: Sequence[FieldRule], fields: Sequence[str], raw: str, prefix: str) -> str:
    """Return one typed column per field of `fields`; null for what is not mapped."""
    by_field = {rule.field: rule for rule in rules}
    return ",\n        ".join(
        f"{_value(by_field[field], raw + field)} as {prefix}{field}"
        if field in by_field
        else f"null::{_NULL_TYPES.get(field, 'text')} as {prefix}{field}"
        for field in fields
    )


def _value(rule: FieldRule, raw: str) -> str:
    """Return the converted value; a key that no index could hold is unreadable."""
    value = convert(rule.converter, raw)
    if _is_raw_number(rule):
        return f"coalesce({value}, {convert(rule.converter, _present(raw, rule.converter))})"
    if rule.field in KEYS:
        return f"case when octet_length({value}) <= {LONGEST_KEY_BYTES} then {value} end"
    if rule.field == "invoice_title":
        return f"case when {value} ~ {literal(_COMPANY)} then {value} else left({value}, 1) || '**' end"
    if rule.field in MESSAGES:
        masked = value
        for pattern, shown in _PERSONAL_NUMBERS:
            masked = f"regexp_replace({masked}, {literal(pattern)}, {literal(shown)}, 'g')"
        # Most messages have no digit at all, and looking for one is cheap.
        return f"case when translate({value}, '0123456789', '') = {value} then {value} else {masked} end"
    return value


def unreadable_array(rules: Sequence[FieldRule]) -> str:
    """Return the SQL array of the fields that are there and cannot be read; over `converted_columns`."""
    tests = [
        f"case when {rule.field} is null and {_said(rule)} is not null then '{rule.field}' end"
        for rule in rules
        if rule.field in KEYS or rule.converter not in OF_TEXT
    ]
    return f"array_remove(array[{', '.join(tests)}]::text[], null)"


def _said(rule: FieldRule) -> str:
    raw = f"raw_{rule.field}"
    return _present(raw, rule.converter) if _is_raw_number(rule) else raw


def literal(value: str) -> str:
    """Quote a text; colons are escaped, because SQLAlchemy would bind `:name`."""
    return "'" + value.replace("'", "''").replace(":", "\\:") + "'"


def identifier(name: str) -> str:
    """Quote a name."""
    return '"' + name.replace('"', '""').replace(":", "\\:") + '"'


def _quoted(text: str) -> str:
    """Quote a key or a text inside a JSON path."""
    return json.dumps(text, ensure_ascii=False)


def _path_literal(parts: Sequence[str]) -> str:
    escaped = ",".join('"' + part.replace("\\", "\\\\").replace('"', '\\"') + '"' for part in parts)
    return literal("{" + escaped + "}")
