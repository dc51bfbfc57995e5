"""
# 补拉一段历史 · Read a range of the past again

触发时选平台、店铺和起止时间;按平台允许的窗口切开,每个店铺一个任务,标签显示"完成/总数"。
读过的也会再读一遍(同样的记录不会重复入库);日常拉取照常进行,互不影响。上线日之前的订单只入库,不会发货。
Choose platform, shop and range; it is cut into the platform's windows, one task per shop shows done/all.

- **失败时 / when it fails**: 已读的窗口不会丢;清除失败的任务即可继续。
  见 `docs/runbooks/backfill.md`。
- **命令行 / command line**: `./hub backfill PLATFORM --since … --until … --now`。
"""

from airflow.sdk import dag

from orderhub.orchestration.backfill_tasks import ask_for_range, backfill_params, read_range, wake_transform
from orderhub.orchestration.defaults import dag_defaults


@dag(schedule=None, params=backfill_params(), tags=["extract", "backfill"], doc_md=__doc__, **dag_defaults())
def backfill_orders() -> None:
    asked = ask_for_range()
    read_range.expand(asked=asked) >> wake_transform(asked)


backfill_orders()
