-- The five layers and the four roles. A role is granted a layer, never a single table by hand.
do $$
declare role_name text;
begin
    foreach role_name in array array['orderhub_owner', 'orderhub_app', 'orderhub_analyst', 'orderhub_pii'] loop
        if not exists (select from pg_roles where rolname = role_name) then
            execute format('create role %I nologin', role_name);
        end if;
    end loop;
end $$;

create schema staging;
create schema core;
create schema mart;
create schema pii;

comment on schema staging is '原始层:各平台原样收到的记录,只追加 / as received, append-only';
comment on schema core is '事实层:每个订单唯一的真相 / one truth: one grain, one key per table';
comment on schema mart is '分析层:分析人员的视图,不含个人信息 / views for analysts, no personal data';
comment on schema pii is '受限层:加密的收件人 / encrypted receivers, restricted';
comment on schema ops is '运行层:窗口、装载、租约、发件箱、审计 / the machinery';

grant usage on schema staging, core, mart, ops, pii to orderhub_app;
grant select on ops.schema_migrations to orderhub_app;
grant usage on schema core, mart to orderhub_analyst;
grant usage on schema pii to orderhub_pii;

alter default privileges in schema staging grant select, insert on tables to orderhub_app;
alter default privileges in schema core grant select, insert, update, delete on tables to orderhub_app;
alter default privileges in schema ops grant select, insert, update, delete on tables to orderhub_app;
alter default privileges in schema mart grant select on tables to orderhub_app, orderhub_analyst;
alter default privileges in schema pii grant insert on tables to orderhub_app;
alter default privileges in schema pii grant select on tables to orderhub_pii;

-- Describes a table and its columns in one call: describe('core.orders', 'grain; key', 'column', 'text', …).
-- Raises when a column is left out, so that no migration can add an unexplained one.
create function ops.describe(relation regclass, about text, variadic columns text[]) returns void
language plpgsql as $$
declare missing text;
begin
    execute format('comment on table %s is %L', relation, about);
    for i in 1 .. array_length(columns, 1) by 2 loop
        execute format('comment on column %s.%I is %L', relation, columns[i], columns[i + 1]);
    end loop;
    select string_agg(attname, ', ') into missing from pg_attribute
    where attrelid = relation and attnum > 0 and not attisdropped and col_description(relation, attnum) is null;
    if missing is not null then
        raise exception '% has columns without a comment: %', relation, missing;
    end if;
end $$;
