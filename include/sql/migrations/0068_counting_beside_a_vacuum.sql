-- Counting a table anew while somebody vacuums it, or builds an index of it beside the work, waited until it failed, and the pass that
-- was finished with it. What is skipped here is counted by him, or by the server's own vacuum a little later.
create or replace function ops.count_orders_anew() returns void language plpgsql security definer set search_path = core as $$
begin
    analyze (skip_locked) core.orders;
    analyze (skip_locked) core.receivers;
    analyze (skip_locked) core.order_lines;
end
$$;
