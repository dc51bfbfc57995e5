"""Trouble: refusals mean what is documented, bans are kept, and a bad answer is asked for again."""

import re
from datetime import timedelta
from typing import Any

from orderhub.errors import ConfigError, CredentialError, OrderhubError, ThrottledError, TransientError
from orderhub.platforms.client import SHORT_WAIT_SECONDS
from tests.contract.case import Case, asks_for_details
from tests.contract.connector import Connector, PublishedBudget, Refusal
from tests.contract.fake_platform import Reply, refused, written
from tests.contract.lab import NOW, PAGE, Lab
from tests.contract.wire import Asked

MEANINGS = {
    "throttle": ThrottledError, "transient": TransientError, "token": CredentialError,
    "credential": CredentialError, "request": ConfigError,
}  # fmt: skip
MOST_CALLS = 100
PADDING = "x" * (33 << 20)


def every_recorded_refusal_means_what_is_documented(lab: Lab) -> None:
    api = lab.connector.api
    recorded = lab.connector.contract.refusals
    assert {entry.means for entry in api.envelope.errors} <= {refusal.means for refusal in recorded}
    understood = {index: _understood(lab.sibling(), refusal) for index, refusal in enumerate(recorded)}

    for index, refusal in enumerate(recorded):
        error = understood[index]
        assert isinstance(error, MEANINGS[refusal.means]), f"{refusal.body}: {error!r}"
        if refusal.wait_seconds is not None:
            assert refusal.wait_seconds == getattr(error, "wait_seconds", None), refusal.body


def _understood(lab: Lab, refusal: Refusal) -> OrderhubError | None:
    lab.platform.faults[:] = [lambda _: refused(refusal)]
    call = lab.connector.stream("orders").list
    values = {"start": NOW - timedelta(minutes=5), "end": NOW, "page": 1, "size": PAGE, "cursor": ""}
    client = lab.client()
    try:
        client.call(call, values, call.page_parameters)
    except OrderhubError as error:
        return error
    finally:
        client.close()
    return None


def short_ban_is_waited_out_in_place(lab: Lab) -> None:
    lab.fill(PAGE + 1)
    ban = next(
        refusal for refusal in _bans(lab.connector) if (refusal.wait_seconds or 0) <= SHORT_WAIT_SECONDS
    )
    banned_at: list[Any] = []
    early: list[Asked] = []

    def throttle(asked: Asked) -> Reply | None:
        now = lab.platform_clock.now()
        if banned_at and now < banned_at[0] + timedelta(seconds=ban.wait_seconds or 0):
            early.append(asked)
        if banned_at or asked.kind != "list" or not lab.platform.holds(asked):
            return None
        banned_at.append(now)
        return refused(ban)

    lab.platform.faults.append(throttle)
    counts = lab.pull()

    assert banned_at
    assert [] == early
    assert (None, 0, set()) == (counts.waits_until, counts.windows_left, lab.missing())


def names_a_short_ban(connector: Connector, _stream: str) -> bool:
    return any((refusal.wait_seconds or 0) <= SHORT_WAIT_SECONDS for refusal in _bans(connector))


def long_ban_is_remembered_and_nothing_is_asked_meanwhile(lab: Lab) -> None:
    ban = next(
        refusal for refusal in _bans(lab.connector) if (refusal.wait_seconds or 0) > SHORT_WAIT_SECONDS
    )
    length = timedelta(seconds=ban.wait_seconds or 0)
    lab.pull()
    lab.fill(PAGE + 1, first=NOW)
    lab.pass_time(timedelta(minutes=15))
    until = lab.platform_clock.now() + length
    lab.platform.faults.append(lambda _: refused(ban) if lab.platform_clock.now() < until else None)
    lab.platform.asked.clear()
    first = lab.pull()
    asked = len(lab.platform.asked)
    second = lab.pull()

    assert (first.waits_until, 1) == (second.waits_until, asked)
    assert first.waits_until is not None
    assert asked == len(lab.platform.asked)
    lab.pass_time(length + timedelta(minutes=1))
    counts = lab.pull()
    assert (set(), 0) == (lab.missing(), counts.windows_left)


