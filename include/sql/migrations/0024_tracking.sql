-- What platforms were told of the parcels that left, and when a carrier first scanned them.
create table core.tracking_writes (
    shipment_id text collate "C" not null references core.shipments,
    order_id text collate "C" not null references core.orders,
    shop_id text not null,
    state text not null default 'waiting' check (state in ('waiting', 'told', 'noted', 'refused', 'by_hand', 'settled')),
    reason text,
    answer text,
    is_part boolean not null,
    recorded_at timestamptz not null,
    tried_at timestamptz,
    ended_at timestamptz,
    primary key (shipment_id, order_id)
);
create index tracking_writes_by_order on core.tracking_writes (order_id);
create index tracking_writes_open on core.tracking_writes (shop_id, recorded_at)
where state not in ('told', 'settled');
create index tracking_writes_parts on core.tracking_writes (order_id) where is_part and state = 'told';
select ops.describe('core.tracking_writes', '运单号回传 / one row per parcel and order in it: what its platform was told; key shipment_id, order_id.',
    'shipment_id', 'the parcel', 'order_id', 'the order', 'shop_id', 'our id of the shop',
    'state', 'waiting; told; noted (the platform takes no more numbers of this order or line); refused (the parcel should come back, or a person must look); by_hand (nobody but a person tells this shop''s platform); settled (a person did)',
    'reason', 'why it is not told, or told already; null when it simply was told', 'answer', 'what the platform last said, when it did not take it',
    'is_part', 'whether more of the order was still to leave when the parcel was recorded', 'recorded_at', 'UTC', 'tried_at', 'UTC, last time the platform did not take it', 'ended_at', 'UTC, when waiting was over');

alter table core.shipments
    add column collected_at timestamptz,
    add column traced_at timestamptz;
create index shipments_uncollected on core.shipments (shipped_at) where collected_at is null;
select ops.describe('core.shipments', '包裹:仓库确认发出的 / one row per parcel that a warehouse says has left; key shipment_id.',
    'collected_at', 'UTC, the carrier''s first scan (揽收); null while nobody has seen one', 'traced_at', 'UTC, when its trace was last asked for');
grant select on core.tracking_writes to orderhub_analyst;

-- What left before is somebody's already: nothing is told of it.
insert into core.tracking_writes (shipment_id, order_id, shop_id, state, reason, is_part, recorded_at, ended_at)
select distinct l.shipment_id, l.order_id, o.shop_id, 'settled', 'before_write_back', false, s.recorded_at, s.recorded_at
from core.shipment_lines as l
inner join core.shipments as s on l.shipment_id = s.shipment_id
inner join core.orders as o on l.order_id = o.order_id;
