-- The promotions of a shop that an order belongs to; key promotion_id. Inlined where a view asks for each row.
create function ops.promotions_at(wanted_shop_id text, bought_at timestamptz, promotion_mark text) returns setof core.promotions
language sql stable parallel safe as $$
    select p.*
    from core.promotions as p
    where p.shop_id = wanted_shop_id and bought_at >= p.starts_at and bought_at < p.ends_at
        and (p.mark is null or position(p.mark in promotion_mark) > 0)
$$;
