"""Commands of the supervisor: what is held, and what is decided about it."""

import getpass
from dataclasses import replace
from typing import Annotated

import typer

from orderhub.cli.shell import active_config, asking, beijing, clock, console, opened, table_of

app = typer.Typer()
hold_app = typer.Typer(no_args_is_help=True, help="挂起的订单:查看与决定 / held orders: list and decide")
app.add_typer(hold_app, name="hold")
Reason = Annotated[str, typer.Option(help="为什么;会记下来 / why; it is kept")]
Target = Annotated[
    str,
    typer.Argument(help="挂起编号(前 8 位起)或 店铺/单号 / hold id (8 characters or more) or shop/number"),
]
Order = Annotated[str, typer.Argument(help="店铺/单号 / shop/number")]
HoldId = Annotated[str, typer.Argument(help="挂起编号(前 8 位起)/ hold id, 8 characters or more")]
Version = Annotated[
    str | None,
    typer.Option("--version", help="看过的版本;已变则拒绝 / the version looked at; refused if newer"),
]


@hold_app.command("list")
def list_holds(
    order: Annotated[str | None, typer.Argument(help="店铺/单号 / shop/number")] = None,
) -> None:
    """列出生效中的挂起 / the holds in force, oldest first."""
    from orderhub.quality.standing import active_holds

    with opened() as (_, database):
        holds = active_holds(database, order)
    table = table_of("订单 / order", "规则 / rule", "证据 / evidence", "自 / since", key="编号 / id")
    for hold in holds:
        evidence = ", ".join(f"{k}={'-' if v is None else v}" for k, v in hold.evidence.items())
        table.add_row(hold.short_id, hold.subject_id, hold.rule_id, evidence, beijing(hold.placed_at))
    console.print(table)
    console.print(f"{len(holds)} 条挂起 / holds")


@hold_app.command("watch")
def watch() -> None:
    """为太久的挂起和临近的发货时限发告警 / raise alerts for aged holds and near deadlines."""
    from orderhub.quality.watch import watch_holds

    with opened() as (_, database):
        watched = watch_holds(database, clock, active_config(database))
    console.print(
        f"{watched.aged_holds} 条挂起太久 / aged holds, {watched.deadlines} 单临近时限 / near deadlines"
    )


@hold_app.command("release")
def release_hold(hold: HoldId, reason: Reason, version: Version = None) -> None:
    """放行一条挂起;同样的证据不再挂起 / end one hold; the same evidence does not hold again."""
    _decide(hold, "release", reason, version)


@hold_app.command("cancel")
def cancel(
    target: Target,
    reason: Reason,
    line: Annotated[str | None, typer.Option(help="只这一行 / this line only")] = None,
    version: Version = None,
) -> None:
    """本系统不再发货;平台上的取消与退款另外办理 / the hub does not ship it; cancel it on its platform too."""
    _withhold(target, "cancel", reason, version, line)


@hold_app.command("no-ship")
def no_ship(target: Target, reason: Reason, version: Version = None) -> None:
    """确认为刷单或样品:不占库存、不发货、不计销售 / a fake sale or sample: no stock, no parcel, no sales."""
    _withhold(target, "no_ship", reason, version, None)


@hold_app.command("false-alarm")
def false_alarm(hold: HoldId, reason: Reason, version: Version = None) -> None:
    """误报:放行,不算连续疑点,计入规则的准确率 / a false alarm: released, and counted against its rule."""
    _decide(hold, "false_alarm", reason, version)


@hold_app.command("restore")
def restore(order: Order, reason: Reason) -> None:
    """撤销取消或不发货,重新检查后照常发货 / take a cancel or no-ship back; it is checked again."""
    from orderhub.quality.withhold import restore_order

    with opened() as (_, database):
        restored = restore_order(database, clock, order, reason, getpass.getuser())
    console.print(f"{restored} 项已恢复,等待下一批检查 / restored; the next pass checks it")


