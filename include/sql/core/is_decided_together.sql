-- One row: whether a document of `due_documents` that is in has another one of its order waiting at another warehouse, and one
-- list decides about the other: the order is collected at the door once, and neither rows of a file nor parts of a bundle
-- follow what a list took in another form. Of an order in parts, all but one are numbered from 2; each is asked by its key,
-- in words that keep the planner, which knows nothing yet of these rows, from reading all that waits for each.
with documents as materialized (
    select f.*
    from (
        select distinct order_id
        from core.fulfillment_orders
        where state = 'allocated' and fulfillment_order_id not like '%@1'
    ) as p
    cross join lateral (
        select e.fulfillment_order_id, e.order_id, e.warehouse_id, e.version_id
        from core.fulfillment_orders as e
        where e.order_id = p.order_id and (e.state = 'allocated')::int <> 0
        offset 0
    ) as f
)

select exists (
    select
    from documents as f
    inner join documents as other on f.order_id = other.order_id and f.warehouse_id <> other.warehouse_id
    inner join due_documents as d on f.fulfillment_order_id = d.fulfillment_order_id and d.reason is null
    cross join lateral (
        select
            not s.is_pulled and (f.version_id <> o.version_id or other.version_id <> o.version_id) as is_changed
        from core.orders as o
        left join core.shops as s on o.shop_id = s.shop_id
        where o.order_id = f.order_id
        offset 0
    ) as o
    where d.is_due_at_door or o.is_changed or 0 < (
        select count(*)
        from core.reservations as r
        inner join core.reservations as x
            on substring(r.line_id from '^(.*)~p[0-9]+$') = substring(x.line_id from '^(.*)~p[0-9]+$')
        where r.fulfillment_order_id = f.fulfillment_order_id and (r.state = 'active')::int <> 0
            and x.fulfillment_order_id = other.fulfillment_order_id and (x.state = 'active')::int <> 0
    )
)
or exists (
    -- A file changed after another list had asked the same, and that closed after this one was judged: what it took is news.
    -- Of almost no order is anything listed yet: those are looked for first, and only their documents are read.
    select
    from (
        select m.order_id, m.fulfillment_order_id
        from core.manifest_lines as m
        where not m.is_void and m.order_id in (
            select d.order_id
            from due_documents as d
            inner join core.shops as s on d.shop_id = s.shop_id and not s.is_pulled
            where d.reason is null
        )
        offset 0
    ) as listed
    cross join lateral (select o.version_id from core.orders as o where o.order_id = listed.order_id offset 0) as o
    cross join lateral (
        select from core.fulfillment_orders as f
        where f.fulfillment_order_id = listed.fulfillment_order_id and f.version_id <> o.version_id
        offset 0
    ) as taken
)
