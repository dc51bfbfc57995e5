"""People decide about holds: each by itself, once, with who and why; what left already is refused."""

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from orderhub.clock import FixedClock
from orderhub.config.models import MerchantConfig
from orderhub.db.engine import Database
from orderhub.errors import StopError
from orderhub.fulfillment.close import close_due
from orderhub.fulfillment.cutoffs import request_extra
from orderhub.fulfillment.run import run_fulfillment
from orderhub.quality.correct import Correction, correct, undo_correction
from orderhub.quality.decide import Choice, Decision, decide, holds_of_rule
from orderhub.quality.sources import resume_source
from orderhub.quality.withhold import Withheld, restore_order, withhold_order
from tests.builders import NOON, Line, Order, activate, hold, put, rows, stock
from tests.conftest import PASSWORDS

CLOCK = FixedClock(NOON)
BUCKETS = "select line_id, bucket, blocked_by from core.order_buckets order by line_id"
HOLDS = "select rule_id, state, ended_by, end_reason from core.holds order by rule_id"


@pytest.fixture
def config(database: Database) -> MerchantConfig:
    """One order tb/1 of two lines, and enough stock."""
    with database.engine.begin() as connection:
        active = activate(connection)
        stock(connection, hangzhou__MUG=10, yiwu__MUG=10)
        put(connection, Order("1", (Line(quantity=2), Line(quantity=3))))
    return active


def place(database: Database, *rules: str, line_id: str | None = None) -> list[str]:
    with database.engine.begin() as connection:
        return [hold(connection, "tb/1", line_id, rule) for rule in rules]


def say(database: Database, hold_id: str, choice: Choice = Choice.RELEASE, actor: str = "li") -> None:
    decide(database, CLOCK, Decision(hold_id, choice, "已核对", actor))


def hand_over(database: Database, config: MerchantConfig) -> list[int]:
    """Fulfil, close a manifest at once, and return how many lines each holds."""
    run_fulfillment(database, CLOCK, config)
    request_extra(database, CLOCK, config, "hangzhou", "test")
    return [manifest.line_count for manifest in close_due(database, CLOCK, config, {})]


def test_an_order_moves_when_the_last_of_its_holds_is_released(database: Database, config: MerchantConfig):
    first, second = place(database, "amount", "memo")

    left = decide(database, CLOCK, Decision(first, Choice.RELEASE, "已核对", "li")).still_held_by
    after_one = rows(database, BUCKETS)
    say(database, second)

    assert left == ("memo",)
    assert after_one == [("1", "held", "order_held"), ("2", "held", "order_held")]
    assert rows(database, BUCKETS) == [("1", "waiting", None), ("2", "waiting", None)]


def test_a_release_keeps_who_when_and_why(database: Database, config: MerchantConfig):
    (hold_id,) = place(database, "memo")

    say(database, hold_id)

    assert rows(database, HOLDS) == [("memo", "released", "li", "已核对")]
    assert rows(
        database,
        "select actor, action, subject_id, detail ->> 'reason', detail ->> 'order_id', recorded_at from ops.audit",
    ) == [("li", "release", hold_id, "已核对", "tb/1", NOON)]


def test_the_first_eight_characters_name_a_hold(database: Database, config: MerchantConfig):
    (hold_id,) = place(database, "memo")

    say(database, f" {hold_id.removeprefix('hold:')[:8]}\n")

    assert rows(database, HOLDS) == [("memo", "released", "li", "已核对")]


def test_an_order_and_a_rule_name_holds_too(database: Database, config: MerchantConfig):
    (hold_id, _) = place(database, "memo", "amount")

    assert holds_of_rule(database, "tb/1", "memo") == [hold_id]
    with pytest.raises(StopError, match=r"tb/1: rule 'vague' holds nothing of it.* now: amount, memo"):
        holds_of_rule(database, "tb/1", "vague")


def test_a_rule_whose_hold_was_ended_says_who_and_why(database: Database, config: MerchantConfig):
    place(database, "memo", "amount")
    say(database, holds_of_rule(database, "tb/1", "memo")[0])

    with pytest.raises(StopError, match=r"li ended it at .* \(released: 已核对\).* now: amount"):
        holds_of_rule(database, "tb/1", "memo")


def test_a_rule_of_an_order_that_does_not_exist_is_refused(database: Database, config: MerchantConfig):
    with pytest.raises(StopError, match=r"order tb/9: does not exist; the id is shop/number"):
        holds_of_rule(database, "tb/9", "memo")


