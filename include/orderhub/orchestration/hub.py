"""Opens the hub for one task and closes it again."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from airflow.sdk import get_current_context

from orderhub.clock import Clock, SystemClock
from orderhub.config.models import MerchantConfig
from orderhub.config.store import load_active
from orderhub.db.engine import Database
from orderhub.db.interrupts import ending_statements
from orderhub.db.migrations import check_version
from orderhub.settings import Settings, load_settings


@dataclass(frozen=True)
class Hub:
    """What every function of the hub is given."""

    settings: Settings
    database: Database
    clock: Clock
    config: MerchantConfig


def triggered_by() -> str:
    """Return who triggered this run, `airflow` where that is not known."""
    return getattr(get_current_context()["dag_run"], "triggering_user_name", None) or "airflow"


@contextmanager
def open_hub(purpose: str) -> Iterator[Hub]:
    """Yield the hub; `purpose` is shown in `pg_stat_activity` with the process id.

    When Airflow ends the task, or its time is over, a long statement ends too: Airflow's own handler of
    SIGTERM lets the task go on, and five seconds later the task is killed.

    Raises:
        SchemaVersionError: the database belongs to another version of the code.
        ConfigError: settings or the active configuration are unusable.
    """
    settings = load_settings()
    database = Database(settings.database_url.get_secret_value(), purpose)
    try:
        with ending_statements(signal.SIGTERM, signal.SIGALRM):
            check_version(database)
            yield Hub(settings, database, SystemClock(), load_active(database))
    finally:
        database.close()
