"""
# 拉取小程序商城订单 · Pull the mini-program shop's orders

每 10 分钟按更新时间用游标往后读每个商城已结束的时间窗口,逐页提交到
`staging.miniprogram_orders` 与 `staging.miniprogram_refunds`;游标读到头才算覆盖,缺口会自己补上。
收件人明文在入库前就换成掩码与带密钥的哈希。
Reads closed windows by cursor; receivers are masked and hashed before anything is stored.

- **失败时 / when it fails**: 邮件会写明店铺与错误;已提交的页不会丢,下一次自动续拉。
  见 `docs/runbooks/extract.md`。
- **补历史 / backfill**: 按覆盖率驱动,重复拉取是安全的;一次最多问 31 天。
"""

from airflow.sdk import CronDataIntervalTimetable, dag

from orderhub.orchestration.assets import staging
from orderhub.orchestration.defaults import BEIJING, EVERY_10_MINUTES, dag_defaults
from orderhub.orchestration.extract_tasks import checked_platform, list_shops, pull_shop

PLATFORM = checked_platform("miniprogram")


@dag(
    schedule=CronDataIntervalTimetable(EVERY_10_MINUTES, timezone=BEIJING),
    tags=["extract", "miniprogram"],
    doc_md=__doc__,
    **dag_defaults(),
)
def extract_miniprogram() -> None:
    shops = list_shops(PLATFORM)
    pull_shop.override(outlets=[staging(PLATFORM)]).partial(platform=PLATFORM).expand(shop_id=shops)


extract_miniprogram()
