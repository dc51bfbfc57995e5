-- One row per shop whose authorization the platform refuses; a person must act. Key platform, connection_id.
create view ops.waiting_shops as
select platform, shop_id, connection_id, revoked_at as waits_since, said
from ops.tokens
where state = 'revoked';
select ops.describe('ops.waiting_shops', 'One row per shop that is not pulled until a person authorizes it again; key platform, connection_id.',
    'platform', 'platform name', 'shop_id', 'our id of the shop', 'connection_id', 'the connection to mend',
    'waits_since', 'UTC', 'said', 'what the platform said');
