"""Compiles `platform.yaml` + `fields.csv` into two SQL queries: versions of orders, and lines of winners.

Everything that comes from a file enters as a quoted literal; no value of a payload ever becomes SQL.
"""

from collections.abc import Sequence

from orderhub.config.models import MerchantConfig
from orderhub.platforms.field_map import LINE_FIELDS, ORDER_FIELDS, RECEIVER_FIELDS
from orderhub.platforms.spec import Flag, LineFlag, Platform, StatusMeaning
from orderhub.transform.payload_sql import (
    FENCE,
    TIE_DIGITS,
    UNPACKED,
    VERSION_DIGITS,
    Opened,
    converted_columns,
    identifier,
    literal,
    open_record,
    paths_of,
    raw_columns,
    root_of,
    unreadable_array,
)
from orderhub.transform.services_sql import carriers_column, services_column
from orderhub.transform.shipped_sql import goods_column, pieces_column

#: A flag may end an order whose status does not say so.
_IS_TERMINAL = "(coalesce(st.is_terminal, false) or coalesce(f.status in ('done', 'closed'), false))"


def compile_versions(platform: Platform) -> str:
    """Return the query for `incoming_versions`, over the staging rows of the loads bound as `:loads`.

    Binds: `:loads` (load ids) and those of `shop_binds`.
    """
    spec, fields = platform.spec, platform.field_map
    is_flat = spec.kind == "files"
    flag_paths = [flag.path for flag in spec.flags]
    cash_paths = [spec.cash_on_delivery.path] if spec.cash_on_delivery else []
    service_paths = [service.path for service in spec.services]
    read_paths = [*paths_of(fields.order), *flag_paths, *cash_paths, *service_paths]
    orders = open_record("o", root_of(spec.records.order), read_paths, is_flat=is_flat)
    receiver = open_record("r", root_of(spec.records.receiver), paths_of(fields.receiver), is_flat=is_flat)
    return f"""
with source as (
    select s.staging_id, s.load_id, s.shop_id, s.record_id, s.payload_sha256, s.fetched_at,
        coalesce(case when jsonb_typeof(s.payload -> 'disagreeing_fields') = 'array'
            then array(select jsonb_array_elements_text(s.payload -> 'disagreeing_fields')) end, '{{}}'
        ) as disagreeing_fields,
        {raw_columns(orders, fields.order, "")},
        {raw_columns(receiver, fields.receiver, "receiver_")},
        {_flag_number(orders, spec.flags)} as flag_no,
        {_is_paid_at_the_door(orders, platform)} as is_cash_on_delivery,
        {services_column(orders, spec.services)}, {carriers_column(orders, spec.services)}
    from (
        select staging_id, load_id, shop_id, record_id, payload_sha256, fetched_at, {UNPACKED}
        from staging.{identifier(spec.name + "_orders")} where load_id = any(:loads) {FENCE}
    ) as s, {orders.by_key}, {receiver.by_key} {FENCE}
),
{_converted_versions(platform)}
{_merged_columns(platform)}"""  # noqa: S608 - names and literals of files, quoted


def shop_binds(config: MerchantConfig) -> dict[str, object]:
    """Return what `compile_versions` asks about shops, as parallel arrays."""
    return {
        "shop_ids": [shop.id for shop in config.shops],
        "go_live_ats": [shop.go_live_at for shop in config.shops],
        "are_shadow": [shop.mode == "shadow" for shop in config.shops],
    }


def _converted_versions(platform: Platform) -> str:
    """Return the steps after `source`: typed values, and what states and flags mean."""
    spec, fields = platform.spec, platform.field_map
    return f"""converted as (
    select source.*,
        {converted_columns(fields.order, ORDER_FIELDS, "raw_", "")},
        {converted_columns(fields.receiver, RECEIVER_FIELDS, "raw_receiver_", "receiver_")}
    from source {FENCE}
),
read as (
    select converted.*, {unreadable_array(fields.order)} as unreadable_fields
    from converted
),
statuses (platform_status, status, status_rank, is_terminal, gate, payment_state, reason) as (values
    {_statuses(spec.statuses)}
),
flags (flag_no, flag_id, gate, payment_state, status, reason) as (values
    {_flags(spec.flags)}
),
shops (shop_id, go_live_at, is_shadow) as (
    select * from unnest(
        cast(:shop_ids as text[]), cast(:go_live_ats as timestamptz[]), cast(:are_shadow as boolean[]))
)"""  # noqa: S608 - names and literals of files, quoted


