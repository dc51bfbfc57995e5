"""Scores the reading of addresses against a labelled file: is the district right, and is anything made up?

Not for production data: a labelled file is made for the purpose, and its plain addresses stay where it is.
"""

import csv
import gzip
import io
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from orderhub.domain.address import ParsedAddress, parse_address
from orderhub.domain.address_text import plain
from orderhub.domain.divisions import Gazetteer, Level
from orderhub.errors import ConfigError

COLUMNS = ("text", "province", "city", "district")
_ENCODINGS = ("utf-8-sig", "gb18030")
_CHUNK = 5_000
_NO_COLUMNS = ("", "", "")
_ZONES = (
    (re.compile("国家级?|国家"), ""),
    (re.compile("高新(?:技术)?(?:产业)?(?:技术)?(?:开发)?区"), "高新区"),
    (re.compile("经济(?:技术)?开发区"), "经开区"),
)


@dataclass(frozen=True)
class LabelledAddress:
    """One line of the file: the text and what it should say; empty text where it names nothing."""

    text: str
    label: tuple[str, str, str]


@dataclass
class AddressScore:
    """Counts over a labelled file.

    Attributes:
        rows: lines of the file.
        labelled: lines whose label names a region of which the text says something.
        right: labelled lines whose district is right; none where the label has none.
        districts: labelled lines whose label names a district.
        right_districts: of those, the right ones.
        open_districts: of those, the ones left open: held, not guessed.
        silent: the other lines: their text names no division, so that nothing can be right but silence.
        claimed: of those, the ones for which a province was claimed all the same.
        seconds: CPU time spent on parsing alone; a busy machine takes longer by the clock.
    """

    rows: int = 0
    labelled: int = 0
    right: int = 0
    districts: int = 0
    right_districts: int = 0
    open_districts: int = 0
    silent: int = 0
    claimed: int = 0
    seconds: float = 0.0
    wrong: list[tuple[LabelledAddress, ParsedAddress]] = field(default_factory=list)

    @property
    def speed(self) -> float:
        """Return addresses per second of CPU time."""
        return self.rows / self.seconds if self.seconds else 0.0


def read_labelled(file: Path) -> list[LabelledAddress]:
    """Return the lines of a CSV file with the columns text, province, city, district; `.gz` is opened.

    Raises:
        ConfigError: no such file, not text, or a column is missing.
    """
    table = csv.DictReader(io.StringIO(_text_of(file), newline=""))
    missing = [name for name in COLUMNS if name not in (table.fieldnames or ())]
    if missing:
        has = ", ".join(table.fieldnames or ()) or "nothing"
        raise ConfigError(f"{file}: no column {', '.join(missing)}; the first line has: {has}")
    return [_labelled(row) for row in table]


def score_addresses(
    gazetteer: Gazetteer,
    lines: list[LabelledAddress],
    progress: Callable[[int], None] = lambda _: None,
    keep: Callable[[LabelledAddress, ParsedAddress, bool], None] = lambda *_: None,
) -> AddressScore:
    """Parse the text of every line, without its columns, and count what agrees with the label.

    Args:
        gazetteer: the code table.
        lines: of the labelled file.
        progress: told how many lines are done.
        keep: told each line, the answer, and whether it is right.
    """
    score = AddressScore()
    for chunk in _chunks(lines):
        started = time.process_time()
        answers = [parse_address(gazetteer, _NO_COLUMNS, line.text) for line in chunk]
        score.seconds += time.process_time() - started
        for line, answer in zip(chunk, answers, strict=True):
            keep(line, answer, _count(gazetteer, score, line, answer))
        progress(len(chunk))
    return score


def _count(gazetteer: Gazetteer, score: AddressScore, line: LabelledAddress, answer: ParsedAddress) -> bool:
    score.rows += 1
    wanted = parse_address(gazetteer, line.label, "")
    if not any(line.label) or not _is_named(gazetteer, wanted, line.text):
        score.silent += 1
        score.claimed += answer.province is not None
        return answer.province is None
    is_right = _same_district(wanted, answer)
    score.labelled += 1
    score.right += is_right
    if wanted.district:
        score.districts += 1
        score.right_districts += is_right
        score.open_districts += answer.district is None
    if not is_right:
        score.wrong.append((line, answer))
    return is_right


def _same_district(wanted: ParsedAddress, answer: ParsedAddress) -> bool:
    if len(wanted.code) == Level.DISTRICT or len(answer.code) == Level.DISTRICT:
        return wanted.code == answer.code
    return wanted.code == answer.code and _zone(wanted) == _zone(answer)


def _zone(address: ParsedAddress) -> str:
    """Return the name of a zone without its region: 苏州工业园区 is 工业园区 of 苏州."""
    name = address.district or ""
    for region in (address.province, address.city):
        stem = re.sub("(省|市|自治区|自治州|地区)$", "", region or "")
        name = name.removeprefix(region or "").removeprefix(stem)
    for pattern, short in _ZONES:
        name = pattern.sub(short, name)
    return name


def _is_named(gazetteer: Gazetteer, wanted: ParsedAddress, text: str) -> bool:
    names = gazetteer.names_of(wanted.code) | {wanted.district or ""} - {""}
    simple = plain(text)
    return any(name in simple for name in names)


def _chunks(lines: list[LabelledAddress]) -> Iterator[list[LabelledAddress]]:
    for start in range(0, len(lines), _CHUNK):
        yield lines[start : start + _CHUNK]


def _labelled(row: Mapping[str, str | None]) -> LabelledAddress:
    text, province, city, district = ((row.get(name) or "").strip() for name in COLUMNS)
    return LabelledAddress(text, (province, city, district))


def _text_of(file: Path) -> str:
    try:
        raw = file.read_bytes()
        raw = gzip.decompress(raw) if file.suffix == ".gz" else raw
    except (OSError, EOFError) as error:
        why = getattr(error, "strerror", None) or "not a whole .gz file"
        raise ConfigError(f"{file}: cannot be read: {why}; name a CSV file or .csv.gz") from None
    for encoding in _ENCODINGS:
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise ConfigError(f"{file}: is neither UTF-8 nor GB 18030 text; save it as CSV UTF-8")
