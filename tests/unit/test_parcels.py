"""Parcels laid over a document's lines: every piece once, what does not fit is a doubt."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderhub.domain.parcels import DocumentLine, Parcel, explain_parcels, is_number, plain_number

AT = datetime(2026, 11, 23, tzinfo=UTC)
LINES = [DocumentLine("1", "MUG", 2, 0), DocumentLine("2", "MUG", 1, 0), DocumentLine("3", "CUP", 1, 0)]


def parcel(number: str, **pieces: int) -> Parcel:
    return Parcel(number, "ZTO", AT, pieces or None)


def test_pieces_go_to_the_lines_of_their_sku_in_order():
    explained = explain_parcels(LINES, [], [parcel("A1", MUG=3), parcel("B1", CUP=1)], is_final=True)

    assert [(p.tracking_number, lines) for p, lines in explained.taken] == [
        ("A1", (("1", 2), ("2", 1))),
        ("B1", (("3", 1),)),
    ]
    assert explained.doubts == ()


def test_a_parcel_without_a_list_holds_all_that_is_left():
    lines = [DocumentLine("1", "MUG", 2, 1), DocumentLine("2", "CUP", 1, 1)]

    assert explain_parcels(lines, [], [parcel("A1")], is_final=True).taken[0][1] == (("1", 1),)


@pytest.mark.parametrize(
    ("reported", "reason"),
    [
        (parcel("A1", MUG=4), "excess_pieces"),
        (parcel("A1", HAT=1), "unknown_item"),
        (parcel("", MUG=1), "no_tracking_number"),
        (parcel("SF1/SF2", MUG=1), "odd_tracking_number"),
        (parcel("无", MUG=1), "odd_tracking_number"),
        (parcel("7.85E+13", MUG=1), "odd_tracking_number"),
        (parcel("NONE", MUG=1), "odd_tracking_number"),
        (parcel("OTHERS1", MUG=1), "number_of_another"),
    ],
)
def test_what_does_not_fit_is_a_doubt(reported: Parcel, reason: str):
    explained = explain_parcels(LINES, [], [reported], is_final=False, of_others={"OTHERS1": "tb/9@1"})

    assert [doubt.reason for doubt in explained.doubts] == [reason]


@pytest.mark.parametrize("number", ["", "SF1/SF2", "OTHERS1"])
def test_nothing_is_called_missing_that_may_be_in_a_parcel_whose_number_nobody_can_take(number: str):
    """A rest that a person lets ship would leave twice."""
    reported = [parcel("A1", MUG=3), parcel(number, CUP=1)]

    explained = explain_parcels(LINES, [], reported, is_final=True, of_others={"OTHERS1": "tb/9@1"})

    assert "short_shipped" not in [doubt.reason for doubt in explained.doubts]


@pytest.mark.parametrize(
    "said", ["sf123", " SF123 ", "SF 123", "ＳＦ１２３", "SF\u200b123\ufeff", "SF123\x00", "SF123\n"]
)
def test_a_number_is_one_however_it_is_written(said: str):
    assert (plain_number(said), is_number(plain_number(said))) == ("SF123", True)


def test_a_second_parcel_without_a_list_is_kept_though_nothing_is_left_for_it():
    parcels = [parcel("A1"), parcel("B1")]

    first = explain_parcels(LINES[2:], [], parcels, is_final=True)
    again = explain_parcels([DocumentLine("3", "CUP", 1, 1)], ["A1", "B1"], parcels, is_final=True)

    assert [(p.tracking_number, lines) for p, lines in first.taken] == [("A1", (("3", 1),)), ("B1", ())]
    assert (first.doubts, again.taken) == ((), ())


def test_a_parcel_without_a_list_holds_what_those_with_one_do_not():
    explained = explain_parcels(LINES, [], [parcel("A1"), parcel("B1", MUG=3)], is_final=True)

    assert [(p.tracking_number, lines) for p, lines in explained.taken] == [
        ("B1", (("1", 2), ("2", 1))),
        ("A1", (("3", 1),)),
    ]


def test_a_parcel_whose_pieces_nobody_can_read_is_a_doubt_and_nothing_of_it_is_taken():
    odd = replace(parcel("A1"), unreadable="MUG: 2.5")

    explained = explain_parcels(LINES, [], [odd], is_final=True)

    assert explained.taken == ()
    assert [(d.reason, d.detail, d.figures) for d in explained.doubts] == [
        ("unreadable_quantity", "A1", {"reported": "MUG: 2.5"})
    ]


def test_fewer_pieces_than_ordered_in_the_end_are_a_doubt():
    [doubt] = explain_parcels(LINES, [], [parcel("A1", MUG=3)], is_final=True).doubts

    assert (doubt.reason, doubt.figures) == ("short_shipped", {"CUP": 1})


def test_a_document_that_ends_without_a_parcel_is_short_of_everything():
    [doubt] = explain_parcels(LINES[1:], [], [], is_final=True).doubts

    assert (doubt.reason, doubt.figures) == ("short_shipped", {"MUG": 1, "CUP": 1})


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["A1", "B1", "C1"]), st.sampled_from(["MUG", "CUP", "HAT"]), st.integers(1, 5)
        ),
        max_size=8,
    )
)
def test_no_line_is_ever_given_more_than_it_wants_whatever_is_reported(reported: list[tuple[str, str, int]]):
    parcels = [Parcel(number, "ZTO", AT, {sku: pieces}) for number, sku, pieces in reported]

    taken = explain_parcels(LINES, [], parcels + parcels, is_final=False).taken

    given_to = {line.line_id: 0 for line in LINES}
    for line_id, pieces in (line for _, lines in taken for line in lines):
        given_to[line_id] += pieces
    assert all(given_to[line.line_id] <= line.quantity for line in LINES)
    assert len({one.tracking_number for one, _ in taken}) == len(taken)
