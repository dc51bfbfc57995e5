from orderhub.operate.labelled import Expected, score

EXPECTED = Expected(must={"vague": ("vague_address",)}, may={"short": ("vague_address",)})
ORDERS = {"a": ("vague",), "b": ("short",), "c": ("fair_address",), "d": (), "e": ("vague",)}


def test_a_missed_label_costs_recall_and_a_clean_order_found_costs_precision():
    result = score(
        ORDERS, {"vague_address": {"a", "b", "c"}}, held={"a": ("vague_address",)}, expected=EXPECTED
    ).rules[0]

    assert (0.5, 2 / 3, ("c",), ("e",)) == (
        result.recall, result.precision, result.wrong_orders, result.missed_orders,
    )  # fmt: skip


def test_what_may_be_found_is_neither_wrong_nor_missed():
    result = score({"b": ("short",)}, {"vague_address": {"b"}}, held={}, expected=EXPECTED).rules[0]

    assert (1.0, 1.0) == (result.recall, result.precision)


def test_a_held_order_without_a_doubt_is_clean_and_held():
    result = score(ORDERS, {}, held={"a": ("vague_address",), "d": ("large_order",)}, expected=EXPECTED)

    assert ({"d": ("large_order",)}, 2 / 5, 1 / 3) == (
        result.clean_held,
        result.held_share,
        result.clean_held_share,
    )
