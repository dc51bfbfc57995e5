"""dlt's REST source on the same pages, into the same server. It is not in the lock: install it beside."""

import argparse
import tempfile
import time
from typing import Any

import dlt
from backend import PATH, Signed, options, report, windows, wish
from dlt.sources.helpers.requests import Session
from dlt.sources.rest_api import rest_api_source


def source(given: argparse.Namespace) -> Any:
    """Return one resource per window, page by page; an order stays whole, one row each."""
    resources = [
        {
            "name": f"orders_{number}",
            "table_name": "orders",
            "max_table_nesting": 0,
            "endpoint": {
                "path": PATH,
                "method": "POST",
                "json": wish(start, end),
                "data_selector": "data.shop_order_list",
                "paginator": {
                    "type": "page_number",
                    "base_page": 0,
                    "page_body_path": "page",
                    "total_path": None,
                },
            },
        }
        for number, (start, end) in enumerate(windows(given.since, given.until))
    ]
    session = Session()
    session.auth = Signed(given.key, given.secret, given.token)
    return rest_api_source({"client": {"base_url": given.base, "session": session}, "resources": resources})


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
