"""
# 拉取京东订单 · Pull JD orders

每 10 分钟读五张列表:订单、改过备注的订单、售后服务单,以及发货前的取消申请(按申请、按审核各一次)。
已结束的时间窗口从最后一页往前读,逐页提交到 `staging.jd_orders` 和 `staging.jd_refunds`;缺口会自己补上。
Reads five lists, closed windows last page to first; gaps heal by themselves.

- **失败时 / when it fails**: 邮件会写明店铺与错误;已提交的页不会丢,下一次自动续拉。
  令牌会自己续期;续不上时只停这一个店铺,请店主重新授权。见 `docs/runbooks/extract.md`。
- **补历史 / backfill**: 按覆盖率驱动,重复拉取是安全的;京东一次最多查一个月。
"""

from airflow.sdk import CronDataIntervalTimetable, dag

from orderhub.orchestration.assets import staging
from orderhub.orchestration.defaults import BEIJING, EVERY_10_MINUTES, dag_defaults
from orderhub.orchestration.extract_tasks import checked_platform, list_shops, pull_shop

PLATFORM = checked_platform("jd")


@dag(
    schedule=CronDataIntervalTimetable(EVERY_10_MINUTES, timezone=BEIJING),
    tags=["extract", "jd"],
    doc_md=__doc__,
    **dag_defaults(),
)
def extract_jd() -> None:
    shops = list_shops(PLATFORM)
    pull_shop.override(outlets=[staging(PLATFORM)]).partial(platform=PLATFORM).expand(shop_id=shops)


extract_jd()
