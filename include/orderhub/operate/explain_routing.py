"""Why an order ships from where it does: rule, condition, what decided it, every warehouse looked at."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, text

from orderhub.clock import BEIJING
from orderhub.config.located_yaml import parse
from orderhub.config.routing import Amount, Condition, Range, Routing, RoutingProfile, RoutingRule
from orderhub.errors import ConfigError
from orderhub.operate.step import Step

_DECISIONS = text("""
    select d.*, v.files from core.routing_decisions as d
    left join ops.config_versions as v using (config_version)
    where d.order_id = :order_id""")
_OUTCOMES = {
    "allocated": ("分仓到", "allocated to"),
    "split": ("拆成两单,先", "split in two, first"),
    "out_of_stock": ("缺货,等待补货", "out of stock, waits"),
    "backorder": ("缺货预订,承诺 {promised} 发货", "backorder, promised for {promised}"),
    "no_warehouse": ("暂时没有仓库可用,等待", "no warehouse is open for it, waits"),
    "suspended": ("停发,恢复后继续", "nothing is sent there for now, waits"),
    "no_rule": ("没有适用的规则", "no rule applies"),
}
_CHOICES = {
    "chosen": ("选中", "chosen"),
    "short": ("库存不足", "too little stock"),
    "frozen": ("盘点中", "stock is being taken"),
    "closed": ("休息", "closed today"),
    "full": ("今日已满", "full for today"),
    "no_customs": ("保税仓,订单没有报关信息", "bonded, the order has no customs fields"),
    "none_holds": ("没有一条规则的条件成立", "no rule's condition holds"),
}
#: Fact → what people call it.
_FACTS = {
    "region": ("省市", "region"),
    "platform": ("平台", "platform"),
    "shop": ("店铺", "shop"),
    "tier": ("买家等级", "tier"),
    "sku": ("商品", "SKU"),
    "tag": ("标签", "tag"),
    "promotion": ("大促", "promotion"),
    "amount": ("实付", "paid"),
    "weight": ("重量(克)", "grams"),
    "pieces": ("件数", "pieces"),
    "paid_at": ("付款时间", "paid at"),
}


def routed(connection: Connection, order_id: str) -> list[Step]:
    """Return the latest decision about an order, if there is one."""
    return [_decision(row) for row in connection.execute(_DECISIONS, {"order_id": order_id}).mappings()]


def _decision(row: RowMapping) -> Step:
    ids = {"rule": row["rule_id"] or "-", "config": row["config_version"][:12]}
    zh, en = (said.format(promised=row["promised_date"]) for said in _OUTCOMES[row["outcome"]])
    warehouse = f" {row['warehouse_id']}" if row["warehouse_id"] else ""
    why_zh, why_en = _why(row)
    candidates = [_candidate(given) for given in row["candidates"]]
    zh += f"{warehouse}({why_zh}{';'.join(one for one, _ in candidates) or '无候选仓'})"
    en += f"{warehouse} ({why_en}{'; '.join(one for _, one in candidates) or 'no candidate'})"
    return Step(row["decided_at"], "routed", zh, en, ids)


def _why(row: RowMapping) -> tuple[str, str]:
    """Return the rule's reason, its condition and the facts that met it, each ended by a semicolon."""
    rule = _rule_of(row["files"], row["rule_id"]) if row["rule_id"] and row["files"] else None
    asked = _condition(rule.when) if rule else ""
    parts = (
        (rule.reason.zh if rule else "", rule.reason.en if rule else ""),
        (f"条件 {asked}" if asked else "", f"when {asked}" if asked else ""),
        tuple(_facts(row["facts"], language) for language in (0, 1)),
    )
    zh, en = ([part[language] for part in parts if part[language]] for language in (0, 1))
    return "".join(f"{part};" for part in zh), "".join(f"{part}; " for part in en)


def _rule_of(files: Mapping[str, str], rule_id: str) -> RoutingRule | None:
    """Return the row of the rule table as the configuration that decided had it."""
    profile, _, name = rule_id.rpartition("/")
    file = f"routing/{profile}.yaml" if profile else "routing.yaml"
    try:
        rules = (
            parse(RoutingProfile, files[file], file).rules
            if profile
            else parse(Routing, files[file], file).rules
        )
    except (ConfigError, KeyError):
        return None
    return next((rule for rule in rules if rule.id == name), None)


