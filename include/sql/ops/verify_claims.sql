-- One row per outbox row that somebody claimed an hour ago and never finished: a stale claim; and one per message that was
-- given up in the last week, until a later one reached the same people: somebody was not told.
create view ops.verify_claims as
select
    outbox_id as subject,
    'claimed since ' || to_char(claimed_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI') || ' UTC' as problem
from ops.outbox
where state = 'claimed' and claimed_at < clock_timestamp() - interval '1 hour'
union all
select
    lost.outbox_id,
    'nobody was told, ' || coalesce(left(lost.last_error, 200), 'it was given up')
from ops.outbox as lost
where lost.state = 'failed' and (lost.target = 'mail' or lost.target like 'robot:%')
    and lost.created_at > clock_timestamp() - interval '7 days'
    and not exists (
        select from ops.outbox as later
        where later.target = lost.target and later.sequence > lost.sequence and later.state = 'sent'
            and later.payload -> 'to' is not distinct from lost.payload -> 'to'
    );

select ops.describe('ops.verify_claims', '无人认领过久的、被拒的提醒 / claims that nobody finished, messages given up; empty when clean',
    'subject', 'what is wrong', 'problem', 'how, with the figures');
