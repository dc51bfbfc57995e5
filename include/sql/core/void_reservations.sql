-- Resolves each reservation of `withdrawals` once.
update core.reservations as r
set state = case w.reason when 'promise_expired' then 'expired' else 'voided' end, resolved_at = :now, resolution = w.reason
from withdrawals as w
where r.reservation_id = w.reservation_id and r.state = 'active'
