-- The next row to send, at most one; key outbox_id. First in, first out per target and subject: a row waits
-- while an earlier one of its subject is neither sent nor given up. What is claimed here was left by a sender
-- that died, since only the holder of the lease asks.
select outbox_id, target, subject, payload, state, attempts, created_at
from ops.outbox as candidate
where state in ('pending', 'claimed', 'unknown')
    and target = any (:targets)
    and (not_before is null or not_before <= :now)
    and not exists (
        select from ops.outbox as earlier
        where earlier.target = candidate.target
            and earlier.subject = candidate.subject
            and earlier.sequence < candidate.sequence
            and earlier.state not in ('sent', 'failed')
    )
order by sequence
limit 1
