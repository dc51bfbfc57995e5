"""What decide_hold's page asks for: what a hold is about, for people who may decide it and nobody else."""

from typing import Annotated, Any

from fastapi import Depends, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from orderhub.alerts.hold_facts import hold_facts
from orderhub.db.engine import Database
from orderhub.db.migrations import check_version
from orderhub.errors import OrderhubError, StopError
from orderhub.orchestration.decide_page import DAG_ID
from orderhub.settings import load_settings

_TOKEN = HTTPBearer(auto_error=False)


async def may_decide(
    request: Request, token: Annotated[HTTPAuthorizationCredentials | None, Depends(_TOKEN)]
) -> None:
    """Refuse who is not logged in to Airflow (401), or may not start decide_hold (403)."""
    # Every process of Airflow loads its plugins; only the API server answers this.
    from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
    from airflow.api_fastapi.core_api.security import get_user, requires_access_dag

    user = await get_user(request, None, token)
    await run_in_threadpool(requires_access_dag("POST", DagAccessEntity.RUN, DAG_ID), request, user)


def facts_of(named: str) -> dict[str, Any]:
    """Return the hold, the order's version and what people read of both.

    Raises:
        HTTPException: there is no such hold (404), or the hub cannot be asked now (503).
    """
    try:
        settings = load_settings()
        database = Database(settings.database_url.get_secret_value(), "decide page")
        try:
            check_version(database)
            facts = hold_facts(database, named, settings.language)
        finally:
            database.close()
    except OrderhubError as error:
        raise HTTPException(404 if type(error) is StopError else 503, str(error)) from error
    return {"hold_id": facts.hold_id, "version": facts.version_id, "lines": facts.lines}
