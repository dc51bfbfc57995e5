"""What can be promised is divided among shops; together they never offer more."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderhub.config.shares import check_pushing, read_shares, shares_of
from orderhub.domain.shares import Share, bundles_in, share_out
from orderhub.errors import ConfigError

HEADER = "shop_id,sku_id,percent,floor\n"
SHOPS = ["live", "tb"]


@pytest.mark.parametrize(
    "pieces, offered",
    [
        (100, {"live": 20 + 24, "tb": 56}),
        (25, {"live": 20 + 1, "tb": 3}),
        (12, {"live": 12, "tb": 0}),
        (0, {"live": 0, "tb": 0}),
        (-3, {"live": 0, "tb": 0}),
    ],
)
def test_a_live_stream_has_its_floor_before_the_rest_is_shared(pieces: int, offered: dict[str, int]):
    assert offered == share_out(pieces, [Share("live", 30, floor=20), Share("tb", 70)])


@given(
    st.integers(0, 10_000),
    st.lists(st.tuples(st.integers(0, 100), st.integers(0, 500)), max_size=6).filter(
        lambda shares: sum(percent for percent, _ in shares) <= 100
    ),
)
def test_shops_together_never_offer_more_than_can_be_promised(pieces: int, shares: list[tuple[int, int]]):
    offered = share_out(pieces, [Share(f"s{n}", percent, floor) for n, (percent, floor) in enumerate(shares)])

    assert pieces >= sum(offered.values())


def test_a_bundle_is_as_many_as_its_scarcest_part():
    assert 3 == bundles_in({"MUG": 7, "CUP": 40}, [("MUG", 2), ("CUP", 1)])


def test_a_bundle_with_a_part_that_is_not_there_is_none():
    assert 0 == bundles_in({"MUG": 7}, [("MUG", 2), ("CUP", 1)])


def test_the_row_of_a_sku_wins_over_that_of_all():
    shares = read_shares(HEADER + "tb,*,50,\nlive,*,50,\ntb,MUG,10,5\n", SHOPS)

    assert [(share.shop_id, share.percent) for share in shares_of(shares, "MUG")] == [
        ("tb", 10),
        ("live", 50),
    ]


@pytest.mark.parametrize(
    "text, said",
    [
        ("tv,*,50,\n", "shares.csv:2: shop_id: 'tv' is not a shop"),
        ("tb,*,101,\n", "shares.csv:2: percent: '101' is not a whole number from 0 to 100"),
        ("tb,*,50,x\n", "shares.csv:2: floor: 'x' is not a whole number"),
        ("tb,*,50,\nlive,*,60,\n", "shares.csv:3: percent: '60' makes 110 % of * in all"),
        ("tb,*,50,\nlive,MUG,60,\n", "shares.csv:3: percent: '60' makes 110 % of MUG in all"),
        ("tb,*,50,\ntb,*,40,\n", "shares.csv:3: sku_id: '*' is given twice for tb"),
        ("tb,,50,\n", "shares.csv:2: sku_id: '' must be given"),
    ],
)
def test_a_wrong_row_names_line_value_and_rule(text: str, said: str):
    with pytest.raises(ConfigError) as refused:
        read_shares(HEADER + text, SHOPS)

    assert str(refused.value).startswith(said)


def test_a_shop_that_is_to_be_told_needs_a_share():
    with pytest.raises(ConfigError, match="shop tb: push_stock needs its share"):
        check_pushing(["tb"], ())
