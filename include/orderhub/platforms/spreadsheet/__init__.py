"""The platform `spreadsheet`: order files dropped into a folder, read by the aliases in fields.csv."""

from orderhub.platforms.spreadsheet.extract import FileCounts, extract_shop

__all__ = ["FileCounts", "extract_shop"]
