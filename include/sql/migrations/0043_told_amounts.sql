-- Whether an amount of an order can be judged: what was paid is a fact, nothing included. At the door the platform says
-- what the buyer owes; where it keeps 0 until the parcel is delivered, it says nothing yet, and that is no bad price.
create function ops.is_amount_told(payment_state text, amount_fen bigint)
returns boolean language sql immutable parallel safe as $$
    select payment_state = 'paid' or (payment_state = 'cod_accepted' and coalesce(amount_fen, 0) <> 0)
$$;
