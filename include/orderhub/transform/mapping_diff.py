"""Which orders, lines and refunds another field map would change, and how. Nothing is written."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from orderhub.config.models import MerchantConfig
from orderhub.db.engine import Database
from orderhub.db.sql_files import source
from orderhub.db.staging_tables import refuse_absent
from orderhub.platforms.spec import Platform, load_platform
from orderhub.transform.compile_refunds import compile_refunds
from orderhub.transform.map_ahead import Incoming, map_lines, map_versions, name_twins

#: The newest loads are compared, up to about so many staged rows: more says nothing new.
MOST_ROWS = 20_000
EXAMPLES = 20
_LOADS = text("""
    select load_id, stream from (
        select
            load_id, stream,
            sum(staged_count) over (partition by stream order by load_id desc) - staged_count as newer
        from ops.loads where platform = :platform
    ) as l
    where newer < :most""")
#: Follow from the file itself, or say which staged row it was.
_VOLATILE = ("staging_id", "load_id", "mapping_version", "merge_key")
_KEYS = {"order": "order_id", "line": "order_id || '#' || line_id", "refund": "refund_id"}
_TABLES = {"order": "changed_orders", "line": "incoming_lines", "refund": "incoming_refunds"}


@dataclass(frozen=True)
class Change:
    """One field of one record, before and after; null as None."""

    record: str
    key: str
    field: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class MappingDiff:
    """What a field map would change.

    Attributes:
        compared: orders that were mapped both ways.
        changed_orders: of these, with any difference in order, lines or refunds.
        by_field: "record field" → how many records differ in it.
        examples: the first differences.
    """

    compared: int
    changed_orders: int
    by_field: dict[str, int]
    examples: tuple[Change, ...]


def diff_mapping(database: Database, config: MerchantConfig, name: str, fields: str) -> MappingDiff:
    """Map the newest loads of platform `name` as now and by the text `fields`, and compare.

    Raises:
        ConfigError: the platform does not exist, or `fields` is no valid fields.csv.
        ShopError: the platform was added and waits for its tables.
    """
    platforms = {
        "before": load_platform(name, config),
        "after": load_platform(name, _with_fields(config, name, fields)),
    }
    with database.rehearsal() as connection:
        refuse_absent(connection, name)
        loads = connection.execute(_LOADS, {"platform": name, "most": MOST_ROWS}).all()
        by_stream = {
            stream: [row.load_id for row in loads if row.stream == stream] for stream in ("orders", "refunds")
        }
        for side, platform in platforms.items():
            _map(connection, config, platform, by_stream)
            for table in _TABLES.values():
                connection.exec_driver_sql(f"alter table {table} rename to {side}_{table}")
            connection.exec_driver_sql("drop table incoming_versions, incoming_orders")
        compared: int = connection.execute(text("select count(*) from before_changed_orders")).scalar_one()
        changes = [change for record in _TABLES for change in _changes(connection, record)]
    orders = {change.key.partition("#")[0] for change in changes if change.record != "refund"}
    by_field = Counter(f"{change.record} {change.field}" for change in changes)
    return MappingDiff(compared, len(orders), dict(by_field.most_common()), tuple(changes[:EXAMPLES]))


def _with_fields(config: MerchantConfig, name: str, fields: str) -> MerchantConfig:
    return config.model_copy(update={"field_maps": {**config.field_maps, name: fields}})


def _map(
    connection: Connection, config: MerchantConfig, platform: Platform, loads: Mapping[str, Sequence[int]]
) -> None:
    for table in ("incoming", "incoming_lines", "incoming_refunds"):
        connection.exec_driver_sql(source(f"core/{table}"))
    mapped = Incoming(orders="changed_orders")
    map_versions(connection, config, platform, loads["orders"], mapped)
    connection.exec_driver_sql(
        "create temporary table changed_orders on commit drop as "
        "select distinct on (order_id) * from incoming_versions order by order_id, merge_key desc"
    )
    map_lines(connection, platform, mapped)
    name_twins(connection, mapped)
    if "refunds" in platform.spec.streams:
        connection.execute(text(compile_refunds(platform)), {"loads": loads["refunds"]})


def _changes(connection: Connection, record: str) -> list[Change]:
    key, table = _KEYS[record], _TABLES[record]
    removed = " - ".join(f"'{column}'" for column in _VOLATILE)
    side = (
        f"select distinct on ({key}) {key} as key, to_jsonb(t) - {removed} as said "  # noqa: S608 - constants
        f"from {{}}_{table} as t order by {key}"
    )
    if record == "refund":
        side += ", merge_key desc"
    rows = connection.execute(
        text(f"""
        select coalesce(b.key, a.key) as key, field, b.said ->> field as before, a.said ->> field as after
        from ({side.format("before")}) as b
        full join ({side.format("after")}) as a using (key)
        cross join lateral jsonb_object_keys(coalesce(b.said, a.said)) as field
        where b.said is distinct from a.said and b.said -> field is distinct from a.said -> field
        order by 1, 2""")  # noqa: S608 - constants
    )
    return [Change(record, row.key, row.field, row.before, row.after) for row in rows]
