"""Carriers by the codes of a platform: `carriers.csv` of its folder, and what the merchant says instead."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from orderhub import paths
from orderhub.config.carriers import Carrier
from orderhub.config.csv_table import read_table
from orderhub.errors import ConfigError

_COLUMNS = ("carrier", "code", "name")


@dataclass(frozen=True)
class CarrierCode:
    """A carrier as one platform calls it."""

    code: str
    name: str


def read_carriers(source: str, file: str) -> dict[str, CarrierCode]:
    """Return carrier → their code; a carrier is found by our code, its name and its aliases.

    Raises:
        ConfigError: a row lacks something, or two rows claim one word.
    """
    found: dict[str, CarrierCode] = {}
    for row in read_table(source, file, _COLUMNS, ("aliases", "comment")):
        if not all(row[column] for column in _COLUMNS):
            raise row.refuse("carrier", "needs carrier, code and name")
        aliases = row["aliases"].split("|") if row["aliases"] else []
        for word in {_key(each) for each in (row["carrier"], row["name"], *aliases)}:
            if word in found:
                raise row.refuse("carrier", f"or one of its names stands for another carrier: {word}")
            found[word] = CarrierCode(row["code"], row["name"])
    return found


def carriers_of(platform: str) -> dict[str, CarrierCode]:
    """Return the carriers of a platform; none where its folder has no carriers.csv.

    Raises:
        ConfigError: the file is wrong.
    """
    file = paths.platforms_directory() / platform / "carriers.csv"
    label = f"include/platforms/{platform}/carriers.csv"
    return read_carriers(file.read_text(encoding="utf-8"), label) if file.is_file() else {}


def carriers_for(platform: str, own: Sequence[Carrier]) -> dict[str, CarrierCode]:
    """Return the carriers of a platform, with what the merchant's carriers.yaml says instead.

    All words for one carrier of the merchant mean the same: where the platform knows one of them, the others
    stand for it too, but for those by which it knows another carrier.

    Raises:
        ConfigError: the platform's file is wrong.
    """
    theirs = carriers_of(platform)
    known = dict(theirs)
    for carrier in own:
        names = [_key(word) for word in (carrier.name, carrier.codes.get("wms", carrier.id), carrier.id)]
        asked_as = [_key(word) for word in carrier.asked_as]
        found = next((theirs[word] for word in (*names, *asked_as) if word in theirs), None)
        # A word by which memos ask for it may be the name of another carrier there.
        words = names + [word for word in asked_as if theirs.get(word, found) == found]
        if platform in carrier.codes:
            known |= dict.fromkeys(words, CarrierCode(carrier.codes[platform], carrier.name))
        elif found is not None:
            known = dict.fromkeys(words, found) | known
    return known


def code_of(carriers: Mapping[str, CarrierCode], carrier: str, platform: str) -> CarrierCode:
    """Return the code of a carrier as a warehouse names it.

    Raises:
        ConfigError: nobody said what it is there.
    """
    found = carriers.get(_key(carrier))
    if found is None:
        raise ConfigError(
            f"carrier {carrier!r} has no code on this platform; add a row to "
            f"include/platforms/{platform}/carriers.csv, or codes to carriers.yaml"
        )
    return found


def _key(word: str) -> str:
    return "".join(unicodedata.normalize("NFKC", word).split()).upper()
