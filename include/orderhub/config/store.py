"""Config versions: files enter by `config apply`, leave by `config export`; the last good one stays."""

import json
from datetime import datetime
from pathlib import Path

from pydantic import SecretStr
from sqlalchemy import Connection, text

from orderhub.clock import Clock
from orderhub.config import blacklist
from orderhub.config.check_tables import replace_check_tables
from orderhub.config.goods_store import replace_goods
from orderhub.config.models import MerchantConfig
from orderhub.config.parse import check_platforms, is_buyer_named, parse_config, read_directory, version_of
from orderhub.db.audit import record_act
from orderhub.db.copy import copy_rows
from orderhub.db.engine import Database
from orderhub.db.leases import hold_scope
from orderhub.db.sql_files import statement
from orderhub.errors import AlreadyDone, ConfigError

BASE_FILE = "config_base"
_GO_LIVES = text("select shop_id, is_shadow, go_live_at from core.shops")
_RETIRE = text("update ops.config_versions set is_active = false where is_active")
_ACTIVATE = text("""
    insert into ops.config_versions values (:version, cast(:files as jsonb), :active, :now, :actor, true)
    on conflict (config_version) do update set is_active = true""")


def apply_directory(
    database: Database,
    clock: Clock,
    directory: Path,
    home: Path,
    actor: str,
    *,
    force: bool = False,
    hash_key: SecretStr | None = None,
) -> MerchantConfig:
    """Check the files of `directory` and make them the active version.

    Args:
        database: the hub's database.
        clock: stamps the version.
        directory: the merchant's configuration directory.
        home: remembers which version these files were derived from.
        actor: who applies.
        force: overwrite a version that was not derived from these files.
        hash_key: turns plain phones and addresses of blacklist.csv into hashes before anything is stored.

    Raises:
        ConfigError: a file is wrong (the active version stays), or the active version was applied from
            elsewhere since these files were exported.
        AlreadyDone: these files are the active version.
    """
    files = _sealed(read_directory(directory), hash_key)
    config = parse_config(files)
    check_platforms(config.shops)
    with hold_scope(database, "config") as lease, database.transaction(lease) as connection:
        active = connection.execute(
            text("select config_version from ops.config_versions where is_active")
        ).scalar_one_or_none()
        if active == config.version:
            _remember(home, config.version)
            raise AlreadyDone(f"configuration {config.version[:12]} is active already")
        _refuse_foreign(active, home, directory, force=force)
        row = {"version": config.version, "files": json.dumps(files, ensure_ascii=False), "active": active}
        for change in (_RETIRE, _ACTIVATE):
            connection.execute(change, {**row, "now": clock.now(), "actor": actor})
        record_act(connection, clock, actor, "apply", "config", config.version, detail={"from": active})
        is_moved = _is_go_live_moved(connection, config)
        _replace_tables(connection, config)
        _note_cutoffs(connection, config, clock.now())
        replace_check_tables(connection, config)
        if is_moved:
            connection.execute(statement("core/settle_free_lifecycles"))
    _remember(home, config.version)
    return config


def load_active(database: Database) -> MerchantConfig:
    """Return the active configuration.

    Raises:
        ConfigError: none was ever applied.
    """
    return parse_config(active_files(database))


def active_files(database: Database) -> dict[str, str]:
    """Return file name → text of the active configuration.

    Raises:
        ConfigError: none was ever applied.
    """
    with database.read() as connection:
        row = connection.execute(text("select files from ops.config_versions where is_active")).one_or_none()
    if row is None:
        raise ConfigError("no configuration is active; run `./hub config apply`")
    return dict(row.files)


