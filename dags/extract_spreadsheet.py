"""
# 读取表格订单 · Take in order files

每 10 分钟读取每个表格店铺投放目录里的 CSV/XLSX:好行入库,坏行列在报告里;读不了的文件移到 `rejected/`,
旁边有说明。Takes dropped files; good rows are staged, bad rows are listed in a report beside the file.

- **失败时 / when it fails**: 文件留在原处,修好后自动再读。见 `docs/runbooks/extract.md`。
- **个人信息 / personal data**: 姓名、电话、地址在入库前就换成掩码与带密钥的哈希。
"""

from airflow.sdk import CronDataIntervalTimetable, dag

from orderhub.orchestration.assets import staging
from orderhub.orchestration.defaults import BEIJING, EVERY_10_MINUTES, dag_defaults
from orderhub.orchestration.extract_tasks import checked_platform, list_shops, pull_shop

PLATFORM = checked_platform("spreadsheet")


@dag(
    schedule=CronDataIntervalTimetable(EVERY_10_MINUTES, timezone=BEIJING),
    tags=["extract", "spreadsheet"],
    doc_md=__doc__,
    **dag_defaults(),
)
def extract_spreadsheet() -> None:
    shops = list_shops(PLATFORM)
    pull_shop.override(outlets=[staging(PLATFORM)]).partial(platform=PLATFORM).expand(shop_id=shops)


extract_spreadsheet()
