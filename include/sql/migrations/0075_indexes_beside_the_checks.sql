-- The indexes of one table, so that two sessions may build them side by side. What is there is left alone without a lock:
-- the command itself locks the table before it looks.
create function ops.build_indexes_of(table_name text) returns void language plpgsql security definer set search_path = core as $$
begin
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
create or replace function ops.build_indexes() returns void language sql security definer set search_path = core as $$
    select ops.build_indexes_of(name) from unnest(array['orders', 'receivers']) as name
$$;
revoke execute on function ops.build_indexes_of(text) from public;
grant execute on function ops.build_indexes_of(text) to orderhub_app;
