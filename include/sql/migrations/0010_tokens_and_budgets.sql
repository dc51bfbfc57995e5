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
