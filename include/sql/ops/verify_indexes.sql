-- One row per index that a first import lays aside and the database lacks, or of ours that the server does not use: broken when
-- somebody built it by hand; key subject. All is right without it, and slow.
create view ops.verify_indexes as
select
    i.indexrelid::regclass::text as subject,
    'is invalid: the server does not use it; drop it, or reindex it' as problem
from pg_index as i
join pg_class as c on i.indrelid = c.oid
join pg_namespace as n on c.relnamespace = n.oid
where n.nspname in ('staging', 'core', 'mart', 'ops', 'pii') and not i.indisvalid
union all
select name, 'is missing: select ops.build_indexes() as orderhub_owner'
from unnest(array['core.orders_by_customer', 'core.receivers_by_phone', 'core.receivers_by_address']) as name
where to_regclass(name) is null;

select ops.describe('ops.verify_indexes', '索引都在、都可用 / indexes that are missing or that the server does not use; empty when clean',
    'subject', 'the index', 'problem', 'what is wrong, and what to do');
