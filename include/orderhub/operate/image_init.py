"""Prepares the databases of docker-compose.yaml's PostgreSQL once: roles, schemas, Airflow's tables.

Run by the service `airflow-init`; safe to repeat. Not for a server that others use too.
"""

import os
import subprocess
import sys
from pathlib import Path

from sqlalchemy import make_url

from orderhub.clock import SystemClock
from orderhub.db.engine import Database
from orderhub.db.migrations import migrate
from orderhub.errors import AlreadyDone
from orderhub.operate.configuration import apply_files
from orderhub.operate.databases import Passwords, create_databases, create_roles
from orderhub.operate.home import write_private
from orderhub.settings import load_settings


def main() -> int:
    """Create what is missing, migrate both databases, apply the configuration; return the exit code."""
    clock = SystemClock()
    passwords = Passwords(
        *(os.environ[f"DB_{role}_PASSWORD"] for role in ("OWNER", "APP", "ANALYST", "PII", "AIRFLOW"))
    )
    admin_url = make_url(os.environ["DB_ADMIN_URL"])
    admin = Database(admin_url.render_as_string(hide_password=False), "init")
    create_roles(admin, passwords)
    create_databases(admin)
    admin.close()
    owner_url = admin_url.set(username="orderhub_owner", password=passwords.owner, database="orderhub")
    owner = Database(owner_url.render_as_string(hide_password=False), "init")
    migrate(owner, clock)
    owner.close()
    airflow_home = Path(os.environ["AIRFLOW_HOME"])
    airflow_home.mkdir(parents=True, exist_ok=True)
    write_private(airflow_home / "passwords.json", {"admin": os.environ["AIRFLOW_ADMIN_PASSWORD"]})
    _apply_configuration(clock)
    return subprocess.run([sys.executable, "-m", "airflow", "db", "migrate"], check=False).returncode


def _apply_configuration(clock: SystemClock) -> None:
    settings = load_settings()
    database = Database(settings.database_url.get_secret_value(), "init")
    try:
        apply_files(database, clock, settings, "init")
    except AlreadyDone:
        return
    finally:
        database.close()


if __name__ == "__main__":
    sys.exit(main())
