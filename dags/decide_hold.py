"""
# 处理挂起 · Decide a hold

主管在这里对一条挂起作决定:放行、取消、不发货、误报。邮件里的链接会打开填好挂起编号的表单;谁触发就记谁,理由会留下。
一条挂起只结束一次:别人先决定了就失败并说明是谁。决定之后分仓马上接着跑。
The supervisor's form: release, cancel, no-ship or false alarm; the link in a mail fills in the hold. Whoever
triggers it is remembered with the reason; a hold ends once, and the second to decide is told who was first.

- **失败时 / when it fails**: 日志最后一句写明原因和下一步,什么都没有改。见 `docs/runbooks/decide.md`。
- **命令行 / command line**: `./hub hold list`,`./hub hold release 编号 --reason 理由`。
"""

from airflow.sdk import dag

from orderhub.orchestration.decide_tasks import carry_out, decision_params
from orderhub.orchestration.defaults import dag_defaults


@dag(schedule=None, params=decision_params(), tags=["decide"], doc_md=__doc__, **dag_defaults())
def decide_hold() -> None:
    carry_out()


decide_hold()
