"""Compiles the refund half of `platform.yaml` + `fields.csv` into one SQL statement."""

from orderhub.platforms.field_map import REFUND_FIELDS
from orderhub.platforms.spec import Platform
from orderhub.transform.payload_sql import (
    FENCE,
    TIE_DIGITS,
    VERSION_DIGITS,
    converted_columns,
    identifier,
    literal,
    open_record,
    paths_of,
    raw_columns,
    root_of,
    unreadable_array,
)


def compile_refunds(platform: Platform) -> str:
    """Return `insert into incoming_refunds …` over the staging rows of the loads bound as `:loads`."""
    spec, rules = platform.spec, platform.field_map.refund
    refund = open_record("r", root_of(spec.records.refund), paths_of(rules), is_flat=False)
    return f"""
insert into incoming_refunds
with source as (
    select s.load_id, s.shop_id, s.record_id, s.payload_sha256, s.fetched_at,
        {raw_columns(refund, rules, "")}
    from staging.{identifier(spec.name + "_refunds")} as s, {refund.record}
    where s.load_id = any(:loads) {FENCE}
),
converted as (
    select source.*,
        {converted_columns(rules, REFUND_FIELDS, "raw_", "")}
    from source {FENCE}
),
read as (
    select converted.*, {unreadable_array(rules)} as unreadable_fields
    from converted
),
states (platform_status, state, state_rank, is_terminal) as (values
    {_states(platform)}
),
kinds (value, sub_value, kind) as (values
    {_kinds(platform)}
),
replacements (platform_status, kind, replacement) as (values
    {_replacements(platform)}
)
select
    c.shop_id || '/' || c.record_id, {literal(spec.name)}, c.shop_id,
    coalesce(c.refund_id, c.record_id), c.shop_id || '/' || coalesce(c.platform_order_id, ''),
    c.platform_line_id, c.platform_sku_id, coalesce(k.kind, 'other'), c.platform_status,
    coalesce(st.state, 'unknown'), coalesce(st.is_terminal, false), c.quantity, c.refund, c.reason,
    c.created_at, c.modified_at, c.unreadable_fields, left(c.payload_sha256, {VERSION_DIGITS}),
    case when st.is_terminal then '1' else '0' end
        || coalesce(to_char(c.modified_at at time zone 'UTC', 'YYYYMMDDHH24MISSUS'), repeat('0', 20))
        || lpad(coalesce(st.state_rank, 0)::text, 2, '0')
        || to_char(c.fetched_at at time zone 'UTC', 'YYYYMMDDHH24MISSUS')
        || left(c.payload_sha256, {TIE_DIGITS}),
    {literal(platform.mapping_version)}, c.load_id, rp.replacement, c.wanted_sku
from read as c
left join states as st on st.platform_status = c.platform_status
left join lateral (
    select k.kind from kinds as k
    where k.value = c.kind and (k.sub_value is null or k.sub_value = c.sub_kind)
    order by k.sub_value nulls last limit 1
) as k on true
left join replacements as rp on rp.platform_status = c.platform_status and rp.kind = k.kind"""  # noqa: S608 - names and literals of files, quoted


def _states(platform: Platform) -> str:
    return ",\n    ".join(
        f"({literal(s.status)}, {literal(s.state)}, {s.rank}, {str(s.terminal).lower()})"
        for s in platform.spec.refund_states
    )


def _replacements(platform: Platform) -> str:
    rows = (
        f"({literal(s.status)}, {literal(kind)}, {literal(step)})"
        for s in platform.spec.refund_states
        for kind, step in s.replaces.items()
    )
    return ", ".join(rows) or "(null::text, null, null)"


def _kinds(platform: Platform) -> str:
    kinds = platform.spec.refund_kinds
    rows = (
        f"({literal(k.value)}, {literal(k.sub_value) if k.sub_value else 'null::text'}, {literal(k.kind)})"
        for k in kinds
    )
    return ", ".join(rows) or "(null::text, null, null)"
