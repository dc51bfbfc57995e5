-- One of the three that somebody removed is no reason to fail: the first import builds it. Nor is a hub whose tables, or whose
-- schema, belong to another role than that of its functions: its indexes stay. The schema's owner may drop them, and not make them.
create or replace function ops.lay_indexes_aside() returns boolean language plpgsql security definer set search_path = core as $$
begin
    if not has_schema_privilege('core', 'create') or exists (
        select from pg_class
        where oid in ('core.orders'::regclass, 'core.receivers'::regclass) and not pg_has_role(relowner, 'usage')
    ) then
        return false;
    end if;
    lock table core.orders, core.receivers in access exclusive mode nowait;
    drop index if exists core.orders_by_customer, core.receivers_by_phone, core.receivers_by_address;
    return true;
exception
    when lock_not_available then return false;
end
$$;
create or replace function ops.build_indexes() returns void language plpgsql security definer set search_path = core as $$
begin
    create index if not exists orders_by_customer on core.orders (customer_id, ops.bought_at(payment_state, paid_at, placed_at))
        where customer_id is not null;
    create index if not exists receivers_by_phone on core.receivers (phone_hash) where phone_hash is not null;
    create index if not exists receivers_by_address on core.receivers (address_hash) where address_hash is not null;
end
$$;
