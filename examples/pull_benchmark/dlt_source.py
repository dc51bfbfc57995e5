"""dlt's REST source on the same pages, into the same server. It is not in the lock: install it beside."""

import argparse
import tempfile
import time
from typing import Any

import dlt
from backend import PAGE_SIZE, Signed, options, report, windows
from dlt.sources.helpers.requests import Session
from dlt.sources.rest_api import rest_api_source


def source(given: argparse.Namespace) -> Any:
    """Return one resource per window, walked by cursor; an order stays whole, one row each."""
    resources = [
        {
            "name": f"orders_{number}",
            "table_name": "orders",
            "max_table_nesting": 0,
            "endpoint": {
                "path": "orders",
                "params": {"updated_from": start, "updated_to": end, "limit": PAGE_SIZE},
                "data_selector": "items",
                "paginator": {"type": "cursor", "cursor_path": "next_cursor", "cursor_param": "cursor"},
            },
        }
        for number, (start, end) in enumerate(windows(given.since, given.until))
    ]
    session = Session()
    session.auth = Signed(given.key, given.secret)
    client = {"base_url": given.base + "/", "session": session}
    return rest_api_source({"client": client, "resources": resources})


def main() -> None:
    """Run the pipeline once into a fresh dataset."""
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
        pipeline.run(source(given))
        seconds = time.perf_counter() - started
        counts = pipeline.last_trace.last_normalize_info.row_counts
    report(counts.get("orders", 0), seconds)


if __name__ == "__main__":
    main()
