-- Places a hold per blocking failure, and returns those that are new; key hold_id.
-- What a person released stays released while the evidence is the same.
insert into core.holds as known (
    hold_id, anomaly_id, rule_id, subject_type, subject_id, order_id, line_id, state, placed_at
)
select 'hold:' || anomaly_id, anomaly_id, rule_id, subject_type, subject_id, order_id, line_id, 'active', :now
from failed_checks
where action <> 'warn'
on conflict (hold_id) do update
set state = 'active', placed_at = excluded.placed_at, ended_at = null, ended_by = null, end_reason = null
where known.state = 'closed'
