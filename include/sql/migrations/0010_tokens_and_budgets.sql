-- Access tokens that are renewed once for everybody, and call budgets that all tasks and processes share.
create table ops.tokens (
    platform text not null,
    connection_id text not null,
    shop_id text not null,
    fingerprint text not null,
    generation bigint not null default 0,
    access_token text,
    refresh_token text,
    expires_at timestamptz,
    asked_at timestamptz,
    rotated_at timestamptz,
    primary key (platform, connection_id)
);
select ops.describe('ops.tokens', 'One row per connection whose access token was renewed; key platform, connection_id.',
    'platform', 'platform name', 'connection_id', 'name of the connection in the credentials file', 'shop_id', 'the shop that uses it',
    'fingerprint', 'SHA-256 of the connection''s own tokens; when those change, what is stored here no longer counts',
    'generation', '+1 at each renewal', 'access_token', 'encrypted with ORDERHUB_TOKEN_KEY (Fernet); null: the connection''s own',
    'refresh_token', 'encrypted in the same way; null: the connection''s own, or none is needed',
    'expires_at', 'UTC; null: the platform did not say', 'asked_at', 'UTC; later than rotated_at: the answer was never stored',
    'rotated_at', 'UTC, of the stored tokens');

create table ops.stopped_shops (
    shop_id text primary key,
    platform text not null,
    reason text not null,
    stopped_at timestamptz not null,
    last_tried_at timestamptz not null,
    resumed_at timestamptz
);
select ops.describe('ops.stopped_shops', 'One row per shop that once could not be pulled until a person acted; key shop_id.',
    'shop_id', 'our id of the shop', 'platform', 'platform name',
    'reason', 'what is wrong and what to do; no token', 'stopped_at', 'UTC', 'last_tried_at', 'UTC; it is tried at each pull',
    'resumed_at', 'UTC; null while it waits for a person');

create table ops.call_budgets (
    budget_key text primary key,
    booked_until timestamptz not null
);
select ops.describe('ops.call_budgets', 'One row per budget of calls that was used; key budget_key.',
    'budget_key', 'platform/app key/method or */calls per seconds, for a budget of one shop its id behind it',
    'booked_until', 'UTC; when everything booked is paid for at the documented pace');

create table ops.call_bans (
    ban_key text primary key,
    banned_until timestamptz not null,
    said text not null
);
select ops.describe('ops.call_bans', 'One row per method that a platform has banned, now or before; key ban_key.',
    'ban_key', 'platform/app key/method, for a ban of one shop its id behind it',
    'banned_until', 'UTC; nobody asks before', 'said', 'what the platform said');

-- Books one call in all its budgets, and returns the seconds until it may be made (0: at once). When that is longer
-- than patience, nothing is booked. GCRA: per budget one instant, by which all that is booked is paid for at its pace.
-- keys in ascending order; gaps: seconds from call to call; slacks: seconds that calls may be ahead of that.
create function ops.book_call(
    keys text[], gaps float8[], slacks float8[], bans text[], present timestamptz, patience interval
) returns float8 language plpgsql as $$
declare
    go_at timestamptz := greatest(present, (select max(banned_until) from ops.call_bans where ban_key = any (bans)));
    standing timestamptz[] := '{}';
    booked timestamptz;
    ahead interval;
begin
    -- A lost booking costs one call too many, and no order: its commit waits for no disk.
    perform set_config('synchronous_commit', 'off', true);
    for i in 1 .. cardinality(keys) loop
        select booked_until into booked from ops.call_budgets where budget_key = keys[i] for update;
        if not found then
            insert into ops.call_budgets values (keys[i], present)
            on conflict (budget_key) do update set booked_until = call_budgets.booked_until
            returning booked_until into booked;
        end if;
        ahead := make_interval(secs => slacks[i]);
        -- An instant further away than anything that can be booked was written by a clock that was wrong.
        if booked > present + patience + ahead + make_interval(secs => gaps[i]) + interval '5 s' then
            booked := present;
        end if;
        standing := standing || booked;
        go_at := greatest(go_at, booked - ahead);
    end loop;
    if go_at <= present + patience then
        for i in 1 .. cardinality(keys) loop
            update ops.call_budgets
            set booked_until = greatest(standing[i], go_at) + make_interval(secs => gaps[i])
            where budget_key = keys[i];
        end loop;
    end if;
    return extract(epoch from go_at - present);
end $$;
