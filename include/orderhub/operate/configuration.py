"""The whole check of the merchant's files: what the config layer knows, their field maps, their suites."""

from datetime import datetime
from pathlib import Path

from orderhub.clock import Clock
from orderhub.config.goods import warnings_of as goods_warnings
from orderhub.config.models import MerchantConfig
from orderhub.config.parse import unread_files
from orderhub.config.store import apply_directory, check_directory
from orderhub.db.engine import Database
from orderhub.errors import AlreadyDone
from orderhub.fulfillment.cutoffs import passed_when_added
from orderhub.operate.dead_rules import rule_warnings
from orderhub.operate.refused import close_refused
from orderhub.platforms.spec import load_platform
from orderhub.quality.active import try_suites
from orderhub.quality.missing_rules import suite_warnings
from orderhub.quality.other_holds import care_warnings
from orderhub.quality.suites import load_suites
from orderhub.settings import Settings


def check_files(directory: Path) -> MerchantConfig:
    """Return what the files of `directory` say, after reading every field map and suite among them.

    Raises:
        ConfigError: the first thing wrong, with file, line, key, value and the nearest valid one.
    """
    config = check_directory(directory)
    for platform in config.field_maps:
        load_platform(platform, config)
    load_suites(config)
    return config


def warnings_of(config: MerchantConfig, directory: Path) -> list[str]:
    """Return what the merchant should know of files that are valid all the same, or that are not read."""
    return [
        *goods_warnings(config), *rule_warnings(config), *suite_warnings(config), *care_warnings(config),
        *unread_files(directory),
    ]  # fmt: skip


def late_lists(database: Database, config: MerchantConfig, added_since: datetime) -> list[str]:
    """Return a warning for each cut-off that was added since then, after its time of day had passed."""
    return [
        f"warehouses.yaml: {warehouse_id} {at:%H:%M} 今天已经过了,从下一个开门的日子算起;今天就要一份:"
        f"./hub manifest close {warehouse_id} --now / has passed today and counts from the next day on which "
        "the warehouse is open; that command closes a list today"
        for warehouse_id, at in passed_when_added(database, config, added_since)
    ]


def apply_files(
    database: Database,
    clock: Clock,
    settings: Settings,
    actor: str,
    directory: Path | None = None,
    *,
    force: bool = False,
) -> MerchantConfig:
    """Make the files of `directory` the active version; see `orderhub.config.store.apply_directory`.

    Without a directory, those of the settings.

    Raises:
        ConfigError: a file is wrong, field maps and suites included; the active version stays.
        AlreadyDone: these files are the active version.
    """
    directory = directory or settings.config
    try_suites(database, check_files(directory))
    try:
        config = apply_directory(
            database, clock, directory, settings.home, actor, force=force, hash_key=settings.hash_key
        )
    except AlreadyDone:
        close_refused(database, clock)
        raise
    close_refused(database, clock)
    return config
