"""Staging tables of the platforms that the code has: one per stream, made at migrate.

A platform is a folder of files; its tables follow from its `platform.yaml`, so that adding one edits nothing.
"""

import re

import yaml
from sqlalchemy import Connection, text

from orderhub import paths
from orderhub.errors import ShopError

#: The C one where libyaml is there: every pull reads all specs.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NAME = re.compile(r"[a-z0-9][a-z0-9_]{0,39}")


def wanted_tables() -> dict[str, tuple[str, str]]:
    """Return table name → (platform, stream); an unreadable file has none, its DAG says what is wrong."""
    tables: dict[str, tuple[str, str]] = {}
    for file in sorted(paths.platforms_directory().glob("*/platform.yaml")):
        platform = file.parent.name
        for stream in _streams(file.read_text(encoding="utf-8")):
            if _NAME.fullmatch(platform) and _NAME.fullmatch(stream):
                tables[f"{platform}_{stream}"] = (platform, stream)
    return tables


def missing_tables(connection: Connection) -> list[str]:
    """Return the names of staging tables that the database lacks."""
    present = connection.execute(
        text("select relname from pg_class where relnamespace = 'staging'::regnamespace and relkind = 'r'")
    ).scalars()
    return sorted(set(wanted_tables()) - set(present))


def present_platforms(connection: Connection) -> set[str]:
    """Return the platforms of the code whose tables are all there; the others wait for `./hub migrate`."""
    tables = wanted_tables()
    platforms = {platform for platform, _ in tables.values()}
    return platforms - {tables[name][0] for name in missing_tables(connection)}


def refuse_absent(connection: Connection, platform: str) -> None:
    """Let a platform pass whose tables are there; one that was added to a running hub waits for them.

    Raises:
        ShopError: the database lacks one; says which, and what to run.
    """
    tables = wanted_tables()
    lacks = [name for name in missing_tables(connection) if tables[name][0] == platform]
    if lacks:
        raise ShopError(
            f"platform {platform}: the database lacks staging.{lacks[0]}; run `./hub migrate`, "
            "and it goes on by itself"
        )


def create_missing(connection: Connection) -> list[str]:
    """Create what is missing in the owner's transaction, and return the names."""
    tables = wanted_tables()
    missing = missing_tables(connection)
    for name in missing:
        platform, stream = tables[name]
        connection.execute(
            text("select ops.create_staging(:platform, :stream)"), {"platform": platform, "stream": stream}
        )
    return missing


def _streams(source: str) -> list[str]:
    """Return the streams of a spec that have a table; file platforms name none and have orders."""
    try:
        spec = yaml.load(source, _LOADER)  # noqa: S506 - both loaders are safe ones
    except yaml.YAMLError:
        return []
    if not isinstance(spec, dict):
        return []
    streams = spec.get("streams")
    if not isinstance(streams, dict) or not streams:
        return ["orders"]
    return [name for name, stream in streams.items() if not (isinstance(stream, dict) and stream.get("into"))]
