"""The floor: requests, one COPY and one commit per page, one row per order, nothing else."""

import io
import json
import time

import psycopg2
import requests
from backend import options, report, walk


def main() -> None:
    """Pull everything once into a fresh table."""
    given = options()
    connection = psycopg2.connect(given.dsn)
    cursor = connection.cursor()
    cursor.execute("drop table if exists bare_orders")
    cursor.execute("create table bare_orders (order_id text not null, payload jsonb not null)")
    connection.commit()
    orders = 0

    def take(answer: requests.Response) -> int:
        nonlocal orders
        data = answer.json()["data"]
        rows = io.StringIO()
        for order in data["shop_order_list"]:
            text = json.dumps(order, ensure_ascii=False).replace("\\", "\\\\")
            rows.write(f"{order['order_id']}\t{text}\n")
        rows.seek(0)
        cursor.copy_expert("copy bare_orders from stdin", rows)
        connection.commit()
        orders += len(data["shop_order_list"])
        return int(data["total"])

    started = time.perf_counter()
    walk(given, take)
    report(orders, time.perf_counter() - started)


if __name__ == "__main__":
    main()
