"""The few calls of Airflow's REST API that the launcher makes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import requests
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from orderhub.clock import Clock
from orderhub.errors import TransientError
from orderhub.operate.ports import LOOPBACK

_SECONDS = 20


class AirflowApi:
    """One Airflow on this machine.

    Args:
        port: of its API server.
        password: of its user admin; not needed where everyone is admin.
        clock: stamps triggered runs.
    """

    def __init__(self, port: int, password: str, clock: Clock) -> None:
        self._base = f"http://{LOOPBACK}:{port}"
        self._password = password
        self._clock = clock
        self._session = requests.Session()
        self._session.trust_env = False

    def is_healthy(self, components: Sequence[str] = ("metadatabase", "scheduler", "dag_processor")) -> bool:
        """Tell whether all these components report themselves healthy."""
        try:
            answer = self._session.get(f"{self._base}/api/v2/monitor/health", timeout=_SECONDS)
            states = answer.json()
        except (requests.RequestException, ValueError):
            return False
        return answer.ok and all((states.get(name) or {}).get("status") == "healthy" for name in components)

    def dag_ids(self) -> set[str]:
        """Return the DAGs that Airflow has parsed."""
        return {dag["dag_id"] for dag in self._call("GET", "/dags?limit=100")["dags"]}

    def import_errors(self) -> list[str]:
        """Return the files that do not parse, each with the last line of its trace."""
        errors = self._call("GET", "/importErrors")["import_errors"]
        return [f"{e['filename']}: {e['stack_trace'].strip().splitlines()[-1]}" for e in errors]

    def unpause(self, dag_id: str) -> None:
        """Let a DAG run on its schedule."""
        self._call("PATCH", f"/dags/{dag_id}?update_mask=is_paused", {"is_paused": False})

    def pause(self, dag_id: str) -> None:
        """Keep a DAG from starting runs; one that runs goes on with the tasks it has started."""
        self._call("PATCH", f"/dags/{dag_id}?update_mask=is_paused", {"is_paused": True})

    def trigger(self, dag_id: str) -> str:
        """Start a run now and return its id; asking again after a lost answer starts no second one."""
        now = self._clock.now().isoformat()
        wanted = {"dag_run_id": f"hub__{now}", "logical_date": now}
        self._call("POST", f"/dags/{dag_id}/dagRuns", wanted)
        return wanted["dag_run_id"]

    def is_paused(self, dag_id: str) -> bool:
        """Tell whether a DAG is kept from running."""
        paused: bool = self._call("GET", f"/dags/{dag_id}")["is_paused"]
        return paused

    def newest_run(self, dag_id: str) -> tuple[str, str] | None:
        """Return id and state of the run that was due last, or nothing when there is none."""
        runs = self._call("GET", f"/dags/{dag_id}/dagRuns?order_by=-run_after&limit=1")["dag_runs"]
        return (runs[0]["dag_run_id"], runs[0]["state"]) if runs else None

    def run_state(self, dag_id: str, run_id: str) -> str:
        """Return `queued`, `running`, `success` or `failed`."""
        state: str = self._call("GET", f"/dags/{dag_id}/dagRuns/{run_id}")["state"]
        return state

    def task_state(self, dag_id: str, run_id: str, task_id: str) -> str | None:
        """Return `success`, `skipped`, `running` and so on; nothing before the task is scheduled."""
        path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}"
        state: str | None = self._call("GET", path)["state"]
        return state

    def has_announced(self, dag_id: str, since: datetime) -> bool:
        """Tell whether a DAG has told those that wait for its assets that there is something new."""
        path = f"/assets/events?source_dag_id={dag_id}&timestamp_gte={since:%Y-%m-%dT%H:%M:%S.%fZ}&limit=1"
        return bool(self._call("GET", path)["asset_events"])

    @retry(
        retry=retry_if_exception_type(TransientError),
        wait=wait_fixed(1),
        stop=stop_after_delay(60),
        reraise=True,
    )
    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Make a call; log in first, and again when the token has expired.

        Raises:
            TransientError: Airflow did not answer, or refused, for a minute.
        """
        try:
            answer = self._send(method, path, body)
            if answer.status_code == requests.codes.unauthorized:
                self._log_in()
                answer = self._send(method, path, body)
            if answer.status_code == requests.codes.conflict:
                return {}
            answer.raise_for_status()
            values: dict[str, Any] = answer.json()
        except (requests.RequestException, ValueError) as error:
            raise TransientError(
                f"Airflow refused {method} {path}: {error}; see logs/api-server.log in the hub's home"
            ) from None
        return values

    def _send(self, method: str, path: str, body: dict[str, Any] | None) -> requests.Response:
        return self._session.request(method, f"{self._base}/api/v2{path}", json=body, timeout=_SECONDS)

    def _log_in(self) -> None:
        credentials = {"username": "admin", "password": self._password}
        answer = self._session.post(f"{self._base}/auth/token", json=credentials, timeout=_SECONDS)
        answer.raise_for_status()
        self._session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
