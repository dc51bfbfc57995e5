-- Resolves each reservation of `posted_reservations` once.
update core.reservations as r
set state = 'posted', resolved_at = :now, resolution = :resolution
from posted_reservations as p
where r.reservation_id = p.reservation_id and r.state = 'active'
