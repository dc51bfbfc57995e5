"""
# 拉取微信小店订单 · Pull WeChat Shop orders

每 10 分钟按更新时间读每个店铺已结束的窗口:列表只有单号,详情逐单并发去取,逐页提交到
`staging.wechat_orders` 与 `staging.wechat_refunds`;游标读完的窗口才算覆盖,缺口会自己补上。
Lists give ids only; details are fetched side by side, and a window counts when its cursor ended.

- **失败时 / when it fails**: 邮件会写明店铺与错误;取不到的单号先停放,不挡住窗口,下一次自动再取。
  见 `docs/runbooks/extract.md`。
- **补历史 / backfill**: 按覆盖率驱动,重复拉取是安全的。
"""

from airflow.sdk import CronDataIntervalTimetable, dag

from orderhub.orchestration.assets import staging
from orderhub.orchestration.defaults import BEIJING, EVERY_10_MINUTES, dag_defaults
from orderhub.orchestration.extract_tasks import checked_platform, list_shops, pull_shop

PLATFORM = checked_platform("wechat")


@dag(
    schedule=CronDataIntervalTimetable(EVERY_10_MINUTES, timezone=BEIJING),
    tags=["extract", "wechat"],
    doc_md=__doc__,
    **dag_defaults(),
)
def extract_wechat() -> None:
    shops = list_shops(PLATFORM)
    pull_shop.override(outlets=[staging(PLATFORM)]).partial(platform=PLATFORM).expand(shop_id=shops)


extract_wechat()