@pytest.mark.parametrize("named", ["hold:0000000000000000", "abc", ""])
def test_a_hold_that_does_not_exist_is_refused(database: Database, config: MerchantConfig, named: str):
    place(database, "memo")

    with pytest.raises(StopError, match="does not exist"):
        say(database, named)


@pytest.mark.parametrize("reason", ["好\x00", "\ud83d"])
def test_what_no_database_keeps_is_refused_in_words(database: Database, config: MerchantConfig, reason: str):
    (hold_id,) = place(database, "memo")

    with pytest.raises(StopError, match="no database keeps"):
        decide(database, CLOCK, Decision(hold_id, Choice.RELEASE, reason, "li"))


@pytest.mark.parametrize("reason", ["好\x00", "\ud83d", "\x1b[2J", "长" * 1_001, " "])
@pytest.mark.parametrize("door", ["withhold", "restore", "correct", "undo", "resume"])
def test_every_door_of_a_decision_asks_for_the_same_reason(
    database: Database, config: MerchantConfig, door: str, reason: str
):
    doors: dict[str, Callable[[], object]] = {
        "withhold": lambda: withhold_order(database, CLOCK, "tb/1", Withheld.NO_SHIP, reason, "li"),
        "restore": lambda: restore_order(database, CLOCK, "tb/1", reason, "li"),
        "correct": lambda: correct(
            database, CLOCK, config, SecretStr("k"), Correction("tb/1", reason, "li", "1", quantity=3)
        ),
        "undo": lambda: undo_correction(database, CLOCK, 1, reason, "li"),
        "resume": lambda: resume_source(database, CLOCK, "tb", reason, "li"),
    }

    with pytest.raises(StopError, match=r"no database keeps|needs a (shorter )?reason"):
        doors[door]()
    assert rows(database, "select count(*) from ops.audit") == [(0,)]


def test_a_decision_without_a_reason_is_refused(database: Database, config: MerchantConfig):
    (hold_id,) = place(database, "memo")

    with pytest.raises(StopError, match="needs a reason"):
        decide(database, CLOCK, Decision(hold_id, Choice.RELEASE, " ", "li"))


def test_a_second_supervisor_is_told_who_was_first(database: Database, config: MerchantConfig):
    (hold_id,) = place(database, "memo")
    say(database, hold_id)

    with pytest.raises(StopError, match=r"li ended it at 2026-11-23 04:00:00 UTC \(released: 已核对\)"):
        say(database, hold_id, Choice.CANCEL, "wang")
    assert rows(database, "select count(*) from core.withholdings") == [(0,)]


def test_the_same_word_said_again_changes_nothing(database: Database, config: MerchantConfig):
    (hold_id,) = place(database, "memo")

    say(database, hold_id, Choice.NO_SHIP)
    say(database, hold_id, Choice.NO_SHIP)

    assert rows(database, "select count(*) from ops.audit") == [(1,)]


def test_a_decision_about_an_older_version_is_refused(database: Database, config: MerchantConfig):
    (hold_id,) = place(database, "memo")

    with pytest.raises(StopError, match=r"tb/1: changed since you looked \(v0 is not its version v1"):
        decide(database, CLOCK, Decision(hold_id, Choice.RELEASE, "已核对", "li", version_id="v0"))
    assert rows(database, "select state from core.holds") == [("active",)]


@pytest.fixture
def sessions(server, database_name: str) -> Iterator[list[Database]]:
    """Two supervisors, each with a connection of their own."""
    url = server.url(database_name, "orderhub_app", PASSWORDS.app)
    opened = [Database(url, "tests"), Database(url, "tests")]
    yield opened
    for each in opened:
        each.close()


def test_two_supervisors_at_the_same_instant_never_both_win(
    database: Database, config: MerchantConfig, sessions: list[Database]
):
    hold_ids = place(database, *(f"rule{number}" for number in range(20)))
    won: dict[str, list[str]] = {hold_id: [] for hold_id in hold_ids}
    lost: list[str] = []
    together = threading.Barrier(2)

    def supervise(session: Database, actor: str) -> None:
        for hold_id in hold_ids:
            together.wait(30)
            try:
                say(session, hold_id, Choice.RELEASE, actor)
                won[hold_id].append(actor)
            except StopError as error:
                lost.append(str(error))

    people = [
        threading.Thread(target=supervise, args=(session, actor))
        for session, actor in zip(sessions, ("li", "wang"), strict=True)
    ]
    for person in people:
        person.start()
    for person in people:
        person.join(60)

    assert [len(winners) for winners in won.values()] == [1] * 20
    assert len(lost) == 20
    assert rows(database, "select subject_id, actor from ops.audit order by 1") == sorted(
        (hold_id, winners[0]) for hold_id, winners in won.items()
    )


