-- One row per rule that marked more than its share of what a pass judged; key rule_id. Sources are no rows to count.
select rule_id, judged_count, failed_count
from ops.check_verdicts
where pass_id = :pass_id
    and judged_count >= :minimum
    and failed_count * 100 > judged_count * :percent
    and rule_id = any (:rule_ids)
order by failed_count desc, rule_id
