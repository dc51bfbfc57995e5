-- Ends the returns of which all that was planned has been confirmed.
update core.returns as t
set state = 'received', received_at = :now
where t.return_id = any(:returns) and t.state <> 'received'
    and not exists (
        select from jsonb_each_text(t.planned) as p
        where p.value::bigint > (
            select coalesce(sum(l.quantity), 0)
            from core.return_lines as l
            where l.return_id = t.return_id and l.sku_id = p.key
        )
    )
