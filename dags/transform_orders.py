"""
# 映射、合并、检查、挂起 · Map, merge, check, hold

任何平台有新数据就运行,每 15 分钟再看一次拉到一半失败的店铺:取走还没处理过的装载,映射到统一模型,
按"与到达顺序无关"的规则合并,用一次 SQL 扫描检查,坏订单记异常并挂起,其余继续。
Great Expectations 在旁路复核上次以来每一批的同样规则。
Runs whenever a platform has news, and every quarter hour for what a failed pull has staged;
a bad order is an anomaly, never a failed task.

- **失败时 / when it fails**: 自动重试,同样的数据跑两次结果不变;没合并完的整批回滚,
  合并过的由下一批先检查完。见 `docs/runbooks/transform.md`。
"""

from airflow.sdk import AssetOrTimeSchedule, CronTriggerTimetable, dag

from orderhub.orchestration.assets import any_staging
from orderhub.orchestration.defaults import BEIJING, STAGED_LOOK, dag_defaults
from orderhub.orchestration.transform_tasks import (
    audit_with_great_expectations,
    is_work_pending,
    map_merge_and_check,
)


@dag(
    schedule=AssetOrTimeSchedule(
        timetable=CronTriggerTimetable(STAGED_LOOK, timezone=BEIJING), assets=any_staging()
    ),
    tags=["transform"],
    doc_md=__doc__,
    **dag_defaults(),
)
def transform_orders() -> None:
    counts = map_merge_and_check()
    is_work_pending() >> counts >> audit_with_great_expectations()


transform_orders()