@hold_app.command("correct")
def correct(
    order: Order,
    reason: Reason,
    line: Annotated[str | None, typer.Option(help="哪一行 / which line")] = None,
    sku: Annotated[str | None, typer.Option(help="这一行其实是哪个 SKU / the SKU it really is")] = None,
    quantity: Annotated[int | None, typer.Option(help="这一行其实几件 / the pieces it really is")] = None,
    amount: Annotated[
        str | None,
        typer.Option(help="货到付款整单收多少元,含运费,两位小数 / yuan at the door, whole order, as 156.00"),
    ] = None,
    *,
    address: Annotated[
        bool,
        typer.Option("--address", help="改地址;随后输入,不进命令记录 / the address; asked for afterwards"),
    ] = False,
) -> None:
    """更正地址、应收金额、SKU 或数量;以后的拉取不会冲掉 / put an order right; later pulls keep it."""
    from orderhub.quality.correct import Correction, fen_of, refuse_address
    from orderhub.quality.correct import correct as run

    fen = None if amount is None else fen_of(amount)
    correction = Correction(order, reason, getpass.getuser(), line, sku, quantity, None, fen)
    with opened() as (settings, database):
        config = active_config(database)
        if address:
            refuse_address(database, config, correction)
            with asking():
                correction = replace(correction, address=typer.prompt("完整地址 / whole address"))
        made = run(database, clock, config, settings.hash_key, correction)
    console.print(
        f"{made.correction_id}: {made.field} {made.before} ⇒ {made.after};下一批生效 / from the next pass on"
    )
    for gift in made.gifts:
        console.print(
            f"赠品 {gift.title}×{gift.quantity} 不跟着走,也许已随手工那件发了;没发的 / this gift does not "
            "follow, it may have left with what was shipped by hand; if not: "
            f"./hub resend {order} --line '{gift.line_id}={gift.quantity}' --reason …",
            style="yellow",
        )


@hold_app.command("undo-correction")
def undo_correction(
    correction: Annotated[int, typer.Argument(help="更正编号,见 explain / its id, see explain")],
    reason: Reason,
) -> None:
    """撤销一次更正,以平台的说法为准 / let the platform's value stand again."""
    from orderhub.quality.correct import undo_correction as run

    with opened() as (_, database):
        undone = run(database, clock, correction, reason, getpass.getuser())
    console.print(f"{undone.field} {undone.before} ⇒ {undone.after};下一批检查 / the next pass checks it")


@app.command()
def release(
    order: Order,
    rule: Annotated[str, typer.Argument(help="挂起它的规则 / the rule that holds it")],
    reason: Reason,
) -> None:
    """放行一条规则对订单的挂起 / end what one rule holds of an order."""
    from orderhub.quality.decide import holds_of_rule

    with opened() as (_, database):
        hold_ids = holds_of_rule(database, order, rule)
    for hold_id in hold_ids:
        _decide(hold_id, "release", reason, None)


def _withhold(target: str, choice: str, reason: str, version: str | None, line: str | None) -> None:
    from orderhub.quality.withhold import Withheld, withhold_order

    if "/" not in target:
        _decide(target, choice, reason, version)
        return
    kind = Withheld.CANCELLED if choice == "cancel" else Withheld.NO_SHIP
    with opened() as (_, database):
        withhold_order(database, clock, target, kind, reason, getpass.getuser(), line)
    console.print(f"{target}: {kind}")


def _decide(hold: str, choice: str, reason: str, version: str | None) -> None:
    from orderhub.quality.decide import Choice, Decision, decide

    with opened() as (_, database):
        decided = decide(database, clock, Decision(hold, Choice(choice), reason, getpass.getuser(), version))
    left = ", ".join(decided.still_held_by) or "无 / none"
    console.print(f"{decided.order_id}: {choice};仍挂起它的规则 / still held by: {left}")