def _condition(when: Condition) -> str:
    """Return a condition as the file has it: region=jiangzhehu, amount=99.00..; empty: it always holds."""
    given = ((key, getattr(when, key)) for key in type(when).model_fields)
    return ", ".join(f"{key}={_asked(value)}" for key, value in given if value)


def _asked(value: Any) -> str:
    match value:
        case Amount():
            return "..".join("" if fen is None else f"{fen / 100:.2f}" for fen in (value.min, value.max))
        case Range():
            return "..".join("" if end is None else str(end) for end in (value.min, value.max))
        case tuple():
            return "|".join(value)
    return _time(value)


def _facts(facts: Mapping[str, Any], language: int) -> str:
    said = [f"{_FACTS[name][language]} {_answer(name, facts[name])}" for name in _FACTS if name in facts]
    return ("、", ", ")[language].join(said)


def _answer(name: str, value: Any) -> str:
    if isinstance(value, list):
        return " ".join(str(part) for part in value if part) or "-"
    if name == "paid_at":
        return _time(datetime.fromisoformat(value))
    return f"{value / 100:.2f}" if name == "amount" else str(value or "-")


def _time(instant: datetime) -> str:
    return f"{instant.astimezone(BEIJING):%Y-%m-%d %H:%M}"


_OLD = {
    "aged": ("(数字旧)", " (old figure)"),
    "stale": ("(数字旧)", " (old figure)"),
    "left_out": ("(WMS 不再给数)", " (no longer told by the WMS)"),
}


def _candidate(candidate: dict[str, Any]) -> tuple[str, str]:
    """Return what was seen of one warehouse, in Chinese and English."""
    why = candidate.get("why", "")
    zh, en = _CHOICES.get(why) or _unasked(candidate, why)
    if first := candidate.get("stands_in_for"):
        zh, en = f"({first} 的备用仓){zh}", f"(backup of {first}) {en}"
    shown_zh, shown_en = (
        separator.join(_figure(sku, figure, candidate, language) for sku, figure in _figures(candidate))
        for language, separator in enumerate(("、", ", "))
    )
    name = f"{candidate['warehouse']} " if "warehouse" in candidate else ""
    return f"{name}{zh}{':' if shown_zh else ''}{shown_zh}", f"{name}{en}{': ' if shown_en else ''}{shown_en}"


def _figures(candidate: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    return list(candidate.get("figures", {}).items())


def _figure(sku: str, figure: Mapping[str, Any], candidate: Mapping[str, Any], language: int) -> str:
    """Return what was asked of one SKU and what there was; of several, those that lack are marked."""
    needed, free = figure.get("needed"), figure.get("available")
    said = (f"{sku} 需 {needed} 可承诺 {free}", f"{sku} needs {needed}, free {free}")[language]
    said += _kept(figure, ("(安全库存留 {})", " (safety stock {})")[language])
    old = candidate.get("old_figures", {}).get(sku)
    said += _OLD[old][language] if old else ""
    if len(_figures(candidate)) > 1 and needed is not None and free is not None and needed > free:
        said += (f",缺 {needed - free}", f", short of {needed - free}")[language]
    return said


def _kept(figure: Mapping[str, Any], said: str) -> str:
    return said.format(figure["kept_back"]) if "kept_back" in figure else ""


def _unasked(candidate: Mapping[str, Any], why: str) -> tuple[str, str]:
    """Return why no warehouse was looked at, or no two of them."""
    if why == "suspended":
        area, until, comment = (candidate.get(key) or "-" for key in ("area", "until", "comment"))
        return f"{area} 停发到 {until}:{comment}", f"{area} suspended until {until}: {comment}"
    if why == "kept_together":
        return f"不拆单(商品标签 {candidate['tag']})", f"not split (goods tagged {candidate['tag']})"
    if why.endswith("_unknown"):
        zh, en = _FACTS[why.removesuffix("_unknown")]
        rule = candidate.get("rule", "-")
        return f"规则 {rule} 要知道{zh},订单没有", f"rule {rule} asks for {en}, which is not known"
    return why, why
