"""Tables of Markdown for the pages that are written from the code."""

from collections.abc import Iterable


def table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """Return a table with a head and a row for each of `rows`."""

    def line(cells: Iterable[object]) -> str:
        return "| " + " | ".join(_cell(str(cell)) for cell in cells) + " |\n"

    head = list(head)
    return line(head) + line(["---"] * len(head)) + "".join(line(row) for row in rows)


def _cell(said: str) -> str:
    """Return text that stays inside its cell and is not taken for HTML; code is left as it is."""
    said = said.replace("|", "\\|").replace("\n", " ")
    return said if said.startswith("`") else said.replace("<", "&lt;")
