"""
# 分仓、预占、截单、交付 · Route, reserve, close, publish

订单有变化或到了截单时间就运行,另外每 15 分钟补看一次:撤回不能再发的预占,按规则分仓并预占真实库存,
为每个到点的截单生成一份发货清单(每仓每截单一份,重跑不会多发),再把发件箱里的文件与邮件送出去。
Runs when orders changed, when a cut-off rings, and every 15 minutes for what could not be sent before; which
cut-offs are due is in the database, not in the run.

- **失败时 / when it fails**: 预占与清单各自是一个事务;重跑得到同一份文件。见 `docs/runbooks/fulfill.md`。
"""

from airflow.sdk import AssetOrTimeSchedule, MultipleCronTriggerTimetable, dag

from orderhub.orchestration.assets import CORE_ORDERS
from orderhub.orchestration.defaults import BEIJING, SECOND_LOOK, cutoff_alarms, dag_defaults
from orderhub.orchestration.fulfill_tasks import close_manifests, publish, publish_books, route_and_reserve


@dag(
    schedule=AssetOrTimeSchedule(
        timetable=MultipleCronTriggerTimetable(*cutoff_alarms(), SECOND_LOOK, timezone=BEIJING),
        assets=[CORE_ORDERS],
    ),
    tags=["fulfill"],
    doc_md=__doc__,
    **dag_defaults(),
)
def fulfill_orders() -> None:
    route_and_reserve() >> close_manifests() >> publish() >> publish_books()


fulfill_orders()
