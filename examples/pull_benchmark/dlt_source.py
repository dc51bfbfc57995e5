"""dlt's REST source on the same pages, into the same server. It is not in the lock: install it beside."""

import argparse
import tempfile
import time
from typing import Any

import dlt
from backend import options, protocol_of, report, windows
from dlt.sources.helpers.requests import Session
from dlt.sources.rest_api import rest_api_source


def source(given: argparse.Namespace) -> Any:
    """Return one resource per window, page by page; an order stays whole, one row each."""
    protocol = protocol_of(given)
    resources = [
        {
            "name": f"orders_{number}",
            "table_name": "orders",
            "max_table_nesting": 0,
            "endpoint": protocol.dlt_endpoint(start, end),
        }
        for number, (start, end) in enumerate(windows(protocol, given.since, given.until))
    ]
    session = Session()
    session.auth = protocol.Signed(given)
    return rest_api_source({"client": {"base_url": given.base, "session": session}, "resources": resources})


def main() -> None:
    """Run the pipeline once into a fresh dataset, with what dlt's pages on performance recommend."""
    given = options()
    with tempfile.TemporaryDirectory() as folder:
        pipeline = dlt.pipeline(
            "pull_benchmark",
            pipelines_dir=folder,
            dataset_name="dlt_orders",
            destination=dlt.destinations.postgres(given.dsn),
            dev_mode=True,
        )
        started = time.perf_counter()
        pipeline.run(source(given), loader_file_format="csv")
        seconds = time.perf_counter() - started
        with pipeline.sql_client() as client:
            orders = client.execute_sql("select count(*) from orders")[0][0]
    report(orders, seconds)


if __name__ == "__main__":
    main()
