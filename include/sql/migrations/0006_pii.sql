-- Encrypted receivers of shops that may keep them (files, own shop) and that switched it on.
create table pii.receivers (
    order_id text collate "C" not null,
    receiver_sha256 text not null,
    ciphertext bytea not null,
    stored_at timestamptz not null,
    primary key (order_id, receiver_sha256)
);
select ops.describe('pii.receivers', 'One row per distinct plain receiver of an order, encrypted; the key is not in the database.',
    'order_id', 'the order', 'receiver_sha256', 'keyed hash of the plain receiver', 'ciphertext', 'Fernet token of a JSON object with name, phone, address', 'stored_at', 'UTC');
grant select on core.orders, core.order_lines, core.sku_mappings, core.anomalies, core.holds, core.stock, core.stock_ledger,
    core.routing_decisions, core.fulfillment_orders, core.reservations, core.manifests, core.manifest_lines,
    core.manifest_files to orderhub_analyst;
