-- Versions, and what mapped and judged them, are named by fewer digits; what an older hub wrote keeps its longer names.
comment on column core.orders.version_id is 'the winning version: the first 32 digits of its payload_sha256';
comment on column core.refunds.version_id is 'the winning version: the first 32 digits of its payload_sha256';
