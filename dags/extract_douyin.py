"""
# 拉取抖店订单与售后 · Pull Douyin shop orders and after-sales

每 10 分钟把每个店铺已结束的时间窗口从最后一页往前读,逐页提交到
`staging.douyin_orders`、`staging.douyin_refunds`;只有数得清的窗口才算覆盖,缺口会自己补上。
Reads closed windows last page to first; gaps heal by themselves.

- **失败时 / when it fails**: 邮件会写明店铺与错误;已提交的页不会丢,下一次自动续拉。
  令牌自己续期;商家取消授权时只有这个店铺停,重新授权后补齐。见 `docs/runbooks/extract.md`。
- **补历史 / backfill**: 按覆盖率驱动,重复拉取是安全的;平台只给最近 90 天的订单。
"""

from airflow.sdk import CronDataIntervalTimetable, dag

from orderhub.orchestration.assets import staging
from orderhub.orchestration.defaults import BEIJING, EVERY_10_MINUTES, dag_defaults
from orderhub.orchestration.extract_tasks import checked_platform, list_shops, pull_shop

PLATFORM = checked_platform("douyin")


@dag(
    schedule=CronDataIntervalTimetable(EVERY_10_MINUTES, timezone=BEIJING),
    tags=["extract", "douyin"],
    doc_md=__doc__,
    **dag_defaults(),
)
def extract_douyin() -> None:
    shops = list_shops(PLATFORM)
    pull_shop.override(outlets=[staging(PLATFORM)]).partial(platform=PLATFORM).expand(shop_id=shops)


extract_douyin()
