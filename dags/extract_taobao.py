"""
# 拉取淘宝/天猫订单 · Pull Taobao/Tmall orders

每 10 分钟把每个店铺已结束的时间窗口从最后一页往前读,逐页提交到
`staging.taobao_orders`、`staging.taobao_refunds`;只有数得清的窗口才算覆盖,缺口会自己补上。
Reads closed windows last page to first; gaps heal by themselves.

- **失败时 / when it fails**: 邮件会写明店铺与错误;已提交的页不会丢,下一次自动续拉。
  见 `docs/runbooks/extract.md`。
- **补历史 / backfill**: 按覆盖率驱动,重复拉取是安全的。
"""

from airflow.sdk import CronDataIntervalTimetable, dag

from orderhub.orchestration.assets import staging
from orderhub.orchestration.defaults import BEIJING, EVERY_10_MINUTES, dag_defaults
from orderhub.orchestration.extract_tasks import checked_platform, list_shops, pull_shop

PLATFORM = checked_platform("taobao")


@dag(
    schedule=CronDataIntervalTimetable(EVERY_10_MINUTES, timezone=BEIJING),
    tags=["extract", "taobao"],
    doc_md=__doc__,
    **dag_defaults(),
)
def extract_taobao() -> None:
    shops = list_shops(PLATFORM)
    pull_shop.override(outlets=[staging(PLATFORM)]).partial(platform=PLATFORM).expand(shop_id=shops)


extract_taobao()
