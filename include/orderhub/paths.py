"""Where the project's own files are. Nothing here reads or creates a file."""

import os
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


def project_root() -> Path:
    """Return the checkout: `ORDERHUB_ROOT` when set (images), else two levels above the package."""
    return Path(os.environ.get("ORDERHUB_ROOT", PACKAGE.parent.parent)).resolve()


def sql_directory() -> Path:
    """Return the folder whose paths mirror schema/table names."""
    return project_root() / "include" / "sql"


def platforms_directory() -> Path:
    """Return the folder with one sub-folder per shipped platform."""
    return project_root() / "include" / "platforms"


def shipped_config_directory() -> Path:
    """Return the example configuration that a merchant replaces as a whole."""
    return project_root() / "include" / "config"


def divisions_directory() -> Path:
    """Return the folder with what the packages' tables of divisions lack."""
    return project_root() / "include" / "divisions"


def messages_file() -> Path:
    """Return the table of messages: English sentence, Chinese sentence."""
    return project_root() / "include" / "messages" / "zh.csv"


def keys_file() -> Path:
    """Return the table of what keys and settings mean: in English, in Chinese."""
    return project_root() / "include" / "messages" / "keys_zh.csv"


def expectations_directory() -> Path:
    """Return the folder with the shipped Great Expectations suites."""
    return project_root() / "expectations"
