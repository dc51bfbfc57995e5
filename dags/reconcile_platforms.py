"""
# 夜间对账:有没有漏单 · Every night: was anything missed?

每天 03:30 把各店铺最近几天(`shops.yaml` 的 `reconcile_days`,默认 3)在平台上列出的单号与已入库的比一遍,
只列表、不取详情。缺的当场补拉;漏单数写进 `ops.reconciliations`,不为零就发邮件。
Compares the ids that platforms list with those staged, reads again what is missing, and says how many.

- **失败时 / when it fails**: 没有改动任何数据;下一夜会再比。
  见 `docs/runbooks/reconcile.md`。
- **漏单率 / missed-order rate**: `select * from ops.missed_orders`(`./hub sql --ops`)。
"""

from airflow.sdk import CronTriggerTimetable, dag

from orderhub.orchestration.defaults import BEIJING, dag_defaults
from orderhub.orchestration.reconcile_tasks import compare_and_heal, list_pulled_shops


@dag(
    schedule=CronTriggerTimetable("30 3 * * *", timezone=BEIJING),
    tags=["extract", "reconcile"],
    doc_md=__doc__,
    **dag_defaults(),
)
def reconcile_platforms() -> None:
    compare_and_heal.expand(pulled=list_pulled_shops())


reconcile_platforms()