@pytest.mark.parametrize(
    "choice, blocked_by", [(Choice.CANCEL, "order_cancelled"), (Choice.NO_SHIP, "order_no_ship")]
)
def test_what_is_withheld_is_closed_and_all_its_holds_end(
    database: Database, config: MerchantConfig, choice: Choice, blocked_by: str
):
    (hold_id, _) = place(database, "amount", "memo")

    say(database, hold_id, choice)

    assert rows(database, BUCKETS) == [("1", "closed", blocked_by), ("2", "closed", blocked_by)]
    assert rows(database, HOLDS) == [
        ("amount", "closed", "li", f"{choice}: 已核对"), ("memo", "closed", "li", f"{choice}: 已核对")
    ]  # fmt: skip


def test_cancelling_for_a_held_line_leaves_the_others_alone(database: Database, config: MerchantConfig):
    (hold_id,) = place(database, "sku", line_id="1")

    say(database, hold_id, Choice.CANCEL)

    assert rows(database, BUCKETS) == [
        ("1", "closed", "line_cancelled"), ("2", "waiting", "order_unchecked")
    ]  # fmt: skip


def test_a_gift_does_not_leave_when_what_was_bought_is_cancelled(database: Database, config: MerchantConfig):
    with database.engine.begin() as connection:
        put(connection, Order("2", (Line(line_id="1"), Line("BAG", kind="gift", line_id="gift"))))

    withhold_order(database, CLOCK, "tb/2", Withheld.CANCELLED, "缺货", "li", "1")

    assert rows(database, f"select * from ({BUCKETS}) as b where line_id = 'gift'") == [
        ("gift", "waiting", "gift_without_goods")
    ]


def test_a_cancelled_order_gives_back_its_pieces_and_is_in_no_manifest(
    database: Database, config: MerchantConfig
):
    run_fulfillment(database, CLOCK, config)
    reserved = rows(database, "select sum(reserved) from core.stock")

    withhold_order(database, CLOCK, "tb/1", Withheld.CANCELLED, "买家电话取消", "li")

    assert hand_over(database, config) == [0]
    assert (reserved, rows(database, "select sum(reserved) from core.stock")) == ([(5,)], [(0,)])
    assert rows(database, "select state, cancel_reason from core.fulfillment_orders") == [
        ("cancelled", "order_cancelled")
    ]


def test_a_cancel_between_the_reservation_and_the_cut_off_is_respected(
    database: Database, config: MerchantConfig
):
    run_fulfillment(database, CLOCK, config)

    withhold_order(database, CLOCK, "tb/1", Withheld.CANCELLED, "买家电话取消", "li")
    request_extra(database, CLOCK, config, "hangzhou", "test")
    (manifest,) = close_due(database, CLOCK, config, {})

    assert (manifest.line_count, manifest.left_out) == (0, {"order_cancelled": 1})


@pytest.mark.parametrize("kind", list(Withheld))
def test_what_a_warehouse_has_is_not_withheld_and_the_message_says_what_to_do(
    database: Database, config: MerchantConfig, kind: Withheld
):
    hand_over(database, config)

    with pytest.raises(StopError, match=r"manifest hangzhou/.*ask the warehouse to stop the parcel"):
        withhold_order(database, CLOCK, "tb/1", kind, "太晚", "li")
    assert rows(database, "select count(*) from core.withholdings") == [(0,)]


def test_a_restored_order_is_checked_and_ships(database: Database, config: MerchantConfig):
    withhold_order(database, CLOCK, "tb/1", Withheld.NO_SHIP, "样品", "li")

    restored = restore_order(database, CLOCK, "tb/1", "不是样品", "wang")

    assert (restored, rows(database, BUCKETS)[0]) == (1, ("1", "waiting", "order_unchecked"))
    assert rows(database, "select actor, action from ops.audit order by audit_id") == [
        ("li", "no_ship"), ("wang", "restore")
    ]  # fmt: skip


@pytest.mark.parametrize(
    "order_id, line_id, said", [("tb/9", None, "does not exist"), ("tb/1", "9", "has no line 9")]
)
def test_an_unknown_order_or_line_is_refused(
    database: Database, config: MerchantConfig, order_id: str, line_id: str | None, said: str
):
    with pytest.raises(StopError, match=said):
        withhold_order(database, CLOCK, order_id, Withheld.CANCELLED, "无", "li", line_id)


