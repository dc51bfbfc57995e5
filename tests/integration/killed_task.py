"""A task as Airflow runs it, in the middle of a long statement: its handler of SIGTERM raises nothing."""

import signal

from orderhub.orchestration.hub import open_hub
from tests.integration.long_statements import reading

if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: None)
    with open_hub("killed") as hub:
        reading(hub.database)
