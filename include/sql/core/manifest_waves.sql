-- One row per parcel of a manifest: a document, or several that were merged; key manifest_id, parcel_id. How it is picked: of one piece
-- (hot when its SKU has twenty such parcels or more: one tote, packed one by one), of several pieces of one SKU, or mixed.
create view core.manifest_waves as
with parcels as (
    select
        manifest_id,
        coalesce(parcel_id, fulfillment_order_id) as parcel_id,
        sum(quantity) as pieces,
        count(*) as line_count,
        min(sku_id collate "C") as sku_id,
        max(sku_id collate "C") as last_sku_id
    from core.manifest_lines
    where not is_void
    group by manifest_id, coalesce(parcel_id, fulfillment_order_id)
)

select
    manifest_id,
    parcel_id,
    case
        when sku_id <> last_sku_id then 'mixed'
        when pieces > 1 then 'several'
        when count(*) over (partition by manifest_id, sku_id, sku_id = last_sku_id and pieces = 1) >= 20 then 'hot'
        else 'single'
    end as wave,
    pieces,
    line_count
from parcels;

select ops.describe('core.manifest_waves', '清单上每个包裹的波次 / one row per parcel of a manifest: how it is picked; key manifest_id, parcel_id.',
    'manifest_id', 'the manifest', 'parcel_id', 'its document; of a merged parcel the smallest fulfillment_order_id in it',
    'wave', 'hot (one piece, of a SKU with twenty such parcels or more), single (one piece), several (pieces of one SKU) or mixed',
    'pieces', 'its pieces', 'line_count', 'its lines');
