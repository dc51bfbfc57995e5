-- Whether the owner of these functions may drop and make indexes: a hub whose tables, or whose schema, belong to another role goes on
-- with those that it has, and `verify` names one that is missing.
create function ops.may_make_indexes() returns boolean language sql stable security definer set search_path = core as $$
    select has_schema_privilege('core', 'create') and not exists (
        select from pg_class
        where oid in ('core.orders'::regclass, 'core.receivers'::regclass) and not pg_has_role(relowner, 'usage')
    )
$$;
create or replace function ops.lay_indexes_aside() returns boolean language plpgsql security definer set search_path = core as $$
begin
    if not ops.may_make_indexes() then
        return false;
    end if;
    lock table core.orders, core.receivers in access exclusive mode nowait;
    drop index if exists core.orders_by_customer, core.receivers_by_phone, core.receivers_by_address;
    return true;
exception
    when lock_not_available then return false;
end
$$;
create or replace function ops.build_indexes_of(table_name text) returns void language plpgsql security definer set search_path = core as $$
begin
    if not ops.may_make_indexes() then
        return;
    end if;
    if table_name = 'orders' and to_regclass('core.orders_by_customer') is null then
        create index if not exists orders_by_customer on core.orders (customer_id, ops.bought_at(payment_state, paid_at, placed_at))
            where customer_id is not null;
    end if;
    if table_name = 'receivers' and to_regclass('core.receivers_by_phone') is null then
        create index if not exists receivers_by_phone on core.receivers (phone_hash) where phone_hash is not null;
    end if;
    if table_name = 'receivers' and to_regclass('core.receivers_by_address') is null then
        create index if not exists receivers_by_address on core.receivers (address_hash) where address_hash is not null;
    end if;
end
$$;
revoke execute on function ops.may_make_indexes() from public;
