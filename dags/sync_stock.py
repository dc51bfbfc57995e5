"""
# 同步库存与发货回传 · Read stock and what has left

每 10 分钟一次,在分仓之前:向每个仓库的 WMS 问库存(奇门,一页 100 个编码),
再问已交仓的单发了没有,已发的快递揽收了没有;没有 WMS 的仓库,取它投放的 `stock.csv`。两样都没有就什么都不做。
Every 10 minutes, before routing: asks every warehouse's WMS for its stock, then for what has left and
whether carriers collected it; takes the `stock.csv` of warehouses without one.

- **失败时 / when it fails**: 一个仓库问不到不影响别的;数字旧了会标出来,太旧就少承诺。
  见 `docs/runbooks/wms.md`。
"""

from airflow.sdk import CronTriggerTimetable, dag

from orderhub.orchestration.defaults import BEIJING, STOCK, dag_defaults
from orderhub.orchestration.stock_tasks import look_for_scans, read_stock_and_shipments


@dag(
    schedule=CronTriggerTimetable(STOCK, timezone=BEIJING),
    tags=["fulfill", "stock"],
    doc_md=__doc__,
    **dag_defaults(),
)
def sync_stock() -> None:
    read_stock_and_shipments() >> look_for_scans()


sync_stock()
