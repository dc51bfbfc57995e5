"""The command that scores the reading of addresses against a labelled file."""

import csv
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orderhub.cli.shell import console

if TYPE_CHECKING:
    from orderhub.operate.address_score import AddressScore

app = typer.Typer()
_ANSWERS = ("text", "province", "city", "district", "verdict", "right")


@app.command("address-score")
def address_score(
    file: Annotated[Path, typer.Argument(help="CSV 或 .csv.gz / CSV or .csv.gz")],
    *,
    answers: Annotated[
        Path | None, typer.Option(help="把每一行的答案写到这里 / write the answer to every line here")
    ] = None,
    wrong: Annotated[int, typer.Option(help="列出几条答错的 / how many wrong lines to show")] = 0,
) -> None:
    """给地址解析打分:区县对了多少,有没有凭空说出省份,每秒几条 / score the reading of addresses.

    FILE 第一行写列名 / the first line names the columns:

        text,province,city,district

    text 是买家写的整条地址;后三列是它应当说出的区划。文字没有写、也推不出的留空:不许猜。
    市辖区、省直辖县级行政区划 这类占位词等于空;旧名(下城区)与今名(拱墅区)算同一处。
    text is the whole address; the other three are what it should say, empty where it names nothing and
    implies nothing. Placeholders such as 市辖区 count as empty; an earlier name is the same place as today's.

    例 / e.g.: orderhub address-score examples/addresses/labelled.csv --wrong 10
    """
    from orderhub.operate.address_score import read_labelled, score_addresses
    from orderhub.platforms.address import gazetteer

    lines = read_labelled(file)
    with ExitStack() as stack:
        writer = _writer(stack, answers)
        score = score_addresses(gazetteer(), lines, _bar(stack, len(lines)), _keeper(writer))
    _show(score, wrong)


def _show(score: "AddressScore", wrong: int) -> None:
    console.print(f"地址 / addresses: {score.rows:,}")
    console.print(f"区县正确率 / district accuracy: {_share(score.right, score.labelled)}")
    console.print(
        "  其中标了区县的 / of those labelled with a district: "
        f"{_share(score.right_districts, score.districts)}; 没有作答 / left open: {score.open_districts:,}"
    )
    console.print(
        f"没有依据的省份 / provinces claimed without evidence: {_share(score.claimed, score.silent)}"
        " 文字没提任何区划的行 / of lines whose text names no division"
    )
    console.print(
        f"速度 / speed: {score.speed:,.0f} 条/秒 / per second, {score.seconds:.2f} s CPU, "
        "一个进程 / one process"
    )
    for line, answer in score.wrong[:wrong]:
        said = " ".join(part or "-" for part in (answer.province, answer.city, answer.district))
        console.print(f"  {line.text}\n    标签 / label: {' '.join(part or '-' for part in line.label)}")
        console.print(f"    答案 / answer: {said} ({answer.verdict.value})")


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.2%} ({part:,} / {whole:,})" if whole else "- (0)"


def _bar(stack: ExitStack, total: int) -> Any:
    from rich.progress import Progress

    bar = stack.enter_context(Progress(console=console, transient=True))
    task = bar.add_task("", total=total)
    return lambda done: bar.advance(task, done)


def _writer(stack: ExitStack, file: Path | None) -> Any:
    if file is None:
        return None
    writer = csv.writer(stack.enter_context(file.open("w", encoding="utf-8-sig", newline="")))
    writer.writerow(_ANSWERS)
    return writer


def _keeper(writer: Any) -> Any:
    def keep(line: Any, answer: Any, is_right: bool) -> None:  # noqa: FBT001 - the shape that the scorer calls
        if writer is not None:
            named = (answer.province or "", answer.city or "", answer.district or "")
            writer.writerow((line.text, *named, answer.verdict.value, "1" if is_right else "0"))

    return keep
