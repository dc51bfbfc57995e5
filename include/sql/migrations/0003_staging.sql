-- As received. Every platform has the same table shape; a platform's own migration calls this function.
create function ops.create_staging(platform text, stream text) returns void language plpgsql as $$
declare relation text := format('staging.%I', platform || '_' || stream);
begin
    execute format($ddl$
        create table %s (
            staging_id bigint generated always as identity primary key,
            load_id bigint not null references ops.loads,
            shop_id text not null,
            record_id text collate "C" not null,
            modified_at timestamptz,
            payload jsonb not null,
            payload_sha256 text not null,
            position integer not null,
            note text,
            fetched_at timestamptz not null
        )$ddl$, relation);
    execute format('create index on %s (shop_id, record_id)', relation);
    execute format('create index on %s (load_id)', relation);
    perform ops.describe(relation::regclass,
        format('One row per version of a record as %s sent it; append-only; key staging_id.', platform),
        'staging_id', 'key', 'load_id', 'the page or file it came with', 'shop_id', 'our id of the shop',
        'record_id', 'the platform''s id of the record', 'modified_at', 'UTC, as the list call said; null when it did not',
        'payload', 'the record, whole; class P2 values replaced by mask and keyed hash',
        'payload_sha256', 'of the record without volatile paths; names the version',
        'position', 'index inside its page', 'note', 'what was cleaned at the door; null when nothing',
        'fetched_at', 'UTC, when the answer was read');
end $$;

select ops.create_staging('taobao', 'orders');
select ops.create_staging('spreadsheet', 'orders');
