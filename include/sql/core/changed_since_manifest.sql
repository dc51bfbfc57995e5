-- One row per order of a manifest of which something changed after it was closed; key order_id. What is named, values are not.
select c.order_id, string_agg(distinct c.field, ', ' order by c.field) as fields
from core.manifests as m
inner join (select distinct manifest_id, order_id from core.manifest_lines) as l on m.manifest_id = l.manifest_id
inner join core.order_changes as c on l.order_id = c.order_id and c.changed_at > m.closed_at
where m.manifest_id = :manifest_id
group by c.order_id
order by c.order_id
