"""Commands for people who connect a platform."""

from typing import Annotated

import typer

from orderhub.cli.shell import console

app = typer.Typer()
platform_app = typer.Typer(no_args_is_help=True, help="平台连接器 / connectors of platforms")
app.add_typer(platform_app, name="platform")


@platform_app.command("new")
def platform_new(
    name: Annotated[
        str,
        typer.Argument(help="小写名字,用作文件夹、表和 DAG 的名字 / lower case; names folder, tables, DAG"),
    ],
    title: Annotated[str | None, typer.Option(help="给人看的名字 / as people call it")] = None,
) -> None:
    """生成新平台的全部文件,不改已有文件 / write the files of a new platform, touch no other."""
    from orderhub.operate.scaffold import write_platform

    for file in write_platform(name, title or name):
        console.print(f"  {file}")
    console.print(
        f"写好了,现在就能通过 / written, and it passes: ./hub test --platform {name}\n"
        "下一步 / next:按平台文档改 contract.yaml 与 order.json、refund.json,"
        "再改 platform.yaml 与 fields.csv,直到测试通过\n"
        "  put the documents' facts into contract.yaml, order.json, refund.json, then make platform.yaml and "
        "fields.csv agree\n"
        "怎么做 / how: docs/how-to/add-a-platform.md · 建表 / tables: ./hub migrate "
        "(正在运行的 hub 马上就要,没有表就停下等它 / at once where a hub runs: it stops without them)"
    )
