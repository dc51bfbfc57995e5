-- One row per outbox row that somebody claimed an hour ago and never finished: a stale claim.
create view ops.verify_claims as
select
    outbox_id as subject,
    'claimed since ' || to_char(claimed_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI') || ' UTC' as problem
from ops.outbox
where state = 'claimed' and claimed_at < clock_timestamp() - interval '1 hour';

select ops.describe('ops.verify_claims', '无人认领过久 / claims that nobody finished; empty when clean',
    'subject', 'what is wrong', 'problem', 'how, with the figures');
