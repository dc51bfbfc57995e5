-- Ends the corrections given that have nothing to say any more: the platform says the same, it was paid what it says
-- by now, or a gift is earned no more; key correction_id. Any other line that is gone contradicts the person, who is told.
update core.corrections as c
set state = 'settled', ended_at = :now, ended_by = 'platform'
where c.correction_id = any(cast(:ids as bigint[]))
    and (
        c.platform_value ->> 'said' = c.value ->> 'said'
        or (c.field = 'sku' and c.platform_value ->> 'sku_id' = c.value ->> 'sku_id')
        or (c.field = 'amount' and c.platform_value ->> 'payment_state' = 'paid' and c.platform_value ->> 'said' <> '0')
        or (
            starts_with(c.line_id, '~gift:')
            and not exists (
                select from core.order_lines as l where l.order_id = c.order_id and l.line_id = c.line_id
            )
        )
    )
