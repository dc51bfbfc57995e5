"""Writes `docs/reference` from the code and a migrated database; a test says whether the pages are current.

Not for explanations: those are written by hand under `docs/explanation`.
"""

import csv
import functools
import json
from collections.abc import Mapping
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from sqlalchemy import text

from orderhub import errors, paths
from orderhub.config import models
from orderhub.config.carriers import Carriers
from orderhub.config.checks import ChecksFile
from orderhub.config.located_yaml import models_in
from orderhub.config.routing import Routing, RoutingProfile
from orderhub.db.engine import Database
from orderhub.db.staging_tables import wanted_tables
from orderhub.errors import ConfigError
from orderhub.operate.commands_page import render_commands
from orderhub.operate.front_door import front_door
from orderhub.operate.markdown import table
from orderhub.platforms.converters import CONVERTERS
from orderhub.platforms.field_map import FIELDS, REQUIRED
from orderhub.platforms.spec import PlatformSpec
from orderhub.quality.other_holds import OTHER_HOLDS
from orderhub.settings import PREFIX, Settings

_HEAD = "<!-- 由 `orderhub reference` 生成,请勿手改 / written by `orderhub reference` -->\n\n"
_SCHEMAS = ("mart", "core", "staging", "ops", "pii")
#: What each converter does, for the person who edits fields.csv; a converter without a line here is refused.
_CONVERTERS = {
    "text": "原样文本,去掉首尾空白;空文本算没有 / as it is, trimmed; empty means missing",
    "province": "省份:简称换成全称,其余原样 / short names of provinces → full names",
    "city": "市:旧名换成今名(襄樊市 → 襄阳市),其余原样 / a former name of a city → today's",
    "district": "区县:全国只有一处的旧名换成今名,其余原样 / a former name of one place only → today's",
    "sku": "商品编码:NFKC 归一、去空白、大写 / a code: NFKC, trimmed, upper case",
    "integer": "整数,最多 15 位;`3.0` 算 3 / a whole number of at most 15 digits",
    "fen": "以分为单位的整数 / whole minor units",
    "yuan": "元(小数),存为分;超过两位小数不取整 / decimal units → fen, never rounded",
    "boolean": "true、1、是 / false、0、否",
    "epoch_s": "1970 年起的秒数 / seconds since 1970",
    "epoch_ms": "1970 年起的毫秒数 / milliseconds since 1970",
    "instant": "带时区的 ISO 时间 / ISO time with its zone",
    "time@<zone>": "该时区的时间,如 `time@Asia/Shanghai` / local time in that zone",
}
FILES: Mapping[str, type[BaseModel]] = {
    "shops.yaml": models.Shops,
    "warehouses.yaml": models.Warehouses,
    "routing.yaml": Routing,
    "routing/NAME.yaml": RoutingProfile,
    "alerts.yaml": models.Alerts,
    "checks.yaml": ChecksFile,
    "holds.yaml": models.Holds,
    "carriers.yaml": Carriers,
}
_SETTINGS_HEAD = """# 设置 / Settings

环境变量优先,其次是 `./hub` 写好的 `<home>/settings.json`。未知的 `ORDERHUB_*` 变量会被拒绝。
The environment wins, then `<home>/settings.json`, which `./hub` writes. Unknown `ORDERHUB_*` are refused.
`ORDERHUB_ROOT` 只给镜像用:项目在哪里 / is for images only: where the project is.

"""
_CONFIG_HEAD = """# 商家配置文件 / The merchant's files

目录由 `ORDERHUB_CONFIG` 指定,默认 `include/config`。
改完后 `./hub config check`,再 `./hub config apply`。
未知的键会被拒绝,并给出最接近的写法。 / Unknown keys are refused with the nearest valid one.

必须有 / required: `shops.yaml`、`warehouses.yaml`、`routing.yaml`、`alerts.yaml`、`regions.csv`、
`sku_mappings.csv`。其余可以没有 / all others are optional.
"""
_CONFIG_TABLES = """
## CSV

`#` 开头的行是注释 / lines that begin with `#` are comments.
除 regions.csv、blacklist.csv 外都可以有一列 `comment` / all but these two may have a column `comment`.

- **regions.csv** `region,province,city`:地区集合的一行;city 为空表示整个省
  / one row of a region set; empty city = the whole province
- **sku_mappings.csv** `mapping_id,shop_id,platform_sku,sku_id`:平台商品 → 我们的编码;shop_id 可写 `*`
  / one platform SKU → our SKU; `*` = every shop
- **safety_stock.csv** `warehouse_id,sku_id,quantity`:永不承诺的件数;sku_id 可写 `*`
  / pieces never promised; `*` = every SKU
- **skus.csv** `sku_id,name` + `barcode,weight_g,cost,list_price,tags,kind,location_<warehouse>`:商品档案;
  kind 是 goods、bundle、gift 或 service;标签用 `|` 隔开;可以没有
  / the goods master; kind is goods, bundle, gift or service; tags are divided by `|`; optional
- **bundles.csv** `bundle_sku_id,part_sku_id,quantity`:组合装的部件,每个一行
  / one row per part of a bundle; optional
- **tiers.csv** `shop_id,customer_id,tier`:买家等级;编号见 core.customers,等级列在 routing.yaml;可以没有
  / tiers of buyers, by the ids of core.customers; tiers are listed in routing.yaml; optional
- **calendar.csv** `kind,id,from,to,what` + `comment`:仓库、快递休息(warehouse、carrier:closed),地区停发
  (area:suspended;地区集合、省,或 省/市);from 到 to 两天都算;可以没有
  / days on which a warehouse or carrier is closed, or nothing is sent to an area; optional
- **gifts.csv** `rule_id,gift_sku_id` + `quantity,shop_id,sku_id,min_amount,since,until,first`:
  满赠,写了的条件都要满足;答应过的赠品按当时的条件算,改规则、删规则都不收回;
  金额是还要的商品的实付,不含运费;货到付款的,人填过应收的按填的算
  / gift rules; every condition that is given must hold; a gift that was promised keeps the terms of that day,
  whatever becomes of its row; the amount is of the goods that are left, without freight; paid at the door,
  what a person told counts (hold correct --amount); optional
- **blacklist.csv** `entry_id,kind,value,shop_id,reason,author`(可加 / also `effect,starts_at,ends_at`):
  kind = customer、phone、address;电话和地址启用时换成哈希 / phones and addresses become hashes when applied
- **shares.csv** `shop_id,sku_id,percent`(可加 / also `floor`):各店可售的份额,同一编码各店合计不超过 100;
  floor 是先留给这家店的件数(直播间);sku_id 可写 `*`;可以没有
  / each shop's share of what can be promised, 100 in all at most; floor comes first; optional
- **stock.csv** `warehouse_id,sku_id,on_hand`:盘点数;启用配置时不读,`./hub stock import` 才读(演示用它)
  / a count; read by `./hub stock import` only, as the demo does
- **platforms/<name>/fields.csv**:替换自带的字段映射,见 fields-csv.md / replaces the shipped field map
- **expectations/<name>.json**:替换自带的检查规则;缺了新版本的检查,`./hub config check` 会列出来,
  有意不要的写进 meta.switched_off
  / replaces the shipped checks of that name; `./hub config check` names those that it lacks,
  unless meta.switched_off lists them
"""
_PLATFORM_HEAD = """# platform.yaml

一个平台的协议与状态含义。引擎只认方案名(签名、翻页、转换器),不认平台。
One platform's protocol and what its states mean. The engine knows schemes by name, never platforms.
"""
_FIELDS_HEAD = """# fields.csv

列:`record,field,path,converter,comment`。path 可写 `甲|乙`(依次尝试)、`=常量`、用点号进入对象、
以 `/` 开头从整个载荷的根开始。没有值和读不懂是两回事:读不懂的文本变为空值,并记为异常。
Alternatives `a|b`, constants `=text`, dots descend, a leading `/` starts at the root of the payload.
A text that cannot be read becomes null and an anomaly.
"""
_CHECKS_HEAD = """# 检查规则 / Checks

动作:hold 挂起订单,hold_line 挂起订单行,warn 只记录,stop_source 停止放行整个店铺。
Actions: hold holds the order, hold_line the line, warn only records, stop_source stops the whole shop.

[改阈值、词、黑名单 / change a threshold](../how-to/change-a-threshold.md) ·
[处理挂起 / decide a hold](../how-to/decide-a-hold.md) ·
[规则的含义 / what the rules mean](../explanation/what-the-rules-mean.md)
"""
_OTHER_HOLDS_HEAD = """
## 不是检查的挂起 / Holds that no check places

分仓、选快递、撤单和售后放的;处理的办法一样。
Placed by routing, the choice of carriers, recalls and after-sales; decided in the same way.

"""