def export_active(database: Database, directory: Path, home: Path) -> str:
    """Write the files of the active version into `directory` and return its version.

    Raises:
        ConfigError: none was ever applied.
    """
    with database.read() as connection:
        row = connection.execute(
            text("select config_version, files from ops.config_versions where is_active")
        ).one_or_none()
    if row is None:
        raise ConfigError("no configuration is active; there is nothing to export")
    for name, content in row.files.items():
        file = directory / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="utf-8")
    _remember(home, row.config_version)
    return str(row.config_version)


def check_directory(directory: Path) -> MerchantConfig:
    """Return what the files of `directory` say, without applying them.

    Raises:
        ConfigError: the first thing wrong.
    """
    config = parse_config(_sealed(read_directory(directory), SecretStr("only looked at, never stored")))
    check_platforms(config.shops)
    return config


def directory_version(directory: Path, hash_key: SecretStr | None = None) -> str:
    """Return the version that the files of `directory` would have."""
    return version_of(_sealed(read_directory(directory), hash_key))


def _sealed(files: dict[str, str], hash_key: SecretStr | None) -> dict[str, str]:
    """Return the files as they may be stored: without a plain phone or address."""
    listed = files.get(blacklist.FILE)
    return files if listed is None else {**files, blacklist.FILE: blacklist.seal(listed, hash_key)}


def _is_go_live_moved(connection: Connection, config: MerchantConfig) -> bool:
    """Return whether a shop goes live, or back into shadow mode, or at another time than was said before."""
    before = {tuple(row) for row in connection.execute(_GO_LIVES)}
    return before != {(shop.id, shop.mode == "shadow", shop.go_live_at) for shop in config.shops}


def _note_cutoffs(connection: Connection, config: MerchantConfig, now: datetime) -> None:
    said = [(warehouse.id, time) for warehouse in config.warehouses for time in warehouse.cutoffs]
    given = {"warehouses": [each for each, _ in said], "times": [time for _, time in said], "now": now}
    connection.execute(statement("core/cutoff_times"), given)


def _replace_tables(connection: Connection, config: MerchantConfig) -> None:
    """Give SQL what it needs of the files: mappings and shops, whole tables of a few rows."""
    connection.execute(text("delete from core.sku_mappings"))
    copy_rows(
        connection,
        "core.sku_mappings",
        ("mapping_id", "shop_id", "platform_sku", "sku_id"),
        [(m.mapping_id, m.shop_id, m.platform_sku, m.sku_id) for m in config.sku_mappings],
    )
    replace_goods(connection, config)
    connection.execute(text("delete from core.customer_tiers"))
    copy_rows(
        connection,
        "core.customer_tiers",
        ("shop_id", "customer_id", "tier", "tier_rank"),
        [
            (shop_id, customer_id, tier, config.tiers.index(tier) + 1)
            for (shop_id, customer_id), tier in config.customer_tiers.items()
        ],
    )
    connection.execute(text("delete from core.shops"))
    copy_rows(
        connection,
        "core.shops",
        (
            "shop_id",
            "platform",
            "name",
            "is_pulled",
            "is_shadow",
            "currency",
            "address_source",
            "go_live_at",
            "is_buyer_named",
        ),
        [
            (
                shop.id,
                shop.platform,
                shop.name,
                shop.connection is not None,
                shop.mode == "shadow",
                shop.currency,
                shop.address_source,
                shop.go_live_at.isoformat(),
                is_buyer_named(shop.platform),
            )
            for shop in config.shops
        ],
    )


def _refuse_foreign(active: str | None, home: Path, directory: Path, *, force: bool) -> None:
    base_file = home / BASE_FILE
    base = base_file.read_text(encoding="ascii").strip() if base_file.exists() else None
    if active is None or active == base or force:
        return
    raise ConfigError(
        f"{directory}: the active configuration {active[:12]} was not derived from these files; "
        "run `./hub config export DIR`, merge your change there, then apply, or use --force"
    )


def _remember(home: Path, version: str) -> None:
    home.mkdir(parents=True, exist_ok=True)
    (home / BASE_FILE).write_text(version + "\n", encoding="ascii")
