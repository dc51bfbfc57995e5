"""The floor: requests, one COPY and one commit per page, one row per order, nothing else."""

import io
import json
import time
from typing import Any

import psycopg2
import requests
from backend import options, protocol_of, report, walk


def main() -> None:
    """Pull everything once into a fresh table."""
    given = options()
    protocol = protocol_of(given)
    connection = psycopg2.connect(given.dsn)
    cursor = connection.cursor()
    cursor.execute("drop table if exists bare_orders")
    cursor.execute("create table bare_orders (order_id text not null, payload jsonb not null)")
    connection.commit()
    orders = 0

    def take(answer: requests.Response) -> Any:
        nonlocal orders
        value = answer.json()
        data = value[protocol.ROOT] if protocol.ROOT else value
        rows = io.StringIO()
        for order in data[protocol.ROWS]:
            text = json.dumps(order, ensure_ascii=False).replace("\\", "\\\\")
            rows.write(f"{order[protocol.ID]}\t{text}\n")
        rows.seek(0)
        cursor.copy_expert("copy bare_orders from stdin", rows)
        connection.commit()
        orders += len(data[protocol.ROWS])
        return data[protocol.NEXT]

    started = time.perf_counter()
    walk(given, take)
    report(orders, time.perf_counter() - started)


if __name__ == "__main__":
    main()
