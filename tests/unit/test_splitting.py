from hypothesis import given
from hypothesis import strategies as st

from orderhub.domain.inventory import Availability
from orderhub.domain.splitting import Unit, split_in_two

WAREHOUSES = ("hangzhou", "yiwu", "tianjin")
SKUS = ("MUG", "CUP", "PEN")


def unit(line: str, sku: str, pieces: int = 1, paid_fen: int = 5000) -> Unit:
    return Unit((line,), {sku: pieces}, paid_fen)


def parts(stock: dict[tuple[str, str], int], units: list[Unit], least_fen: int = 0):
    found = split_in_two(WAREHOUSES, units, Availability(stock, {}), least_fen)
    return found and [(part.candidate.warehouse_id, part.line_ids, part.paid_fen) for part in found]


def test_the_first_warehouse_ships_what_it_has_and_the_next_that_has_all_the_rest_ships_that():
    stock = {("hangzhou", "MUG"): 1, ("tianjin", "CUP"): 1}

    found = parts(stock, [unit("1", "MUG"), unit("2", "CUP", paid_fen=700)])

    assert found == [("hangzhou", ("1",), 5000), ("tianjin", ("2",), 700)]


def test_a_part_that_was_paid_with_too_little_is_not_sent_alone():
    stock = {("hangzhou", "MUG"): 1, ("tianjin", "CUP"): 1}

    assert parts(stock, [unit("1", "MUG"), unit("2", "CUP", paid_fen=4999)], least_fen=5000) is None


def test_a_unit_never_parts():
    stock = {("hangzhou", "MUG"): 1, ("yiwu", "CUP"): 1}
    bundle = Unit(("1~p1", "1~p2"), {"MUG": 1, "CUP": 1}, 5000)

    assert parts(stock, [bundle]) is None


def test_three_parts_are_not_made():
    stock = {("hangzhou", "MUG"): 1, ("yiwu", "CUP"): 1, ("tianjin", "PEN"): 1}

    assert parts(stock, [unit("1", "MUG"), unit("2", "CUP"), unit("3", "PEN")]) is None


def test_two_lines_of_one_sku_share_what_a_warehouse_has():
    stock = {("hangzhou", "MUG"): 1, ("yiwu", "MUG"): 1}

    found = parts(stock, [unit("1", "MUG"), unit("2", "MUG")])

    assert found == [("hangzhou", ("1",), 5000), ("yiwu", ("2",), 5000)]


@given(
    st.dictionaries(st.tuples(st.sampled_from(WAREHOUSES), st.sampled_from(SKUS)), st.integers(0, 6)),
    st.lists(st.tuples(st.sampled_from(SKUS), st.integers(1, 4), st.integers(0, 9000)), max_size=6),
    st.integers(0, 6000),
)
def test_every_line_ships_once_from_stock_that_is_there(stock, lines, least_fen):
    availability = Availability(stock, {})
    units = [unit(str(number), *line) for number, line in enumerate(lines)]

    found = split_in_two(WAREHOUSES, units, availability, least_fen) or ()

    shipped = [line for part in found for line in part.line_ids]
    assert sorted(shipped) == ([str(number) for number in range(len(lines))] if found else [])
    assert all(part.paid_fen >= least_fen for part in found)
    assert all(availability.of(warehouse, sku) >= 0 for warehouse in WAREHOUSES for sku in SKUS)
