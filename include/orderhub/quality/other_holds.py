"""The holds that no check of `expectations/` places, and entries of holds.yaml that name no hold at all."""

from orderhub.config.located_yaml import nearest
from orderhub.config.models import MerchantConfig
from orderhub.quality.suites import load_suites

#: Rule → what it says, in Chinese and English.
OTHER_HOLDS = {
    "no_stock": (
        "谁都凑不齐,分仓规则写了 none_can_fill: hold:放行就是等货",
        "No warehouse has all of it, and the routing rule says hold; released, it waits for goods",
    ),
    "no_carrier": (
        "没有快递能送这张发货单;有快递能送了自己结束",
        "No carrier takes this document; ends by itself once one does",
    ),
    "which_goods": (
        "换货补发不知道发哪个货:同样的就放行,别的用 resend-goods",
        "Nobody named the goods of an exchange: release it for the same ones, or resend-goods",
    ),
    "recall_open": (
        "已向仓库撤单,等答复;退回、发出或人记下答复后自己结束",
        "The warehouse was asked to give this document back; ends when it did, has left, or was answered",
    ),
}


def care_warnings(config: MerchantConfig) -> list[str]:
    """Return a warning for each rule of holds.yaml that holds nothing: a name that is not quite one."""
    known = [*load_suites(config).checks(), *OTHER_HOLDS]
    named = [care.rule for care in config.holds.rules if care.rule is not None]
    return [
        f"holds.yaml: rule {rule!r} 没有这条规则,这一项不起作用 / is no rule, the entry does nothing; "
        f"{nearest(rule, known)}"
        for rule in named
        if rule not in known
    ]