def _merged_columns(platform: Platform) -> str:
    """Return the last step: one row per version, in the column order of incoming_versions."""
    spec = platform.spec
    default = literal(spec.default_status) if spec.default_status else "null"
    return f"""select
    c.shop_id || '/' || coalesce(c.platform_order_id, c.record_id), c.staging_id, c.load_id,
    {literal(spec.name)}, c.shop_id, coalesce(c.platform_order_id, c.record_id),
    c.customer_id, c.buyer_label,
    coalesce(c.platform_status, {default}),
    case when st.status is not null and (st.gate <> 'stop' or f.gate = 'stop')
        then coalesce(f.status, st.status) else coalesce(st.status, 'unknown') end,
    coalesce(st.status_rank, 0),
    {_IS_TERMINAL},
    {_PAYMENT_STATE},
    case when 'stop' in (st.gate, f.gate) then 'stop'
         when st.gate = 'ship' and f.gate is null then 'ship' else 'wait' end,
    case when st.gate is null then 'status ' || coalesce(c.platform_status, '?') || ' 未知'
         when f.gate is not null and (st.gate <> 'stop' or f.gate = 'stop') then f.flag_id || ' ' || f.reason
         else st.platform_status || ' ' || st.reason end,
    case when sh.go_live_at is null or c.placed_at is null or c.placed_at >= sh.go_live_at then 'live'
         when 'stop' in (st.gate, f.gate) then 'history' when sh.is_shadow then 'live' else 'to_confirm' end,
    c.currency, c.total, c.discount, c.freight, {_paid(platform)}, c.promotion_mark,
    c.buyer_message, c.seller_memo, c.seller_flag, c.placed_at, c.paid_at, c.modified_at, c.ship_by_at,
    c.ship_not_before, c.invoice_kind, c.invoice_title, c.payment_method, c.payment_no,
    c.service_tags, c.required_carriers, c.unreadable_fields, c.disagreeing_fields,
    left(c.payload_sha256, {VERSION_DIGITS}),
    case when {_IS_TERMINAL} then '1' else '0' end
        || coalesce(to_char(c.modified_at at time zone 'UTC', 'YYYYMMDDHH24MISSUS'), repeat('0', 20))
        || lpad(coalesce(st.status_rank, 0)::text, 2, '0')
        || to_char(c.fetched_at at time zone 'UTC', 'YYYYMMDDHH24MISSUS')
        || left(c.payload_sha256, {TIE_DIGITS}),
    {literal(platform.mapping_version)},
    coalesce(c.receiver_name_masked, c.receiver_phone_masked, c.receiver_address_masked, c.receiver_token,
        c.receiver_province, c.receiver_district) is not null,
    coalesce(c.receiver_receiver_state,
        case when c.receiver_token is not null then 'token' else 'masked' end),
    {", ".join(f"c.receiver_{name}" for name in RECEIVER_FIELDS if name != "receiver_state")}
from read as c
left join statuses as st on st.platform_status = coalesce(c.platform_status, {default})
left join flags as f using (flag_no)
left join shops as sh using (shop_id)"""  # noqa: S608 - names and literals of files, quoted


_PAYMENT_STATE = """coalesce(f.payment_state, case
        when c.is_cash_on_delivery and st.payment_state = 'paid' and st.status <> 'done' then 'cod_accepted'
        else st.payment_state end, 'unknown')"""


