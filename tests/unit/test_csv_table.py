import pytest

from orderhub.config.csv_table import read_table
from orderhub.errors import ConfigError


def read(source: str) -> list:
    return read_table(source, "f.csv", ("name", "path"), ("comment",))


def test_rows_keep_their_line_through_comments_and_blank_lines():
    rows = read("# head\nname,path\n\n# 中文\n a , b \nc,\n")

    assert [(row.line, row["name"], row["path"], row["comment"]) for row in rows] == [
        (5, "a", "b", ""),
        (6, "c", "", ""),
    ]


def test_excel_marks_and_line_ends_change_nothing():
    rows = read("\ufeffname,path\r\na,\u2028b\r\n")

    assert [(row.line, row["name"], row["path"]) for row in rows] == [(2, "a", "b")]


def test_quoted_commas_stay_in_their_cell():
    assert read('name,path\n"a,b","c ""d"""\n')[0].values == {"comment": "", "name": "a,b", "path": 'c "d"'}


@pytest.mark.parametrize(
    "source, message",
    [
        ("", "f.csv:1: no header; expected name,path"),
        ("name,pth\n", "f.csv:1: column 'pth' is not known; did you mean 'path'?"),
        ("name\n", "f.csv:1: column 'path' is missing; expected name,path,comment"),
        ("name,path,name\n", "f.csv:1: column 'name' is given twice"),
        ("name,path\na\n", "f.csv:2: 1 cells, the header has 2; quote commas inside a cell"),
        ("name,path\na,b,c\n", "f.csv:2: 3 cells, the header has 2; quote commas inside a cell"),
        (
            'name,path\na,"b\nc"\n',
            "f.csv:2: a quote is not closed; a cell holds no line break, and a quote in it is doubled",
        ),
    ],
)
def test_broken_table_names_its_line(source: str, message: str):
    with pytest.raises(ConfigError) as caught:
        read(source)

    assert str(caught.value) == message


def test_refused_cell_names_column_and_value():
    row = read("name,path\na,b\n")[0]

    assert str(row.refuse("path", "is not a path")) == "f.csv:2: path: 'b' is not a path"
