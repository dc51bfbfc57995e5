-- One row per dated list that a warehouse gets; key manifest_id.
insert into core.manifests (
    manifest_id, warehouse_id, cutoff_id, cutoff_at, amendment, is_shadow, state, order_count, line_count, quantity_total,
    left_out, config_version, closed_at
) values (
    :manifest_id, :warehouse_id, :cutoff_id, :cutoff_at, :amendment, :is_shadow, 'closed', :orders, :lines, :pieces,
    cast(:left_out as jsonb), :config_version, :now
)