def _paid(platform: Platform) -> str:
    """Return what was paid, or is owed at the door: the total, where a platform means that by it."""
    if not platform.spec.is_total_owed:
        return "c.paid"
    return f"""case
        when coalesce(c.paid, 0) = 0 and coalesce(c.discount, 0) = 0 and {_PAYMENT_STATE} = 'cod_accepted'
            and not c.unreadable_fields && array['paid', 'discount'] then coalesce(c.total, c.paid)
        else c.paid end"""


def compile_lines(platform: Platform, winners: str = "incoming_orders") -> str:
    """Return the query for `incoming_lines`, over the versions of this platform that `winners` names.

    Lines of one order may share an id still; a tilde, which marks twins, is in none.
    """
    spec, fields = platform.spec, platform.field_map
    is_flat = spec.kind == "files"
    flag_paths = [flag.path for flag in spec.line_flags]
    lines = open_record("l", "e.line", [*paths_of(fields.line), *flag_paths], is_flat=is_flat)
    every_line = elements(spec.records.lines)
    repeat = "row_number() over (partition by s.order_id, e.line order by e.line_no)" if is_flat else "1"
    gifts = ", ".join(literal(value) for value in spec.gift_values) or "null"
    return f"""
with source as (
    select s.order_id, s.shop_id, e.line_no, {repeat} as repeat_no,
        {raw_columns(lines, fields.line, "")}, {goods_column(spec.shipped)},
        {_flag_number(lines, spec.line_flags)} as flag_no
    from (
        select c.order_id, c.shop_id, {UNPACKED}
        from {winners} as c
        cross join lateral (
            select payload from staging.{identifier(spec.name + "_orders")} as x
            where x.staging_id = c.staging_id {FENCE}
        ) as staged
        where c.platform = {literal(spec.name)} {FENCE}
    ) as s,
    lateral {every_line} as e(line, line_no), {lines.record} {FENCE}
),
converted as (
    select source.*,
        {converted_columns(fields.line, LINE_FIELDS, "raw_", "")}
    from source {FENCE}
),
read as (
    select converted.*, {unreadable_array(fields.line)} as unreadable_fields
    from converted
),
counted as (select read.*, {pieces_column(spec.shipped)} from read),
statuses (platform_status, status, status_rank, is_terminal, gate, payment_state, reason) as (values
    {_statuses(spec.line_statuses or spec.statuses)}
),
refunds (refund_status, refund_state) as (values
    {_refunds(platform)}
),
flags (flag_no, flag_id, gate, reason) as (values
    {_line_flags(spec.line_flags)}
)
select
    c.order_id, c.shop_id, c.line_no,
    coalesce(replace(c.line_id, '~', '_'), c.line_no::text),
    c.platform_item_id, c.platform_sku_id, c.merchant_code, c.title,
    case when c.kind_hint in ({gifts}) then 'gift' else 'goods' end,
    c.quantity, c.unit_price, c.discount, c.paid, c.subsidy, c.platform_status,
    case when c.refund_status is null then 'none' else coalesce(rf.refund_state, 'unknown') end,
    {_LINE_GATE},
    c.repeat_no, c.unreadable_fields
from counted as c
left join statuses as st on st.platform_status = c.platform_status
left join refunds as rf on rf.refund_status = c.refund_status
left join flags as f using (flag_no)"""  # noqa: S608 - names and literals of files, quoted


def elements(path: str) -> str:
    """Return the SQL set (line, line_no) at a path; lines of joined lists carry their list's name."""
    names = path.split("+")
    if len(names) == 1:
        return _items(path)
    sets = " union all ".join(
        f"select {_named('one.line', name)}, {number} as list_no, line_no "  # noqa: S608 - paths of files, quoted
        f"from {_items(name)} as one(line, line_no)"
        for number, name in enumerate(names)
    )
    return f"(select line, row_number() over (order by list_no, line_no) from ({sets}) as every)"  # noqa: S608 - paths of files, quoted


