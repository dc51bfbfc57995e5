-- When an order was bought, for whatever compares orders in time: when it was paid; what is paid at the door, when it was
-- placed, for its payment comes days later. A file may know no time of payment. What is not paid was not bought yet.
create function ops.bought_at(payment_state text, paid_at timestamptz, placed_at timestamptz)
returns timestamptz language sql immutable parallel safe as $$
    select case
        when payment_state = 'cod_accepted' then coalesce(placed_at, paid_at)
        when payment_state in ('paid', 'refunded') then coalesce(paid_at, placed_at)
        else paid_at
    end
$$;
drop index core.orders_by_customer;
create index orders_by_customer on core.orders (customer_id, ops.bought_at(payment_state, paid_at, placed_at))
    where customer_id is not null;
