"""
# 恢复被暂停的店铺 · Resume a stopped source

数据整体有误的店铺被检查停止放行(提醒里写着规则和数字)。看过之后在这里填店铺和原因:订单继续放行,谁、为什么都留下。
A shop whose data were wrong as a whole was stopped by a check; once looked at, it goes on from here.

- **失败时 / when it fails**: 店铺没有被停止时,任务说明原因,什么都不变。见 `docs/runbooks/transform.md`。
- **命令行 / command line**: `./hub source list`,`./hub source resume SHOP --reason …`。
"""

from airflow.sdk import dag

from orderhub.orchestration.defaults import dag_defaults
from orderhub.orchestration.resume_tasks import resume, resume_params


@dag(schedule=None, params=resume_params(), tags=["transform", "people"], doc_md=__doc__, **dag_defaults())
def resume_source() -> None:
    resume()


resume_source()
