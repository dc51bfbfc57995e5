"""The task of decide_hold: what a person says in the form, carried out as the command line does."""

from typing import Any

from airflow.sdk import Param, task

from orderhub.orchestration.assets import CORE_ORDERS
from orderhub.orchestration.hub import open_hub, triggered_by
from orderhub.quality.decide import Choice
from orderhub.quality.reasons import LONGEST_REASON

#: What people read for each choice.
CHOICES = {
    Choice.RELEASE: "放行:核对无误,可以发 / release",
    Choice.CANCEL: "取消:本系统不发货 / cancel: the hub does not ship it",
    Choice.FALSE_ALARM: "误报:放行,并记到规则上 / a false alarm: release, and tell the rule",
    Choice.NO_SHIP: "不发货:刷单或样品,不计销售 / no-ship: a fake sale or a sample",
}


def decision_params() -> dict[str, Param]:
    """Return the fields of the trigger form."""
    return {
        "hold_id": Param(
            type="string",
            minLength=8,
            title="挂起编号 / hold id",
            description="邮件和 hold list 里的编号,前 8 位就够 / as in mails; the first 8 will do",
        ),
        "decision": Param(
            Choice.RELEASE.value,
            type="string",
            enum=[choice.value for choice in CHOICES],
            values_display={choice.value: said for choice, said in CHOICES.items()},
            title="决定 / decision",
            description="放行只结束这一条挂起 / a release ends this hold only",
        ),
        "reason": Param(
            type="string",
            minLength=1,
            maxLength=LONGEST_REASON,
            title="理由 / reason",
            description="会和您的名字一起留下;不写电话地址 / kept with your name; no phones",
        ),
        "version": Param(
            None,
            type=["null", "string"],
            title="看过的版本 / version looked at",
            description="填了而订单已变则拒绝;可留空 / refused if the order changed; may be empty",
        ),
    }


@task(outlets=[CORE_ORDERS])
def carry_out(params: dict[str, Any] | None = None) -> dict[str, Any]:
    """Decide about the hold that the form names, in the name of whoever triggered the run."""
    from orderhub.quality.decide import Decision, decide

    form = params or {}
    hold_id, choice = form["hold_id"].strip(), Choice(form["decision"])
    decision = Decision(hold_id, choice, form["reason"], triggered_by(), form["version"] or None)
    with open_hub("decide") as hub:
        decided = decide(hub.database, hub.clock, decision)
    return {"order_id": decided.order_id, "still_held_by": list(decided.still_held_by)}
