"""What of a return is new, and what does not fit what was announced."""

import pytest

from orderhub.domain.returns import ExplainedReturn, Graded, explain_return

PLANNED = {"MUG": 2}


def explained(known: Graded, reported: Graded, *, is_total: bool) -> tuple[dict[object, int], list[str]]:
    answer: ExplainedReturn = explain_return(PLANNED, known, reported, is_total=is_total)
    return dict(answer.taken), [doubt.reason for doubt in answer.doubts]


@pytest.mark.parametrize(
    "known, reported, is_total, taken, doubts",
    [
        ({}, {("MUG", "sellable"): 2}, True, {("MUG", "sellable"): 2}, []),
        ({("MUG", "sellable"): 1}, {("MUG", "sellable"): 2}, True, {("MUG", "sellable"): 1}, []),
        ({("MUG", "sellable"): 2}, {("MUG", "sellable"): 2}, True, {}, []),
        ({("MUG", "sellable"): 1}, {("MUG", "sellable"): 1}, False, {("MUG", "sellable"): 1}, []),
        ({}, {("MUG", "defect"): 1, ("MUG", "sellable"): 1}, True, {("MUG", "sellable"): 1, ("MUG", "defect"): 1}, []),
        ({}, {("MUG", "sellable"): 3}, True, {("MUG", "sellable"): 2}, ["excess_return"]),
        ({("MUG", "defect"): 2}, {("MUG", "sellable"): 1}, False, {}, ["excess_return"]),
        ({}, {("CUP", "sellable"): 1}, True, {}, ["unknown_item"]),
        ({("MUG", "sellable"): 2}, {("MUG", "sellable"): 1, ("MUG", "defect"): 1}, True, {}, ["regraded_return", "excess_return"]),
    ],
)  # fmt: skip
def test_only_new_pieces_that_were_announced_are_taken(
    known: Graded, reported: Graded, *, is_total: bool, taken: dict[object, int], doubts: list[str]
):
    assert (taken, doubts) == explained(known, reported, is_total=is_total)
