"""Requests: signed, stamped, inside the documented limits; secrets stay where they are."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from orderhub.errors import OrderhubError
from orderhub.platforms.protocol import UNSIGNED
from orderhub.platforms.signing import SCHEMES, Unsigned
from tests.contract.case import Case
from tests.contract.connector import Connector
from tests.contract.fake_platform import refused
from tests.contract.lab import NOW, SECRET, TOKEN, Lab
from tests.contract.wire import Asked, carried


def signature_equals_the_known_answers(lab: Lab) -> None:
    api, known = lab.connector.api, lab.connector.contract.signatures
    assert known or api.signing == UNSIGNED, "contract.yaml: signatures has no known answer"

    for answer in known:
        named = {name: answer.parameters[name] for name in api.signed or answer.parameters}
        unsigned = Unsigned(
            named,
            answer.verb,
            answer.path,
            answer.query,
            answer.body.encode(),
            answer.timestamp,
            answer.nonce,
        )
        assert answer.signature == SCHEMES[api.signing](unsigned, answer.secret), answer.source


def every_request_carries_what_the_documents_ask_for(lab: Lab) -> None:
    lab.fill(3)
    lab.pull()

    lacking = {
        f"{asked.kind} {name}: {carried(asked.sent, name)!r}"
        for asked in lab.platform.asked
        for name, pattern in lab.connector.contract.carries.items()
        if asked.kind != "token" and not re.fullmatch(pattern, carried(asked.sent, name))
    }
    assert set() == lacking


def every_request_is_one_that_the_spec_describes(lab: Lab) -> None:
    lab.fill(3)
    lab.pull()

    assert [] == [sent.url for sent in lab.platform.unknown]


def no_two_requests_share_a_nonce(lab: Lab) -> None:
    name = str(lab.connector.api.nonce_parameter)
    lab.fill(3)
    lab.pull()

    nonces = [carried(asked.sent, name) for asked in lab.platform.asked]
    assert len(nonces) == len(set(nonces))


def has_a_nonce(connector: Connector, _stream: str) -> bool:
    return connector.api.nonce_parameter is not None


def hub_with_a_wrong_clock_reads_up_to_the_platforms_present(lab: Lab) -> None:
    lab.clock.move(-timedelta(hours=31))
    lab.fill(7)
    lab.fill(1, first=NOW - timedelta(minutes=3))
    lab.pull()

    assert set() == lab.missing()
    stamps = [_stamp(lab, asked) for asked in lab.platform.asked[1:] if asked.kind != "token"]
    assert all(abs(stamp - NOW) < timedelta(minutes=2) for stamp in stamps if stamp)


def one_answer_from_the_future_covers_nothing_ahead(lab: Lab) -> None:
    lab.pull()
    lab.pass_time(timedelta(minutes=10))
    lab.platform.dates_ahead = [timedelta(hours=1)]
    lab.pull()
    lab.fill(1, first=NOW + timedelta(minutes=25))
    lab.pass_time(timedelta(minutes=30))
    lab.pull()

    assert set() == lab.missing()


def _stamp(lab: Lab, asked: Asked) -> datetime | None:
    api = lab.connector.api
    text = carried(asked.sent, api.timestamp_parameter or "")
    if not text:
        return None
    if text.isdigit():
        return datetime.fromtimestamp(int(text) / (1000 if len(text) == 13 else 1), UTC)
    found = datetime.strptime(text, api.timestamp_format)
    return found if found.tzinfo else found.replace(tzinfo=ZoneInfo(api.zone))


def secrets_are_nowhere(lab: Lab) -> None:
    lab.fill(3)
    said = ""
    broken = lab.connector.refusals("transient")[0]
    lab.platform.faults.append(lambda asked: refused(broken) if asked.kind == "detail" else None)
    lab.pull()
    lab.platform.faults.append(lambda _: refused(lab.connector.refusals("credential")[0]))
    lab.pass_time(timedelta(minutes=20))
    try:
        lab.pull()
    except OrderhubError as error:
        said = str(error)

    kept = [
        said,
        *lab.rows("select concat(last_error) from ops.pull_windows where shop_id = :shop"),
        *lab.rows("select concat(reason) from ops.parked_records where shop_id = :shop"),
        *lab.rows(
            "select subject || payload::text from ops.outbox where payload::text like '%' || :shop || '%'"
        ),
    ]
    sent = [
        f"{asked.sent.url} {asked.sent.headers} {asked.sent.body!r}"
        for asked in lab.platform.asked
        if asked.kind != "token"
    ]
    assert said
    assert not any(SECRET in str(text) or TOKEN in str(text) for text in kept)
    assert not any(SECRET in text for text in sent)


def refused_account_stops_the_shop_and_nothing_is_covered(lab: Lab) -> None:
    lab.fill(3)
    lab.platform.faults.append(lambda _: refused(lab.connector.refusals("credential")[0]))
    kind = ""
    try:
        lab.pull()
    except OrderhubError as error:
        kind = type(error).__name__

    assert kind == "CredentialError"
    assert "covered" not in lab.windows()


def window_is_never_longer_than_documented(lab: Lab) -> None:
    longest = lab.connector.facts(lab.stream).longest_window_minutes
    lab.pull()
    lab.pass_time(timedelta(hours=40))
    lab.pull()

    lengths = [asked.values["end"] - asked.values["start"] for asked in _listed(lab)]
    assert lengths
    assert max(lengths) <= timedelta(minutes=longest or 0)


def has_a_longest_window(connector: Connector, stream: str) -> bool:
    return connector.facts(stream).longest_window_minutes is not None


def second_at_a_border_is_asked_for_even_if_the_end_does_not_count(lab: Lab) -> None:
    lab.pull()

    windows = {
        (asked.values["start"], asked.values["end"])
        for asked in _listed(lab)
        if asked.values["end"] - asked.values["start"] > timedelta(seconds=2)
    }
    borders = sorted(start for start, _ in windows)[1:]
    seconds = [border + timedelta(seconds=shift) for border in borders for shift in (-1, 0, 1)]
    asked_for = {second for second in seconds if any(start <= second < end for start, end in windows)}
    assert borders
    assert set() == set(seconds) - asked_for


def change_that_shows_late_is_not_missed(lab: Lab) -> None:
    lab.fill(3)
    lab.fill(1, first=NOW - timedelta(seconds=2))
    lab.pull()
    lab.pass_time(timedelta(minutes=15))
    lab.pull()

    assert set() == lab.missing()


def page_is_never_larger_than_documented(lab: Lab) -> None:
    asked_for = lab.asked_connector.stream(lab.stream).list.page_size
    assert asked_for <= lab.connector.facts(lab.stream).largest_page


def _listed(lab: Lab) -> list[Asked]:
    return [asked for asked in lab.platform.asked if asked.kind in ("list", "count")]


def shop_that_is_refused_leaves_the_other_alone(lab: Lab) -> None:
    other = lab.sibling()
    lab.fill(7)
    other.fill(7)
    other.platform.faults.append(lambda _: refused(lab.connector.refusals("credential")[0]))
    kind = ""
    try:
        other.pull()
    except OrderhubError as error:
        kind = type(error).__name__
    lab.pull()

    assert kind == "CredentialError"
    assert (set(), 0) == (lab.missing(), other.staged())
    other.platform.faults.clear()
    other.pull()
    assert set() == other.missing()


CASES = {
    case.check.__name__: case
    for case in (
        Case(signature_equals_the_known_answers),
        Case(every_request_carries_what_the_documents_ask_for, whole=True),
        Case(every_request_is_one_that_the_spec_describes, whole=True),
        Case(no_two_requests_share_a_nonce, has_a_nonce),
        Case(hub_with_a_wrong_clock_reads_up_to_the_platforms_present),
        Case(one_answer_from_the_future_covers_nothing_ahead),
        Case(secrets_are_nowhere),
        Case(refused_account_stops_the_shop_and_nothing_is_covered),
        Case(shop_that_is_refused_leaves_the_other_alone),
        Case(window_is_never_longer_than_documented, has_a_longest_window, per_stream=True),
        Case(second_at_a_border_is_asked_for_even_if_the_end_does_not_count, per_stream=True),
        Case(change_that_shows_late_is_not_missed, per_stream=True),
        Case(page_is_never_larger_than_documented, per_stream=True),
    )
}
