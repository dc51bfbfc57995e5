-- One row: what `due_documents` puts in, and reason → count of what it leaves out.
select
    count(*) filter (where reason is null) as orders,
    coalesce(sum(line_count) filter (where reason is null), 0)::bigint as lines,
    coalesce(sum(pieces) filter (where reason is null), 0)::bigint as pieces,
    coalesce(
        (
            select jsonb_object_agg(reason, documents)
            from (
                select reason, count(*) as documents
                from due_documents
                where reason is not null
                group by reason
            ) as counted
        ),
        '{}'
    ) as left_out
from due_documents