def write_reference(database: Database, directory: Path, command: Any) -> list[Path]:
    """Write every page into `directory` and return the files.

    Args:
        database: a migrated database; only its catalog is read.
        directory: usually docs/reference.
        command: the root command as `typer.main.get_command` gives it; its help becomes a page.
    """
    directory.mkdir(parents=True, exist_ok=True)
    written = []
    for name, page in render_pages(database, command).items():
        file = directory / name
        file.write_text(page, encoding="utf-8")
        written.append(file)
    return written


def render_pages(database: Database, command: Any) -> dict[str, str]:
    """Return file name → Markdown of every generated page."""
    pages = {
        "settings.md": _settings(),
        "tables.md": _tables(database),
        "config-files.md": _config_files(),
        "platform-yaml.md": _platform_yaml(),
        "fields-csv.md": _fields_csv(),
        "errors.md": _errors(),
        "checks.md": _checks(),
        "commands.md": render_commands(front_door(), command),
    }
    return {name: _HEAD + page for name, page in pages.items()}


def _settings() -> str:
    rows = [
        (f"`{PREFIX}{name.upper()}`", _type(field.annotation), _default(name, field), _meaning("", field))
        for name, field in Settings.model_fields.items()
    ]
    return _SETTINGS_HEAD + table(
        ("变量 / variable", "类型 / type", "默认 / default", "说明 / meaning"), rows
    )


