-- One row per pass and check; key pass_id, rule_id.
insert into ops.check_verdicts (pass_id, rule_id, suite, judged_count, evaluated_count, failed_count)
values (:pass_id, :rule_id, :suite, :judged_count, :evaluated_count, :failed_count)
