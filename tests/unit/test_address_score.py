"""The scorer: what counts as right, as made up, and as a file that it cannot use."""

import csv
import gzip
from pathlib import Path

import pytest
from typer.testing import CliRunner

from orderhub import paths
from orderhub.cli import app
from orderhub.errors import ConfigError
from orderhub.operate.address_score import AddressScore, LabelledAddress, read_labelled, score_addresses
from orderhub.platforms.address import gazetteer

HEAD = "text,province,city,district\n"
SAMPLE = paths.project_root() / "examples" / "addresses" / "labelled.csv"


def score(*lines: tuple[str, str, str, str]) -> AddressScore:
    labelled = [LabelledAddress(text, (province, city, district)) for text, province, city, district in lines]
    return score_addresses(gazetteer(), labelled)


def test_every_line_of_the_sample_is_right_and_nothing_is_made_up() -> None:
    result = score_addresses(gazetteer(), read_labelled(SAMPLE))

    assert (0, 0) == (result.labelled - result.right, result.claimed)
    assert result.silent > 0


@pytest.mark.parametrize(
    "text, label",
    [
        ("杭州市西湖区文三路1号", ("浙江", "杭州", "西湖区")),
        ("北京朝阳区建国路1号", ("北京市", "市辖区", "朝阳区")),
        ("湖北仙桃市干河街道1号", ("湖北省", "省直辖县级行政区划", "仙桃市")),
        ("湖北仙桃市干河街道1号", ("湖北省", "仙桃市", "")),
        ("广东省东莞市南城街道1号", ("广东省", "东莞市", "东莞市")),
        ("杭州市下城区武林路1号", ("浙江省", "杭州市", "下城区")),
        ("杭州市下城区武林路1号", ("浙江省", "杭州市", "拱墅区")),
        ("石家庄市高新区长江大道1号", ("河北省", "石家庄市", "石家庄高新技术产业开发区")),
    ],
)
def test_the_same_place_in_other_words_is_right(text: str, label: tuple[str, str, str]) -> None:
    assert (1, 1) == (score((text, *label)).labelled, score((text, *label)).right)


@pytest.mark.parametrize(
    "text, label",
    [
        ("南昌市西湖区1号", ("浙江省", "杭州市", "西湖区")),
        ("朝阳区建国路1号", ("北京市", "市辖区", "朝阳区")),
        ("杭州市西湖区文三路1号", ("浙江省", "杭州市", "")),
    ],
)
def test_another_place_an_open_one_and_a_deeper_one_are_wrong(text: str, label: tuple[str, str, str]) -> None:
    assert (1, 0) == (score((text, *label)).labelled, score((text, *label)).right)


def test_an_open_answer_is_counted_as_open() -> None:
    assert 1 == score(("朝阳区建国路1号", "北京市", "市辖区", "朝阳区")).open_districts


def test_a_text_without_any_name_of_its_label_is_no_test_of_the_district() -> None:
    result = score(
        ("文三路1号", "浙江省", "杭州市", "西湖区"),
        ("文三路1号", "", "", ""),
        ("西湖区1号", "浙江省", "杭州市", "西湖区"),
    )

    assert (2, 0, 1) == (result.silent, result.claimed, result.labelled)


def test_a_province_claimed_for_an_unlabelled_text_is_made_up() -> None:
    assert (1, 1) == (
        score(("浙江省文三路1号", "", "", "")).silent,
        score(("浙江省文三路1号", "", "", "")).claimed,
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_files_are_read_as_spreadsheets_save_them(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "labelled.csv"
    file.write_bytes(f"way,{HEAD}x,杭州市西湖区1号,浙江省,杭州市,西湖区\n".encode(encoding))

    assert [LabelledAddress("杭州市西湖区1号", ("浙江省", "杭州市", "西湖区"))] == read_labelled(file)


def test_a_compressed_file_is_opened(tmp_path: Path) -> None:
    file = tmp_path / "labelled.csv.gz"
    file.write_bytes(gzip.compress(f"{HEAD}某路1号,,,\n".encode()))

    assert [LabelledAddress("某路1号", ("", "", ""))] == read_labelled(file)


@pytest.mark.parametrize(
    "content, said",
    [
        (b"text,province,city\n", "no column district; the first line has: text, province, city"),
        (b"", "the first line has: nothing"),
        (b"\xff\xff\xff", "neither UTF-8 nor GB 18030"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_in_one_sentence(
    tmp_path: Path, content: bytes, said: str
) -> None:
    file = tmp_path / "labelled.csv"
    file.write_bytes(content)

    with pytest.raises(ConfigError, match=said):
        read_labelled(file)


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"nothing\.csv: cannot be read: No such file or directory; name a CSV"
    ):
        read_labelled(tmp_path / "nothing.csv")


def test_the_command_prints_the_three_figures_and_writes_the_answers(tmp_path: Path) -> None:
    answers = tmp_path / "answers.csv"

    shown = CliRunner().invoke(app, ["address-score", str(SAMPLE), "--answers", str(answers)])

    assert (0, True, True, True) == (
        shown.exit_code,
        "district accuracy: 100.00%" in shown.output,
        "without evidence: 0.00%" in shown.output,
        "per second" in shown.output,
    )
    with answers.open(encoding="utf-8-sig", newline="") as lines:
        assert {"1"} == {row["right"] for row in csv.DictReader(lines)}


def test_the_command_shows_the_wrong_lines_that_it_is_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "labelled.csv"
    file.write_text(
        f"{HEAD}朝阳区建国路1号,北京市,市辖区,朝阳区\n南昌市西湖区1号,浙江省,杭州市,西湖区\n",
        encoding="utf-8",
    )

    shown = CliRunner().invoke(app, ["address-score", str(file), "--wrong", "1"])

    assert (True, False) == ("朝阳区建国路1号" in shown.output, "南昌市" in shown.output)


def test_the_help_says_what_the_columns_are() -> None:
    assert "text,province,city,district" in CliRunner().invoke(app, ["address-score", "--help"]).output
