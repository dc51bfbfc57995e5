"""
# 看护:迟到、缺货、静默时段之后的提醒、每日汇总 · Watch the hub

每 15 分钟看一遍数据:哪些店铺没有读全、哪些商品缺货、哪些提醒等到了静默时段结束、今天的汇总发了没有;
再把发件箱里的邮件和群消息送出去。它不依赖别的 DAG:分仓失败的时候,提醒照样出得去。
Looks at the data every 15 minutes and sends what waits. It depends on no other DAG: alerts leave while others
fail.

- **失败时 / when it fails**: 什么都没有丢,下一次补上。见 `docs/runbooks/alerts.md`。
"""

from airflow.sdk import CronTriggerTimetable, dag

from orderhub.orchestration.defaults import BEIJING, WATCH, dag_defaults
from orderhub.orchestration.watch_tasks import look_around_and_send


@dag(
    schedule=CronTriggerTimetable(WATCH, timezone=BEIJING),
    tags=["alerts"],
    doc_md=__doc__,
    **dag_defaults(),
)
def watch_hub() -> None:
    look_around_and_send()


watch_hub()
