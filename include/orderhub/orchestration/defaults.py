"""What every DAG shares: owner, retries, time limit, who hears of a failure; and the alarm clocks."""

from datetime import timedelta
from typing import Any

from airflow.sdk import ExceptionRetryPolicy, RetryAction, RetryRule

from orderhub.config.located_yaml import parse
from orderhub.config.models import Warehouses
from orderhub.errors import ConfigError, FencedError, LeaseTaken, StopError
from orderhub.orchestration.failure_mail import mail_failed_run, mail_failed_task
from orderhub.settings import load_settings

#: Platforms have settled by then, and a pull has landed before a cut-off on the hour.
EVERY_10_MINUTES = "7-59/10 * * * *"
#: What could not be sent, or closed while the machine was off, is not left until the next order comes.
SECOND_LOOK = "5-59/15 * * * *"
#: A pull that staged pages and failed in the end announces nothing; the last look is just before the hour.
STAGED_LOOK = "13-59/15 * * * *"
#: Before the pulls that wake routing.
STOCK = "4-59/10 * * * *"
#: Between pulls and fulfilment, so that a look takes no worker from them.
WATCH = "2-59/15 * * * *"
BEIJING = "Asia/Shanghai"
#: A cut-off whose sources are late closes after ten minutes' grace; this alarm is for those.
GRACE_MINUTES = 11

#: Somebody else is at the same work, by hand say; a pass over a million orders takes two minutes.
_OTHERS_TURN = timedelta(minutes=3)
#: Trying again helps later when it is not our turn; not when a person must act or somebody newer works.
_RETRY_POLICY = ExceptionRetryPolicy(
    rules=[
        RetryRule(exception=StopError, action=RetryAction.FAIL, reason="a person must act"),
        RetryRule(exception=FencedError, action=RetryAction.FAIL, reason="a newer holder works on it"),
        RetryRule(
            exception=LeaseTaken,
            action=RetryAction.RETRY,
            retry_delay=_OTHERS_TURN,
            reason="somebody else works on it now",
        ),
    ]
)


def task_defaults() -> dict[str, Any]:
    """Return the default arguments of every task."""
    return {
        "owner": "orderhub",
        "retries": 3,
        "retry_delay": timedelta(seconds=10),
        "retry_exponential_backoff": 2,
        "max_retry_delay": timedelta(minutes=5),
        "retry_policy": _RETRY_POLICY,
        "execution_timeout": timedelta(minutes=20),
        "on_failure_callback": mail_failed_task,
    }


def dag_defaults() -> dict[str, Any]:
    """Return what every DAG shares: one run at a time, no catching up, who hears of a failure."""
    return {
        "catchup": False,
        "max_active_runs": 1,
        "default_args": task_defaults(),
        # A task process that was killed cannot call back; the failed run does it for it.
        "on_failure_callback": mail_failed_run,
    }


def cutoff_alarms() -> list[str]:
    """Return crons (Asia/Shanghai) for every cut-off of warehouses.yaml, and again after the grace.

    The alarm only wakes fulfilment; which cut-offs are due is in the database. A broken file rings at 10:00.
    """
    try:
        file = load_settings().config / "warehouses.yaml"
        warehouses = parse(Warehouses, file.read_text(encoding="utf-8-sig"), file.name).warehouses
    except (ConfigError, OSError):
        return ["0 10 * * *", f"{GRACE_MINUTES} 10 * * *"]
    minutes = {cutoff.hour * 60 + cutoff.minute for warehouse in warehouses for cutoff in warehouse.cutoffs}
    alarms = minutes | {(minute + GRACE_MINUTES) % (24 * 60) for minute in minutes}
    return [f"{minute % 60} {minute // 60} * * *" for minute in sorted(alarms)]
