"""Commands about goods that are sent again: a resend by hand, the goods of an exchange."""

import getpass
from typing import Annotated

import typer

from orderhub.cli.shell import asking, clock, console, opened

app = typer.Typer()
Reason = Annotated[str, typer.Option(help="为什么;会记下来 / why; it is kept")]


@app.command()
def resend(
    order: Annotated[str, typer.Argument(help="店铺/单号 / shop/number")],
    reason: Reason,
    line: Annotated[
        list[str] | None,
        typer.Option(
            help="行号=件数,可写几次;不写就是全部,gifts.csv 的赠品除外 / line=pieces, several times; "
            "without it everything but gifts of gifts.csv"
        ),
    ] = None,
    case: Annotated[
        str, typer.Option(help="同一编号只补一次;再补一次换一个 / the same case is sent once")
    ] = "1",
    *,
    yes: Annotated[bool, typer.Option("--yes", help="不再询问 / do not ask")] = False,
) -> None:
    """补发:已发出的订单再发一份,不收钱 / send goods of an order again, without payment.

    Lost, broken, missing. It becomes an order of its own
    (BF + number + case), takes stock, leaves by the next cut-off and tells its number like any other.

    例 / e.g.: ./hub resend tb/2160451543726114828 --line 1=1 --reason 少发一件

    先看 / first: ./hub explain ORDER (行号在里面 / it lists the lines). 换货不用这条,售后到了自己会开 /
    an exchange needs no command: its after-sale makes it. 撤回 / take back: ./hub hold cancel BF…
    """
    from orderhub.fulfillment.resend import Resend, order_resend, refuse_resend

    wanted = Resend(order, reason, getpass.getuser(), _pieces(line or []), case)
    with opened() as (_, database):
        if not yes:
            refuse_resend(database, wanted)
            goods = ", ".join(line or []) or "全部 / everything"
            with asking():
                typer.confirm(f"{order}: 再发一份 / send again: {goods}?", abort=True)
        made = order_resend(database, clock, wanted)
    console.print(f"{made} 已开单,下一批配货 / made; the next fulfil pass routes it")


@app.command("resend-goods")
def resend_goods(
    order: Annotated[str, typer.Argument(help="换货补发的单号,店铺/HH… / the replacement, shop/HH…")],
    goods: Annotated[list[str], typer.Argument(help="编码=件数 / SKU=pieces")],
    reason: Reason,
) -> None:
    """回答挂起 which_goods:换货单发哪些货 / answer which goods a replacement takes.

    To take what was proposed (the same goods),
    release the hold instead: ./hub hold release HOLD --reason …

    例 / e.g.: ./hub resend-goods tb/HH7001 MUG-BLUE=1 --reason 买家要蓝色
    """
    from orderhub.fulfillment.resend import answer_goods

    with opened() as (_, database):
        answer_goods(database, clock, order, _pieces(goods), actor=getpass.getuser(), reason=reason)
    console.print(f"{order} 已回答,下一批配货 / answered; the next fulfil pass routes it")


def _pieces(given: list[str]) -> dict[str, int]:
    pieces: dict[str, int] = {}
    for each in given:
        name, _, number = each.partition("=")
        if not name or not (number or "1").isdecimal():
            raise typer.BadParameter(f"{each!r}: NAME=PIECES, for example 1=2")
        pieces[name] = int(number or "1")
    return pieces
