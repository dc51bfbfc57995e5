-- What checks must know of a shop, and how many rows a pass judged.
create or replace function ops.describe(relation regclass, about text, variadic columns text[]) returns void
language plpgsql as $$
declare
    missing text;
    kind text := case (select relkind from pg_class where oid = relation) when 'v' then 'view' else 'table' end;
begin
    execute format('comment on %s %s is %L', kind, relation, about);
    for i in 1 .. array_length(columns, 1) by 2 loop
        execute format('comment on column %s.%I is %L', relation, columns[i], columns[i + 1]);
    end loop;
    select string_agg(attname, ', ') into missing from pg_attribute
    where attrelid = relation and attnum > 0 and not attisdropped and col_description(relation, attnum) is null;
    if missing is not null then
        raise exception '% has columns without a comment: %', relation, missing;
    end if;
end $$;

create table core.shops (
    shop_id text primary key,
    platform text not null,
    name text not null,
    is_pulled boolean not null,
    is_shadow boolean not null,
    currency text not null,
    address_source text not null check (address_source in ('structured', 'free_text', 'none')),
    go_live_at timestamptz not null
);
select ops.describe('core.shops', 'One row per shop of the active configuration; key shop_id.',
    'shop_id', 'our id of the shop', 'platform', 'platform name', 'name', 'as people call it',
    'is_pulled', 'pulled over a connection; false for dropped files', 'is_shadow', 'decides everything and sends nothing',
    'currency', 'ISO 4217; other orders are held', 'address_source', 'structured, free_text, or none: address checks are not evaluable',
    'go_live_at', 'UTC; orders placed before are history');
grant select on core.shops to orderhub_analyst;

-- Two orders of one buyer within minutes are compared; without it each pass would read every order.
create index orders_by_customer on core.orders (shop_id, customer_id, paid_at) where customer_id is not null;

alter table ops.check_verdicts add column suite text not null, add column judged_count bigint not null;
select ops.describe('ops.check_verdicts', 'One row per pass and check: what the SQL scan said and what Great Expectations said of the same rows; key pass_id, rule_id.',
    'pass_id', 'transform pass', 'rule_id', 'the check', 'suite', 'the suite that holds the check',
    'judged_count', 'rows of the suite''s view in this pass', 'evaluated_count', 'of these, rows inside the check''s row condition',
    'failed_count', 'rows the scan marked', 'audited_failed_count', 'rows Great Expectations counted; null until audited, or when the rows were judged again before the audit',
    'audited_at', 'UTC');
