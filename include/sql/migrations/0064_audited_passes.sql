-- Great Expectations looks at every pass that was judged, and finds by itself those it has not looked at: a pass that died
-- after its merge is judged by the next run, a cut-off runs passes of its own. What came before the last audit had its chance.
alter table ops.passes add column audited_at timestamptz;
comment on column ops.passes.audited_at is 'UTC, of a transform pass: when Great Expectations had looked at all of it that was not judged again since; null until then';
update ops.passes set audited_at = finished_at
where kind = 'transform' and finished_at is not null
    and pass_id <= (select max(pass_id) from ops.check_verdicts where audited_at is not null);
create index passes_not_audited on ops.passes (pass_id) where kind = 'transform' and audited_at is null;
