-- One row per order that a platform was asked about; key order_id. The latest answer stands.
insert into core.merge_answers (order_id, merge_key, receiver_key, asked_at)
select a.order_id, a.merge_key, a.receiver_key, :now
from unnest(
    cast(:order_ids as text[]), cast(:merge_keys as text[]), cast(:receiver_keys as text[])
) as a (order_id, merge_key, receiver_key)
on conflict (order_id) do update set
    merge_key = excluded.merge_key, receiver_key = excluded.receiver_key, asked_at = excluded.asked_at