def names_a_long_ban(connector: Connector, _stream: str) -> bool:
    return any((refusal.wait_seconds or 0) > SHORT_WAIT_SECONDS for refusal in _bans(connector))


def _bans(connector: Connector) -> list[Refusal]:
    return [refusal for refusal in connector.refusals("throttle") if refusal.wait_seconds is not None]


def burst_of_server_errors_is_survived(lab: Lab) -> None:
    _assert_asked_again(lab, Reply(b"<html>Bad Gateway</html>", 502), times=2)


def refusal_of_the_back_end_is_survived(lab: Lab) -> None:
    _assert_asked_again(lab, refused(lab.connector.refusals("transient")[0]), times=2)


def answer_that_breaks_off_is_asked_for_again(lab: Lab) -> None:
    _assert_asked_again(lab, Reply(b"", cut=True))


def answer_cut_in_the_middle_is_asked_for_again(lab: Lab) -> None:
    _assert_asked_again(lab, Reply(b'{"rows": [{"id": "1'))


def login_page_is_no_answer(lab: Lab) -> None:
    _assert_asked_again(lab, Reply("<html><body>请登录</body></html>".encode()))


def answer_in_another_encoding_is_no_answer(lab: Lab) -> None:
    _assert_asked_again(lab, Reply('{"说明": "编码"}'.encode("gbk")))


def huge_answer_is_no_answer(lab: Lab) -> None:
    _assert_asked_again(lab, written({"padding": PADDING}))


def _assert_asked_again(lab: Lab, bad: Reply, times: int = 1) -> None:
    """Answer the first `times` reads of a page with `bad`; each time the same must be asked again."""
    lab.fill(PAGE + 1)
    spoiled: list[Asked] = []
    following: list[Asked] = []

    def spoil(asked: Asked) -> Reply | None:
        if spoiled and len(following) < len(spoiled):
            following.append(asked)
        if len(spoiled) == times or asked.kind != "list" or not lab.platform.holds(asked):
            return None
        spoiled.append(asked)
        return bad

    lab.platform.faults.append(spoil)
    counts = lab.pull()

    assert len(spoiled) == times
    assert [asked.values for asked in spoiled] == [asked.values for asked in following]
    assert (set(), 0) == (lab.missing(), counts.windows_left)


def window_of_a_platform_that_is_down_stays_open(lab: Lab) -> None:
    lab.fill(3)
    lab.platform.faults.append(lambda _: Reply(b"", 503))
    message = ""
    try:
        lab.pull()
    except OrderhubError as error:
        message = str(error)

    assert re.search("503", message)
    assert "covered" not in lab.windows()
    lab.platform.faults.clear()
    lab.pull()
    assert set() == lab.missing()


def failing_detail_is_parked_and_the_others_are_staged(lab: Lab) -> None:
    ids = lab.fill(PAGE + 1)
    poison = min(ids)
    broken = refused(lab.connector.refusals("transient")[0])
    lab.platform.faults.append(lambda asked: broken if asked.values.get("id") == poison else None)
    counts = lab.pull()

    assert (1, 0, {poison}) == (counts.parked, counts.windows_left, lab.missing())
    lab.platform.faults.clear()
    lab.pull()
    assert set() == lab.missing()


def refused_detail_is_parked_and_the_others_are_staged(lab: Lab) -> None:
    ids = lab.fill(PAGE + 1)
    poison = min(ids)
    refusal = refused(lab.connector.refusals("request")[0])
    lab.platform.faults.append(lambda asked: refusal if asked.values.get("id") == poison else None)
    counts = lab.pull()

    assert (1, 0, {poison}) == (counts.parked, counts.windows_left, lab.missing())