def test_a_held_document_stays_out_of_the_manifest_until_it_is_released(
    database: Database, config: MerchantConfig
):
    run_fulfillment(database, CLOCK, config)
    with database.engine.begin() as connection:
        hold_id = hold(connection, "tb/1", document=1)
    while_held = hand_over(database, config)

    say(database, hold_id)
    request_extra(database, FixedClock(NOON + timedelta(seconds=5)), config, "hangzhou", "test")
    (manifest,) = close_due(database, FixedClock(NOON + timedelta(seconds=5)), config, {})

    assert (while_held, manifest.line_count) == ([0], 2)


def test_a_held_document_is_not_got_round_by_making_another(database: Database, config: MerchantConfig):
    run_fulfillment(database, CLOCK, config)
    with database.engine.begin() as connection:
        document_hold = hold(connection, "tb/1", document=1)
        order_hold = hold(connection, "tb/1", rule_id="memo")
    run_fulfillment(database, CLOCK, config)
    say(database, order_hold)

    run_fulfillment(database, CLOCK, config)
    while_held = rows(database, "select fulfillment_order_id, state from core.fulfillment_orders order by 1")
    say(database, document_hold)
    run_fulfillment(database, CLOCK, config)

    assert while_held == [("tb/1@1", "cancelled")]
    assert rows(database, "select fulfillment_order_id, state from core.fulfillment_orders order by 1") == [
        ("tb/1@1", "cancelled"), ("tb/1@2", "allocated")
    ]  # fmt: skip


@pytest.mark.parametrize("line_id, left", [(None, [0]), ("1", [1])])
def test_a_hold_between_the_reservation_and_the_cut_off_keeps_its_subject_out(
    database: Database, config: MerchantConfig, line_id: str | None, left: list[int]
):
    run_fulfillment(database, CLOCK, config)
    with database.engine.begin() as connection:
        hold(connection, "tb/1", line_id)

    assert hand_over(database, config) == left


def test_a_corrected_address_moves_an_order_to_the_warehouse_of_its_new_region(
    database: Database, config: MerchantConfig
):
    run_fulfillment(database, CLOCK, config)
    with database.engine.begin() as connection:
        connection.execute(
            text(
                "insert into core.corrections (order_id, field, value, value_shown, base_value, base_shown, is_applied, "
                "made_at, made_by, reason) values ('tb/1', 'address', '{}', '-', '{}', '-', true, :now, 'li', '-')"
            ),
            {"now": NOON + timedelta(minutes=1)},
        )
        connection.execute(text("update core.receivers set province = '西藏自治区', city = '拉萨市'"))

    run_fulfillment(database, FixedClock(NOON + timedelta(minutes=2)), config)

    assert rows(database, "select warehouse_id, state from core.fulfillment_orders order by 2") == [
        ("yiwu", "allocated"), ("hangzhou", "cancelled")
    ]  # fmt: skip


ALARMS = "select is_false_alarm, false_alarm_by, false_alarm_reason, false_alarm_at from core.anomalies"
SAID = "select actor, action from ops.audit order by audit_id"


def test_a_false_alarm_is_released_and_remembered_with_who_and_why(
    database: Database, config: MerchantConfig
):
    (hold_id,) = place(database, "memo")

    say(database, hold_id, Choice.FALSE_ALARM)
    say(database, hold_id, Choice.FALSE_ALARM)

    assert rows(database, HOLDS) == [("memo", "released", "li", "false_alarm: 已核对")]
    assert rows(database, ALARMS) == [(True, "li", "已核对", NOON)]
    assert rows(database, SAID) == [("li", "false_alarm")]


def test_a_hold_that_was_released_may_still_be_called_a_false_alarm(
    database: Database, config: MerchantConfig
):
    (hold_id,) = place(database, "memo")
    say(database, hold_id)

    say(database, hold_id, Choice.FALSE_ALARM, actor="wang")

    assert rows(database, HOLDS) == [("memo", "released", "li", "已核对")]
    assert rows(database, SAID) == [("li", "release"), ("wang", "false_alarm")]


def test_what_was_cancelled_is_no_false_alarm(database: Database, config: MerchantConfig):
    (hold_id,) = place(database, "memo")
    say(database, hold_id, Choice.CANCEL)

    with pytest.raises(StopError, match="nothing was changed"):
        say(database, hold_id, Choice.FALSE_ALARM, actor="wang")

    assert rows(database, ALARMS) == [(False, None, None, None)]