#: The gate of a line and why: what stops it wins, then what lets it wait, then its own state. What
#: `core.hand_shipped_lines` reads of it begins with `part_shipped`: pieces that left, of how many.
_LINE_GATE = """case when rf.refund_state = 'refunded' or f.gate = 'stop'
            or (c.shipped_pieces > 0 and c.shipped_pieces >= c.quantity) then 'stop'
         when c.refund_status is not null and coalesce(rf.refund_state, 'unknown') <> 'none' then 'wait'
         when c.shipped_pieces > 0 then 'wait'
         when f.gate = 'wait' and coalesce(st.gate, 'ship') <> 'stop' then 'wait'
         when c.platform_status is null then 'ship' else coalesce(st.gate, 'wait') end,
    case when c.refund_status is not null and coalesce(rf.refund_state, 'unknown') <> 'none'
            then 'refund ' || c.refund_status
         when c.shipped_pieces > 0 and c.shipped_pieces >= c.quantity then c.quantity || ' 件已发货'
         when c.shipped_pieces > 0
            then 'part_shipped ' || c.shipped_pieces || '/' || coalesce(c.quantity::text, '?')
         when f.gate = 'stop' or (f.gate = 'wait' and coalesce(st.gate, 'ship') <> 'stop')
            then f.flag_id || ' ' || f.reason
         when c.platform_status is null then null
         when st.status = 'part_shipped' and st.gate = 'wait'
            then 'part_shipped ?/' || coalesce(c.quantity::text, '?')
         else c.platform_status || ' ' || coalesce(st.reason, '未知') end"""


def _items(path: str) -> str:
    root = root_of(path)
    return (
        f"jsonb_array_elements(case jsonb_typeof({root}) when 'array' then {root} "
        f"when 'object' then jsonb_build_array({root}) else '[]'::jsonb end) with ordinality"
    )


def _named(line: str, name: str) -> str:
    named = f"{line} || jsonb_build_object('_list', {literal(name)})"
    return f"case jsonb_typeof({line}) when 'object' then {named} else {line} end as line"


def _flag_number(opened: Opened, flags: Sequence[Flag | LineFlag]) -> str:
    if not flags:
        return "null::integer"
    ordered = sorted(enumerate(flags), key=lambda numbered: numbered[1].gate != "stop")
    cases = " ".join(
        f"when {_is_one_of(opened.text_at(flag.path), flag.any_of)} then {number}" for number, flag in ordered
    )
    return f"case {cases} end"


def _is_paid_at_the_door(opened: Opened, platform: Platform) -> str:
    cash = platform.spec.cash_on_delivery
    return f"coalesce({_is_one_of(opened.text_at(cash.path), cash.any_of)}, false)" if cash else "false"


def _is_one_of(text: str, values: Sequence[str]) -> str:
    """Return the SQL condition of a flag; * is anything but an empty text, object or list."""
    if "*" in values:
        return f"coalesce({text}, '') not in ('', '{{}}', '[]')"
    return f"{text} in ({', '.join(literal(value) for value in values)})"


def _statuses(statuses: Sequence[StatusMeaning]) -> str:
    return ",\n    ".join(
        f"({literal(s.status)}, {literal(s.canonical)}, {s.rank}, {str(s.terminal).lower()}, "
        f"{literal(s.gate)}, {literal(s.payment)}, {literal(s.reason)})"
        for s in statuses
    )


def _flags(flags: Sequence[Flag]) -> str:
    if not flags:
        return "(null::integer, null, null, null, null, null)"
    return ",\n    ".join(
        f"({number}, {literal(f.id)}, {literal(f.gate)}, "
        f"{literal(f.payment) if f.payment else 'null'}, "
        f"{literal(f.canonical) if f.canonical else 'null'}, {literal(f.reason)})"
        for number, f in enumerate(flags)
    )


def _line_flags(flags: Sequence[LineFlag]) -> str:
    if not flags:
        return "(null::integer, null, null, null)"
    rows = (f"({n}, {literal(f.id)}, {literal(f.gate)}, {literal(f.reason)})" for n, f in enumerate(flags))
    return ",\n    ".join(rows)


def _refunds(platform: Platform) -> str:
    refunds = platform.spec.refunds
    if not refunds:
        return "(null, null)"
    return ", ".join(f"({literal(r.status)}, {literal(r.state)})" for r in refunds)