def detail_of_another_record_is_parked(lab: Lab) -> None:
    first, second = sorted(lab.fill(2))
    shelf = lab.platform.shelves[lab.stream]
    lab.platform.rewrites.append(
        lambda asked, content: shelf[second].record if asked.values.get("id") == first else content
    )
    counts = lab.pull()

    assert (1, {first}) == (counts.parked, lab.missing())
    assert first not in lab.payloads()


def token_that_ends_between_pages_is_renewed_once(lab: Lab) -> None:
    lab.fill(3 * PAGE, step=timedelta(seconds=1))
    pages: list[Asked] = []
    renewals: list[int] = []

    def end(asked: Asked) -> None:
        if asked.kind == "list" and lab.platform.holds(asked):
            pages.append(asked)
        if len(pages) == 2 and not renewals:
            renewals.append(lab.platform.renewals)
            lab.platform.tokens.clear()

    lab.platform.after.append(end)
    counts = lab.pull()

    assert renewals
    assert renewals[0] + 1 == lab.platform.renewals
    assert (set(), 0) == (lab.missing(), counts.windows_left)


def shop_that_was_revoked_stops_and_heals_after_authorization(lab: Lab) -> None:
    lab.fill(3)
    lab.platform.tokens.clear()
    lab.platform.is_revoked = True
    kind: type[Exception] | None = None
    try:
        lab.pull()
    except OrderhubError as error:
        kind = type(error)

    assert kind is not None
    assert issubclass(kind, CredentialError)
    assert "covered" not in lab.windows()
    lab.platform.is_revoked = False
    lab.pass_time(timedelta(minutes=15))
    lab.pull()
    assert set() == lab.missing()


def renews_tokens(connector: Connector, _stream: str) -> bool:
    return connector.api.auth is not None


def published_budgets_are_kept(lab: Lab) -> None:
    client, call = lab.client(), lab.connector.stream("orders").list
    values = {"start": NOW - timedelta(minutes=5), "end": NOW, "page": 1, "size": PAGE, "cursor": ""}
    for budget in _small_budgets(lab.connector):
        lab.platform.instants.clear()
        for _ in range(2 * budget.calls + 5):
            client.call(call, values, call.page_parameters)
        instants = [at for _, at in lab.platform.instants]
        most = max(sum(start <= at < start + budget.seconds for at in instants) for start in instants)
        assert most <= budget.calls, f"{budget}"
    client.close()


def _small_budgets(connector: Connector) -> list[PublishedBudget]:
    """Return those that a test can use up, and that a list of orders counts against."""
    method = connector.stream("orders").list.method
    return [
        budget
        for budget in connector.contract.budgets
        if budget.calls <= MOST_CALLS and budget.method in (None, method)
    ]


def has_small_budgets(connector: Connector, _stream: str) -> bool:
    return bool(_small_budgets(connector))


CASES = {
    case.check.__name__: case
    for case in (
        Case(every_recorded_refusal_means_what_is_documented),
        Case(short_ban_is_waited_out_in_place, names_a_short_ban),
        Case(long_ban_is_remembered_and_nothing_is_asked_meanwhile, names_a_long_ban),
        Case(burst_of_server_errors_is_survived),
        Case(refusal_of_the_back_end_is_survived),
        Case(answer_that_breaks_off_is_asked_for_again),
        Case(answer_cut_in_the_middle_is_asked_for_again),
        Case(login_page_is_no_answer),
        Case(answer_in_another_encoding_is_no_answer),
        Case(huge_answer_is_no_answer),
        Case(window_of_a_platform_that_is_down_stays_open),
        Case(token_that_ends_between_pages_is_renewed_once, renews_tokens),
        Case(shop_that_was_revoked_stops_and_heals_after_authorization, renews_tokens),
        Case(published_budgets_are_kept, has_small_budgets),
        Case(failing_detail_is_parked_and_the_others_are_staged, asks_for_details, per_stream=True),
        Case(refused_detail_is_parked_and_the_others_are_staged, asks_for_details, per_stream=True),
        Case(detail_of_another_record_is_parked, asks_for_details, per_stream=True),
    )
}
