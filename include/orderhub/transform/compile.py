"""Compiles `platform.yaml` + `fields.csv` into two SQL statements: versions of orders, and lines of winners.

Everything that comes from a file enters as a quoted literal; no value of a payload ever becomes SQL.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from orderhub.platforms.converters import convert
from orderhub.platforms.field_map import LINE_FIELDS, ORDER_FIELDS, RECEIVER_FIELDS, FieldRule
from orderhub.platforms.spec import Flag, Platform, StatusMeaning

MONEY = {"total", "discount", "freight", "paid", "unit_price"}
#: Texts that stand in keys: an index row holds 2,700 bytes, and one longer text would stop every pass.
KEYS = {"platform_order_id", "customer_id", "line_id"}
LONGEST_KEY_BYTES = 400
#: What people wrote, and the numbers in it that `core` never shows; the same as `orderhub.privacy.masks`.
MESSAGES = {"buyer_message", "seller_memo"}
_PERSONAL_NUMBERS = (
    (r"(?<!\d)([1-9]\d\d)\d{3}(?:19|20)\d\d[01]\d[0-3]\d(\d{3}[\dXx])(?!\d)", r"\1***********\2"),
    (r"(?<![\d.])(1[3-9]\d)\d{4}(\d{4})(?!\d)", r"\1****\2"),
)
#: PostgreSQL cuts longer names, in bytes; such a key is read by its path instead.
LONGEST_NAME = 63
_NULL_TYPES = {
    "quantity": "bigint", "placed_at": "timestamptz", "paid_at": "timestamptz", "modified_at": "timestamptz",
    "ship_by_at": "timestamptz", **dict.fromkeys(MONEY, "bigint"),
}  # fmt: skip


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
        if parts[0] not in self.keys:
            return f"{self.root} #>> {_path_literal(parts)}"
        column = f"{self.alias}.{_identifier(parts[0])}"
        if len(parts) > 1:
            return f"{column} #>> {_path_literal(parts[1:])}"
        return f"({column} #>> '{{}}')" if self.keys[parts[0]] else column

    @property
    def record(self) -> str:
        """Return the `jsonb_to_record` call; a key that paths descend into stays JSONB."""
        columns = ", ".join(
            f"{_identifier(key)} {'jsonb' if is_nested else 'text'}" for key, is_nested in self.keys.items()
        )
        guarded = f"case when jsonb_typeof({self.root}) = 'object' then {self.root} else '{{}}'::jsonb end"
        return f"jsonb_to_record({guarded}) as {self.alias}({columns})"


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


def compile_versions(platform: Platform) -> str:
    """Return `insert into incoming_versions …` over the staging rows of the loads bound as `:loads`.

    Binds: `:loads` (load ids), `:shop_ids` and `:go_live_ats` (parallel arrays).
    """
    spec, fields = platform.spec, platform.field_map
    is_flat = spec.kind == "files"
    flag_paths = [flag.path for flag in spec.flags]
    orders = open_record(
        "o", _root(spec.records.order), [*_paths(fields.order), *flag_paths], is_flat=is_flat
    )
    receiver = open_record("r", _root(spec.records.receiver), _paths(fields.receiver), is_flat=is_flat)
    return f"""
