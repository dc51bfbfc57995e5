"""The environment in which the hub runs Airflow: every setting we change, with its reason."""

import json
from pathlib import Path

from orderhub.operate.home import Home, Memory
from orderhub.operate.ports import LOOPBACK, Ports

#: Airflow's processes, as arguments of `airflow`; docker-compose.yaml starts the same ones.
#: `standalone` is not used: its log servers bind every interface. Task logs are read from the disk.
COMPONENTS: dict[str, tuple[str, ...]] = {
    "api-server": ("api-server",),
    "scheduler": ("scheduler", "--skip-serve-logs"),
    "dag-processor": ("dag-processor",),
}
#: The same on every machine and in the image.
FIXED: dict[str, str] = {
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
    # Two cores: a third task waits for the network while two compute.
    "AIRFLOW__CORE__PARALLELISM": "3",
    "AIRFLOW__API__WORKERS": "1",
    # The one lever of latency between tasks: 1.0 s per hop at the default of 1.
    "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.25",
    # After a SIGKILL of the scheduler, running tasks are found again in 18 s instead of 300 s.
    "AIRFLOW__SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "3",
    "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "15",
    "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "15",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "120",
    # About every other task that ended keeps its place so long (5 s by default): its end was not noticed.
    "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
    "AIRFLOW__DAG_PROCESSOR__PARSING_PROCESSES": "1",
    # A changed file is parsed at once all the same; unchanged ones every two minutes keep idle cheap.
    "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "120",
    "AIRFLOW__DAG_PROCESSOR__STALE_DAG_THRESHOLD": "180",
    # A new file shows up within half a minute.
    "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "30",
    "AIRFLOW__CORE__TEST_CONNECTION": "Disabled",
    "AIRFLOW__API__EXPOSE_CONFIG": "False",
    "AIRFLOW__LOGGING__LOGGING_LEVEL": "INFO",
    "AIRFLOW__LOGGING__COLORED_CONSOLE_LOG": "False",
    "AIRFLOW__API__INSTANCE_NAME": "orderhub",
}
#: Set in many container images; Airflow then compiles every module at every start (4.4 s instead of 2.0 s).
DROPPED = ("PYTHONDONTWRITEBYTECODE",)


def airflow_environment(
    root: Path, home: Home, memory: Memory, database_url: str, *, open_to_all: bool
) -> dict[str, str]:
    """Return what Airflow's processes, and the tasks in them, need beyond the inherited environment.

    Args:
        root: the checkout, with `dags/` and `plugins/`.
        home: of this hub; tasks find their settings there.
        memory: keys and ports.
        database_url: Airflow's own metadata database.
        open_to_all: everyone who reaches the port is admin, without login; for the demo on loopback.
    """
    ports = Ports(memory.port)
    return {
        **FIXED,
        "AIRFLOW_HOME": str(home.airflow),
        "AIRFLOW__CORE__DAGS_FOLDER": str(root / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(root / "plugins"),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": database_url.replace("postgresql:", "postgresql+psycopg2:", 1),
        "AIRFLOW__API__HOST": LOOPBACK,
        "AIRFLOW__API__PORT": str(ports.airflow),
        "AIRFLOW__API__BASE_URL": f"http://{LOOPBACK}:{ports.airflow}",
        # Tasks talk to the API server; without this, another port breaks every task.
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://{LOOPBACK}:{ports.airflow}/execution/",
        **_keys(memory),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": str(open_to_all),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(home.airflow / "passwords.json"),
        "AIRFLOW__SECRETS__BACKEND": "airflow.secrets.local_filesystem.LocalFilesystemBackend",
        "AIRFLOW__SECRETS__BACKEND_KWARGS": json.dumps({"connections_file_path": str(home.connections)}),
        "ORDERHUB_HOME": str(home.root),
    }


def _keys(memory: Memory) -> dict[str, str]:
    """Return the keys that all processes share; Airflow's own defaults would be too short and differ."""
    return {
        "AIRFLOW__CORE__FERNET_KEY": memory.fernet_key,
        "AIRFLOW__API_AUTH__JWT_SECRET": memory.jwt_secret,
        "AIRFLOW__API__SECRET_KEY": memory.api_secret,
    }
