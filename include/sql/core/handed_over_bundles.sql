-- One row per bundle of which a manifest has a part; key order_id, line_id. When its parts change in the goods master
-- after that, a person says what is left.
create view core.handed_over_bundles as
select distinct
    order_id,
    substring(line_id from '^(.*)~p[0-9]+$') as line_id
from core.manifest_lines
where line_id like '%~p%' and not is_void;

select ops.describe('core.handed_over_bundles', '部件已进清单的组合装 / one row per bundle of which a manifest has a part; key order_id, line_id.',
    'order_id', 'the order', 'line_id', 'the bundle');