insert into incoming_versions
with source as materialized (
    select s.staging_id, s.load_id, s.shop_id, s.record_id, s.payload_sha256, s.fetched_at,
        coalesce(case when jsonb_typeof(s.payload -> 'disagreeing_fields') = 'array'
            then array(select jsonb_array_elements_text(s.payload -> 'disagreeing_fields')) end, '{{}}'
        ) as disagreeing_fields,
        {_raw(orders, fields.order, "")},
        {_raw(receiver, fields.receiver, "receiver_")},
        {_flag_number(orders, spec.flags)} as flag_no
    from staging.{_identifier(spec.name + "_orders")} as s, {orders.record}, {receiver.record}
    where s.load_id = any(:loads)
),
{_converted_versions(platform)}
{_merged_columns(platform)}"""  # noqa: S608 - names and literals of files, quoted


def _converted_versions(platform: Platform) -> str:
    """Return the steps after `source`: typed values, and what states and flags mean."""
    spec, fields = platform.spec, platform.field_map
    return f"""converted as (
    select source.*,
        {_converted(fields.order, ORDER_FIELDS, "raw_", "")},
        {_converted(fields.receiver, RECEIVER_FIELDS, "raw_receiver_", "receiver_")},
        {_unreadable(fields.order)} as unreadable_fields
    from source
),
statuses (platform_status, status, status_rank, is_terminal, gate, payment_state, reason) as (values
    {_statuses(spec.statuses)}
),
flags (flag_no, flag_id, gate, payment_state, reason) as (values
    {_flags(spec.flags)}
),
shops (shop_id, go_live_at) as (
    select * from unnest(cast(:shop_ids as text[]), cast(:go_live_ats as timestamptz[]))
)"""  # noqa: S608 - names and literals of files, quoted


def _merged_columns(platform: Platform) -> str:
    """Return the last step: one row per version, in the column order of incoming_versions."""
    spec = platform.spec
    default = _literal(spec.default_status) if spec.default_status else "null"
    return f"""select
    c.shop_id || '/' || coalesce(c.platform_order_id, c.record_id), c.staging_id, c.load_id,
    {_literal(spec.name)}, c.shop_id, coalesce(c.platform_order_id, c.record_id),
    c.customer_id, c.buyer_label,
    coalesce(c.platform_status, {default}), coalesce(st.status, 'unknown'), coalesce(st.status_rank, 0),
    coalesce(st.is_terminal, false), coalesce(f.payment_state, st.payment_state, 'unknown'),
    case when 'stop' in (st.gate, f.gate) then 'stop'
         when st.gate = 'ship' and f.gate is null then 'ship' else 'wait' end,
    case when st.gate is null then 'status ' || coalesce(c.platform_status, '?') || ' 未知'
         when f.gate is not null and (st.gate <> 'stop' or f.gate = 'stop') then f.flag_id || ' ' || f.reason
         else st.platform_status || ' ' || st.reason end,
    case when sh.go_live_at is null or c.placed_at is null or c.placed_at >= sh.go_live_at then 'live'
         when coalesce(st.gate, 'wait') = 'stop' then 'history' else 'to_confirm' end,
    c.currency, c.total, c.discount, c.freight, c.paid, c.promotion_mark, c.buyer_message, c.seller_memo,
    c.seller_flag, c.placed_at, c.paid_at, c.modified_at, c.ship_by_at,
    c.unreadable_fields, c.disagreeing_fields,
    c.payload_sha256,
    case when st.is_terminal then '1' else '0' end
        || coalesce(to_char(c.modified_at at time zone 'UTC', 'YYYYMMDDHH24MISSUS'), repeat('0', 20))
        || lpad(coalesce(st.status_rank, 0)::text, 2, '0') || c.payload_sha256,
    {_literal(platform.mapping_version)},
    coalesce(c.receiver_name_masked, c.receiver_phone_masked, c.receiver_address_masked, c.receiver_token,
        c.receiver_province, c.receiver_district) is not null,
    coalesce(c.receiver_receiver_state,
        case when c.receiver_token is not null then 'token' else 'masked' end),
    {", ".join(f"c.receiver_{name}" for name in RECEIVER_FIELDS if name != "receiver_state")}
from converted as c
left join statuses as st on st.platform_status = coalesce(c.platform_status, {default})
left join flags as f using (flag_no)
left join shops as sh using (shop_id)"""  # noqa: S608 - names and literals of files, quoted


def compile_lines(platform: Platform) -> str:
    """Return `insert into incoming_lines …` over the winning versions of this platform."""
    spec, fields = platform.spec, platform.field_map
    is_flat = spec.kind == "files"
    lines = open_record("l", "e.line", _paths(fields.line), is_flat=is_flat)
    root = _root(spec.records.lines)
    repeat = "row_number() over (partition by c.order_id, e.line order by e.line_no)" if is_flat else "1"
    gifts = ", ".join(_literal(value) for value in spec.gift_values) or "null"
    base = (
        "coalesce(translate(c.line_id, '~', '_'), c.line_no::text)"  # The tilde marks twins, and only them.
    )
    return f"""
insert into incoming_lines
with source as materialized (
    select c.order_id, c.shop_id, e.line_no, {repeat} as repeat_no,
        {_raw(lines, fields.line, "")}
    from changed_orders as c
    join staging.{_identifier(spec.name + "_orders")} as s on s.staging_id = c.staging_id,
    lateral jsonb_array_elements(case jsonb_typeof({root}) when 'array' then {root}
        when 'object' then jsonb_build_array({root}) else '[]'::jsonb end
    ) with ordinality as e(line, line_no),
    {lines.record}
    where c.platform = {_literal(spec.name)}
),
converted as (
    select source.*,
        {_converted(fields.line, LINE_FIELDS, "raw_", "")},
        {_unreadable(fields.line)} as unreadable_fields
    from source
),
statuses (platform_status, status, status_rank, is_terminal, gate, payment_state, reason) as (values
    {_statuses(spec.line_statuses or spec.statuses)}
),
refunds (refund_status, refund_state) as (values
    {_refunds(platform)}
)
select
    c.order_id, c.shop_id, c.line_no,
    {base} || case when row_number() over twins > 1
        then '~' || row_number() over twins else '' end,
    c.platform_item_id, c.platform_sku_id, c.merchant_code, c.title,
    case when c.kind_hint in ({gifts}) then 'gift' else 'goods' end,
    c.quantity, c.unit_price, c.discount, c.paid, c.platform_status,
    case when c.refund_status is null then 'none' else coalesce(rf.refund_state, 'unknown') end,
    case when rf.refund_state = 'refunded' then 'stop'
         when c.refund_status is not null and coalesce(rf.refund_state, 'unknown') <> 'none' then 'wait'
         when c.platform_status is null then 'ship' else coalesce(st.gate, 'wait') end,
    case when c.refund_status is not null and coalesce(rf.refund_state, 'unknown') <> 'none'
            then 'refund ' || c.refund_status
         when c.platform_status is null then null
         else c.platform_status || ' ' || coalesce(st.reason, '未知') end,
    c.repeat_no, c.unreadable_fields