def _default(name: str, field: FieldInfo) -> str:
    if field.is_required():
        return "必填 / required"
    if name == "config":
        return "`include/config`"
    value = field.get_default(call_default_factory=True, validated_data={})
    if isinstance(value, BaseModel):
        return "见下 / see below"
    if isinstance(value, tuple | list):
        return "、".join(str(part) for part in value) or "空 / empty"
    return "空 / empty" if value in (None, "", {}) else f"`{value}`"


def _meaning(name: str, field: FieldInfo) -> str:
    """Return what a key means, in Chinese and English where both are known."""
    english = field.description or ""
    chinese = meanings().get(english or name, "")
    return " / ".join(said for said in (chinese, english) if said)


@functools.cache
def meanings() -> dict[str, str]:
    """Return English → Chinese of what keys mean; under the name of a key without English are both."""
    with paths.keys_file().open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(line for line in file if not line.startswith("#"))
        return {row["english"]: row["chinese"] for row in rows}


def _kind(field: FieldInfo) -> str:
    """Return the type in words; an amount is written in yuan, whatever it is kept as."""
    is_yuan = "_fen" in str([*field.metadata, field.annotation])
    return "yuan" if is_yuan else _type(field.annotation)


def _type(annotation: object) -> str:
    """Return a type in words: `text`, `one of a, b`, `list of …`."""
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _type(parts[0])
    if origin is Literal:
        return "one of " + ", ".join(f"`{part}`" for part in parts)
    if origin in (UnionType, Union):
        return " or ".join(_type(part) for part in parts if part is not type(None))
    if origin in (tuple, list):
        return f"list of {_type(parts[0])}"
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return f"{_type(parts[0])} → {_type(parts[1])}"
    name = getattr(annotation, "__name__", str(annotation))
    return {"str": "text", "int": "integer", "float": "number", "SecretStr": "secret", "bool": "boolean"}.get(
        name, name
    )


def _tables(database: Database) -> str:
    with database.read() as connection:
        rows = connection.execute(
            text("""
                select n.nspname as schema, c.relname as relation, c.relkind = 'v' as is_view,
                       obj_description(c.oid, 'pg_class') as about, a.attname as column_name,
                       format_type(a.atttypid, a.atttypmod) as type,
                       col_description(c.oid, a.attnum) as meaning
                from pg_class c join pg_namespace n on n.oid = c.relnamespace
                join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
                where n.nspname = any(:schemas) and c.relkind in ('r', 'v')
                order by array_position(:schemas, n.nspname::text), c.relname, a.attnum"""),
            {"schemas": list(_SCHEMAS)},
        ).all()
    relations: dict[str, list[Any]] = {}
    for row in rows:
        relations.setdefault(f"{row.schema}.{row.relation}", []).append(row)
    parts = ["# 表与视图 / Tables and views\n"]
    shown: set[str] = set()
    for relation, columns in relations.items():
        name, about = _pattern(relation, columns[0].about or "")
        if name in shown:
            continue
        shown.add(name)
        kind = "视图 / view" if columns[0].is_view else "表 / table"
        parts.append(f"\n## {name}\n\n{kind}:{about}\n\n")
        parts.append(
            table(
                ("列 / column", "类型 / type", "说明 / meaning"),
                ((f"`{c.column_name}`", c.type, c.meaning or "") for c in columns),
            )
        )
    return "".join(parts)


