"""What became of one dropped file, for who dropped it: Chinese first, row numbers, no personal data."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from orderhub.platforms.spreadsheet.orders import RowProblem
from orderhub.platforms.spreadsheet.sheet import Remark

LISTED_ROWS = 500


class FileState(StrEnum):
    """What became of a file; the words of ops.file_drops."""

    ACCEPTED = "accepted"
    PARTLY_ACCEPTED = "partly_accepted"
    REJECTED = "rejected"


_RESULTS = {
    FileState.ACCEPTED: Remark("全部接收", "accepted"),
    FileState.PARTLY_ACCEPTED: Remark(
        "部分接收,下面列出的行没有导入", "partly accepted; the rows below were not taken"
    ),
    FileState.REJECTED: Remark("退回,没有导入任何订单", "rejected; no order was taken"),
}


@dataclass(frozen=True)
class FileReport:
    """The facts of one file; rows are counted below the header."""

    file_name: str
    state: FileState
    rows_read: int = 0
    rows_accepted: int = 0
    orders: int = 0
    new_versions: int = 0
    remarks: tuple[Remark, ...] = ()
    problems: tuple[RowProblem, ...] = ()

    @property
    def rows_rejected(self) -> int:
        """Return how many rows were not taken."""
        return self.rows_read - self.rows_accepted

    def as_json(self) -> dict[str, Any]:
        """Return what ops.file_drops keeps."""
        return {
            "orders": self.orders,
            "new_versions": self.new_versions,
            "remarks": [{"zh": remark.zh, "en": remark.en} for remark in self.remarks],
            "rows": [{"row": p.row, "zh": p.why.zh, "en": p.why.en} for p in self.problems[:LISTED_ROWS]],
        }

    def as_text(self) -> str:
        """Return the report that lies beside the file."""
        result = _RESULTS[self.state]
        more = max(0, len(self.problems) - LISTED_ROWS)
        chinese = [
            f"文件:{self.file_name}",
            f"结果:{result.zh}",
            f"共 {self.rows_read} 行,接收 {self.rows_accepted} 行,退回 {self.rows_rejected} 行。",
            f"订单 {self.orders} 个,其中新的或有变化的 {self.new_versions} 个。",
            *(f"提示:{remark.zh}" for remark in self.remarks),
            *(f"第 {p.row} 行:{p.why.zh}" for p in self.problems[:LISTED_ROWS]),
            *([f"……另有 {more} 行未列出。"] if more else []),
        ]
        english = [
            f"File: {self.file_name}",
            f"Result: {result.en}",
            f"{self.rows_read} rows: {self.rows_accepted} accepted, {self.rows_rejected} refused.",
            f"{self.orders} orders, {self.new_versions} of them new or changed.",
            *(f"Note: {remark.en}" for remark in self.remarks),
            *(f"Row {p.row}: {p.why.en}" for p in self.problems[:LISTED_ROWS]),
            *([f"… and {more} more rows."] if more else []),
        ]
        return "\n".join([*chinese, "", *english, ""])