from converted as c
left join statuses as st on st.platform_status = c.platform_status
left join refunds as rf on rf.refund_status = c.refund_status
window twins as (partition by c.order_id, {base} order by c.line_no)"""  # noqa: S608 - names and literals of files, quoted


def _paths(rules: Sequence[FieldRule]) -> list[str]:
    return [path for rule in rules for path in rule.paths]


def _root(path: str) -> str:
    return f"(s.payload #> {_path_literal(path.split('.'))})" if path else "s.payload"


def _raw(opened: Opened, rules: Sequence[FieldRule], prefix: str) -> str:
    """Return `<text expression> as raw_<field>` for every mapped field; empty text counts as absent."""
    parts = []
    for rule in rules:
        if rule.constant is not None:
            expression = _literal(rule.constant)
        else:
            texts = [f"nullif({opened.text_at(path)}, '')" for path in rule.paths]
            expression = texts[0] if len(texts) == 1 else f"coalesce({', '.join(texts)})"
        parts.append(f"{expression} as raw_{prefix}{rule.field}")
    return ",\n        ".join(parts)


def _converted(rules: Sequence[FieldRule], fields: Sequence[str], raw: str, prefix: str) -> str:
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
    if rule.field in KEYS:
        return f"case when octet_length({value}) <= {LONGEST_KEY_BYTES} then {value} end"
    if rule.field in MESSAGES:
        for pattern, shown in _PERSONAL_NUMBERS:
            value = f"regexp_replace({value}, {_literal(pattern)}, {_literal(shown)}, 'g')"
    return value


def _unreadable(rules: Sequence[FieldRule]) -> str:
    tests = [
        f"case when btrim(raw_{rule.field}) <> '' and {_value(rule, 'raw_' + rule.field)} is null "
        f"then '{rule.field}' end"
        for rule in rules
        if rule.field in KEYS or rule.converter not in ("text", "sku", "province")
    ]
    return f"array_remove(array[{', '.join(tests)}]::text[], null)"


def _flag_number(opened: Opened, flags: Sequence[Flag]) -> str:
    if not flags:
        return "null::integer"
    ordered = sorted(enumerate(flags), key=lambda numbered: numbered[1].gate != "stop")
    cases = " ".join(
        f"when {opened.text_at(flag.path)} in ({', '.join(_literal(v) for v in flag.any_of)}) then {number}"
        for number, flag in ordered
    )
    return f"case {cases} end"


def _statuses(statuses: Sequence[StatusMeaning]) -> str:
    return ",\n    ".join(
        f"({_literal(s.status)}, {_literal(s.canonical)}, {s.rank}, {str(s.terminal).lower()}, "
        f"{_literal(s.gate)}, {_literal(s.payment)}, {_literal(s.reason)})"
        for s in statuses
    )


def _flags(flags: Sequence[Flag]) -> str:
    if not flags:
        return "(null::integer, null, null, null, null)"
    return ",\n    ".join(
        f"({number}, {_literal(f.id)}, {_literal(f.gate)}, "
        f"{_literal(f.payment) if f.payment else 'null'}, {_literal(f.reason)})"
        for number, f in enumerate(flags)
    )


def _refunds(platform: Platform) -> str:
    refunds = platform.spec.refunds
    if not refunds:
        return "(null, null)"
    return ", ".join(f"({_literal(r.status)}, {_literal(r.state)})" for r in refunds)


def _literal(value: str) -> str:
    """Quote a text; colons are escaped, because SQLAlchemy would bind `:name`."""
    return "'" + value.replace("'", "''").replace(":", "\\:") + "'"


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""').replace(":", "\\:") + '"'


def _path_literal(parts: Sequence[str]) -> str:
    escaped = ",".join('"' + part.replace("\\", "\\\\").replace('"', '\\"') + '"' for part in parts)
    return _literal("{" + escaped + "}")
