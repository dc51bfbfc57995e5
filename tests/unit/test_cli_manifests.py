"""What `./hub manifest close` says at its end."""

import pytest

from orderhub.cli.manifests import say_cutoff

CUTOFF = "hangzhou/20261130T020000Z/extra"


@pytest.mark.parametrize(
    ("closed", "is_waiting"),
    [
        ([CUTOFF], False),
        ([f"{CUTOFF}/shadow", "yiwu/20261130T020000Z"], False),
        (["yiwu/20261130T020000Z"], True),
        ([], True),
    ],
)
def test_a_cut_off_that_waits_is_not_said_to_be_closed(
    capsys: pytest.CaptureFixture[str], *, closed: list[str], is_waiting: bool
):
    say_cutoff(CUTOFF, closed)

    said = capsys.readouterr().out
    assert CUTOFF in said
    assert ("not closed yet" in said) is is_waiting
