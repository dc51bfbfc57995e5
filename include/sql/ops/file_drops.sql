-- Fills ops.file_drops: one row per file of a shop; a file that was refused may come again. Key shop_id, file_sha256.
insert into ops.file_drops (
    shop_id, file_sha256, file_name, state, rows_read, rows_accepted, rows_rejected, report, received_at
)
values (
    :shop_id, :file_sha256, :file_name, :state, :rows_read, :rows_accepted, :rows_rejected,
    cast(:report as jsonb), :received_at
)
on conflict (shop_id, file_sha256) do update set
    file_name = excluded.file_name, state = excluded.state, rows_read = excluded.rows_read,
    rows_accepted = excluded.rows_accepted, rows_rejected = excluded.rows_rejected,
    report = excluded.report, received_at = excluded.received_at
