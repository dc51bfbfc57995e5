"""A platform whose receivers only it can compare is asked, before a list closes, which orders go together."""

from collections import defaultdict

import pytest

from orderhub.db.engine import Database
from orderhub.errors import ContractError
from orderhub.platforms.merging import MergeQuestion, groups_in
from orderhub.platforms.spec import load_platform
from tests.builders import rows
from tests.integration.test_last_look import allocated_shop, hand_over
from tests.platforms.shop_in_a_box import ShopInABox

PARCELS = """
    select coalesce(parcel_id, fulfillment_order_id), split_part(order_id, '/', 2) from core.manifest_lines
    group by 1, 2 order by 1, 2"""
MERGE = "taobao.top.oaid.merge"


def in_pairs(box: ShopInABox) -> None:
    """All orders are of one buyer; every second one goes to the receiver of the one before."""
    orders = [order for order in box.orders() if order.is_shippable and not order.after_sales]
    for place, order in enumerate(orders):
        order.buyer, order.receiver = orders[0].buyer, orders[place - place % 2].receiver


def parcels(database: Database) -> set[frozenset[str]]:
    found = defaultdict(set)
    for parcel, order in rows(database, PARCELS):
        found[parcel].add(order)
    return {frozenset(orders) for orders in found.values()}


def true_parcels(box: ShopInABox) -> set[frozenset[str]]:
    """What the sandbox knows: the listed orders of one buyer to one receiver."""
    found = defaultdict(set)
    for _, order_id in rows(box.database, PARCELS):
        order = box.world.orders[str(order_id)]
        receiver = order.receiver
        to = (order.buyer.open_uid, receiver.name, receiver.mobile, receiver.city, receiver.address)
        found[to].add(order.order_id)
    return {frozenset(orders) for orders in found.values()}


def test_what_leaves_together_is_what_the_platform_says(database: Database):
    box = allocated_shop(database, "taobao", before=in_pairs)

    hand_over(box)

    assert box.gateway.calls[MERGE] == 1
    assert parcels(database) == true_parcels(box)
    assert max(len(parcel) for parcel in parcels(database)) > 1


def test_without_an_answer_every_order_leaves_alone(database: Database):
    box = allocated_shop(database, "taobao", before=in_pairs)
    box.gateway.faults.replace([{"kind": "status", "status": 502, "times": 100, "method": MERGE}])

    (closed,) = hand_over(box)

    assert len(parcels(database)) == closed.order_count


@pytest.fixture
def question() -> MergeQuestion:
    found = load_platform("taobao").spec.merge
    assert found is not None
    return found


def test_an_order_goes_by_the_smallest_of_its_group_and_one_that_no_group_names_alone(
    question: MergeQuestion,
):
    answer = {"tid_list": {"string": ["3,1", "4"]}}

    assert {"1": "1", "3": "1", "2": "2", "4": "4"} == groups_in(question, answer, ["1", "2", "3", "4"])


@pytest.mark.parametrize("answer", [{}, {"tid_list": {"string": []}}, {"tid_list": "3,1"}, []])
def test_an_answer_without_groups_says_nothing(question: MergeQuestion, answer: object):
    assert {} == groups_in(question, answer, ["1", "2"])


@pytest.mark.parametrize("groups", [["1,9"], ["1,2", "2,3"], [None], [""]])
def test_an_answer_about_other_orders_or_with_one_twice_is_not_believed(
    question: MergeQuestion, groups: list[object]
):
    with pytest.raises(ContractError):
        groups_in(question, {"tid_list": {"string": groups}}, ["1", "2", "3"])
