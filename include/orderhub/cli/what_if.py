"""The command that tries other rules on days that are over."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orderhub.cli.shell import console, opened, table_of
from orderhub.cli.sources import Instant, utc
from orderhub.errors import ConfigError

if TYPE_CHECKING:
    from collections import Counter

    from orderhub.fulfillment.what_if import Replay

app = typer.Typer()
_SHOWN = 15


@app.command("what-if")
def what_if(
    since: Instant,
    until: Instant,
    *,
    rules: Annotated[Path | None, typer.Option(help="另一份 routing.yaml / another routing.yaml")] = None,
    carriers: Annotated[Path | None, typer.Option(help="另一份 carriers.yaml / another one")] = None,
) -> None:
    """换一套规则重放过去几天,看会有什么不同;什么都不改 / replay past days under other rules; changes nothing.

    例 / e.g.: ./hub what-if --rules routing.new.yaml --since 2026-11-01 --until 2026-11-08
    """
    from orderhub.config.parse import parse_config
    from orderhub.config.store import active_files
    from orderhub.fulfillment.what_if import what_if as replay

    proposed = {name: file for name, file in (("routing.yaml", rules), ("carriers.yaml", carriers)) if file}
    if not proposed:
        raise ConfigError("what-if compares rules; name another routing.yaml by --rules, or --carriers")
    with opened() as (_, database):
        files = active_files(database)
        texts = {name: _read(file) for name, file in proposed.items()}
        try:
            others = parse_config({**files, **texts})
        except ConfigError as error:
            given = ", ".join(f"{file} as {name}" for name, file in proposed.items())
            raise ConfigError(f"{error} (read: {given})") from None
        found = replay(database, parse_config(files), others, utc(since), utc(until))
    _show_replays(found.now, found.proposed)
    table = table_of("从 / from", "到 / to", "例 / e.g.", key="单 / orders")
    for change in found.changes[:_SHOWN]:
        table.add_row(f"{change.orders:,}", change.place_now, change.place_then, change.example)
    console.print(table if found.changes else "没有一单会不同 / no order would be treated otherwise")
    if len(found.changes) > _SHOWN:
        console.print(f"另有 {len(found.changes) - _SHOWN} 种 / more kinds of change")


def _show_replays(now: "Replay", proposed: "Replay") -> None:
    table = table_of("现在 / now", "换了以后 / then", "差 / difference", key="")
    for title, of in (("", "outcomes"), ("仓库 / warehouse ", "warehouses"), ("快递 / carrier ", "carriers")):
        before: Counter[str] = getattr(now, of)
        after: Counter[str] = getattr(proposed, of)
        for name in sorted({*before, *after}):
            difference = after[name] - before[name]
            table.add_row(f"{title}{name}", f"{before[name]:,}", f"{after[name]:,}", f"{difference:+,}")
    table.add_row("挂起 / held", f"{now.held:,}", f"{proposed.held:,}", f"{proposed.held - now.held:+,}")
    table.add_row("拆单率 / split rate", _percent(now.split_rate), _percent(proposed.split_rate), "")
    table.add_row("每单运费 / freight per order", _yuan(now), _yuan(proposed), "")
    console.print(table)


def _yuan(replay: "Replay") -> str:
    mean = replay.freight_per_order
    return "-" if mean is None else f"{mean / 100:.2f} 元"


def _percent(rate: float | None) -> str:
    return "-" if rate is None else f"{rate:.1%}"


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "not UTF-8"
        raise ConfigError(f"{file}: cannot be read: {why}; give a YAML file in UTF-8") from None
