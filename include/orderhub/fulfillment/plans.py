"""How the planner joins rows that were written a moment ago, of which it has no figures."""

from sqlalchemy import text

#: Without figures the planner would read one table once per row of the other. Both cores take part in large
#: ones. A tenth of the usual sample tells it enough of the temporary tables of a pass.
WITHOUT_FIGURES = text("""
    set local enable_nestloop = off;
    set local work_mem = '128MB';
    set local parallel_tuple_cost = 0.01;
    set local default_statistics_target = 10""")
#: Lists are written while other warehouses close: a worker more would take its core from them.
ON_ONE_CORE = text("set local max_parallel_workers_per_gather = 0")
WITH_FIGURES = text("set local enable_nestloop = on")
