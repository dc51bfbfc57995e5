-- One row: since when the hub is awake. A look that comes long after the one before finds a hub that slept.
insert into ops.watch as known (looked_at, awake_since)
values (:now, :now)
on conflict (singleton) do update
set awake_since = case
        when excluded.looked_at - known.looked_at > cast(:longest_break as interval) then excluded.looked_at
        else known.awake_since
    end,
    looked_at = excluded.looked_at
returning awake_since