def _pattern(relation: str, about: str) -> tuple[str, str]:
    """Return a staging table as what it is for any platform: a new platform changes no page."""
    found = wanted_tables().get(relation.removeprefix("staging."))
    if found is None:
        return relation, about
    platform, stream = found
    return f"staging.&lt;platform&gt;_{stream}", about.replace(platform, "the platform")


def _config_files() -> str:
    files = (f"\n## {file}\n" + _model(model, level=3, seen=set()) for file, model in FILES.items())
    return _CONFIG_HEAD + "".join(files) + _CONFIG_TABLES


def _platform_yaml() -> str:
    return _PLATFORM_HEAD + _model(PlatformSpec, level=2, seen=set())


def _model(model: type[BaseModel], level: int, seen: set[type[BaseModel]]) -> str:
    """Describe `model`, then the models that its fields hold, each once."""
    seen.add(model)
    rows = [
        (f"`{name}`", _kind(field), _default(name, field), _meaning(f"{model.__name__}.{name}", field))
        for name, field in model.model_fields.items()
    ]
    page = f"\n{'#' * level} {model.__name__}\n\n{_first_line(model)}\n\n"
    page += table(("键 / key", "类型 / type", "默认 / default", "说明 / meaning"), rows)
    for field in model.model_fields.values():
        for inner in models_in(field.annotation):
            if inner not in seen:
                page += _model(inner, level, seen)
    return page


def _fields_csv() -> str:
    if unknown := CONVERTERS.keys() - _CONVERTERS.keys():
        raise ConfigError(
            f"operate/reference.py: converter(s) {sorted(unknown)} have no description; add them"
        )
    required = {f"{record}.{field}" for record, field in REQUIRED}
    page = _FIELDS_HEAD
    for record, fields in FIELDS.items():
        names = (f"`{f}`" + (" (必填 / required)" if f"{record}.{f}" in required else "") for f in fields)
        page += f"\n## {record}\n\n" + ", ".join(names) + "\n"
    rows = ((f"`{name}`", meaning) for name, meaning in _CONVERTERS.items())
    return page + "\n## 转换器 / Converters\n\n" + table(("名称 / name", "做什么 / what it does"), rows)


def _first_line(documented: type) -> str:
    return (documented.__doc__ or "").strip().splitlines()[0]


def _errors() -> str:
    classes = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.OrderhubError)
    ]
    rows = [
        (f"`{k.__name__}`", f"`{k.__mro__[1].__name__}`", (k.__doc__ or "").strip().splitlines()[0])
        for k in classes
    ]
    tree = (errors.__doc__ or "").split("\n\n")[1]
    return f"# 错误 / Errors\n\n```\n{tree}\n```\n\n" + table(
        ("名称 / name", "属于 / kind of", "意思 / meaning"), rows
    )


def _checks() -> str:
    parts = [_CHECKS_HEAD]
    for file in sorted(paths.expectations_directory().glob("*.json")):
        suite = json.loads(file.read_text(encoding="utf-8"))
        rows = [
            (
                f"`{e['meta']['id']}`",
                e["severity"],
                e["meta"]["action"],
                e["meta"]["message_zh"],
                e["meta"]["message_en"],
            )
            for e in suite["expectations"]
        ]
        parts.append(f"\n## expectations/{file.name}\n\n`{suite['meta']['view']}`\n\n")
        parts.append(table(("id", "severity", "action", "说明", "meaning"), rows))
    others = ((f"`{rule}`", *meaning) for rule, meaning in OTHER_HOLDS.items())
    return "".join(parts) + _OTHER_HOLDS_HEAD + table(("id", "说明", "meaning"), others)
