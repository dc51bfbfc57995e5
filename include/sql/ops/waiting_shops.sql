-- One row per shop that waits for a person; key shop_id.
create view ops.waiting_shops as
select shop_id, platform, stopped_at as waits_since, last_tried_at, reason
from ops.stopped_shops
where resumed_at is null;
select ops.describe('ops.waiting_shops', 'One row per shop that is not pulled until a person acts, with what to do; key shop_id.',
    'shop_id', 'our id of the shop', 'platform', 'platform name', 'waits_since', 'UTC',
    'last_tried_at', 'UTC; it goes on by itself at the first try that succeeds', 'reason', 'what is wrong and what to do');
