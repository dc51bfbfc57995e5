"""What a clerk writes into checks.yaml and blacklist.csv reaches the tables, and nothing plain is stored."""

from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import Connection, text

from orderhub.clock import FixedClock
from orderhub.config.parse import parse_config
from orderhub.config.store import apply_directory, export_active, load_active
from orderhub.db.engine import Database
from orderhub.domain.phone import parse_phone
from orderhub.errors import ConfigError
from orderhub.privacy.hashes import keyed_hash
from tests.builders import FILES, NOON, Order, hold, put, rows, shops_file

KEY = SecretStr("key of this test")
PHONE = "13912340099"
MEMO = "memo: {hold: [改地址], invoice: [发票], no_ship: [刷单]}\n"
BLACKLIST = (
    "entry_id,kind,value,shop_id,reason,author\n"
    f"# {PHONE} called twice\n"
    f"bl-1,phone,139-1234-0099,*,拒收 {PHONE},李主管\n"
    "bl-2,address,浙江省杭州市西湖区文三路 9 号,tb,空号,李主管\n"
    "bl-3,customer,open-7,*,职业索赔,李主管\n"
)
UNJUDGED = "select order_id from core.orders where checked_version is null order by 1"
SENT = """
    insert into core.fulfillment_orders (fulfillment_order_id, order_id, warehouse_id, state, routing_rule_id, version_id,
        config_version, is_shadow, allocated_at, _pass_id)
    values (:order_id || '@1', :order_id, 'hangzhou', 'shipped', 'all', 'v1', 'c', false, :now, 1);
    insert into core.shipments
    values (:order_id, :order_id || '@1', :order_id, 'hangzhou', 'ZTO', '1', 100, 'wms', :now, :now);
    insert into core.tracking_writes (shipment_id, order_id, shop_id, is_part, state, recorded_at)
    values (:order_id, :order_id, 'tb', :is_part, 'told', :now);
    update core.orders set gate = 'stop', status = 'shipped' where order_id = :order_id"""


def send(connection: Connection, number: str, *, is_part: bool) -> None:
    """Let a parcel of an order leave, and its platform call the order shipped."""
    for statement in SENT.split(";"):
        connection.execute(text(statement), {"order_id": f"tb/{number}", "is_part": is_part, "now": NOON})


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    folder = tmp_path / "config"
    folder.mkdir()
    files = {**FILES, "shops.yaml": shops_file(), "checks.yaml": MEMO, "blacklist.csv": BLACKLIST}
    for name, content in files.items():
        (folder / name).write_text(content, encoding="utf-8")
    return folder


def apply(database: Database, directory: Path) -> None:
    apply_directory(database, FixedClock(NOON), directory, directory.parent / "home", "li", hash_key=KEY)


def test_a_phone_of_the_list_is_stored_as_the_hash_that_orders_carry(
    database: Database, directory: Path
) -> None:
    apply(database, directory)

    wanted = keyed_hash(KEY, parse_phone(PHONE).number)
    assert rows(database, "select kind, value from core.blacklist where entry_id = 'bl-1'") == [
        ("phone_hash", wanted)
    ]
    assert rows(database, "select kind, value from core.blacklist where entry_id = 'bl-3'") == [
        ("customer", "open-7")
    ]


def test_no_plain_number_or_address_is_stored_or_exported(
    database: Database, directory: Path, tmp_path: Path
) -> None:
    apply(database, directory)

    export_active(database, tmp_path / "out", tmp_path / "home")

    stored = str(rows(database, "select files::text from ops.config_versions"))
    exported = (tmp_path / "out/blacklist.csv").read_text(encoding="utf-8")
    assert [plain for plain in (PHONE, "139-1234-0099", "文三路") if plain in stored + exported] == []


def test_what_was_exported_can_be_applied_again_without_the_key(
    database: Database, directory: Path, tmp_path: Path
) -> None:
    apply(database, directory)
    version = export_active(database, tmp_path / "out", tmp_path / "home")

    assert load_active(database).version == version
    assert (
        parse_config({f.name: f.read_text(encoding="utf-8") for f in (tmp_path / "out").iterdir()}).version
        == version
    )


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("bl-9,phone,12345,*,x,y", r"blacklist.csv:2: value: is no phone number"),
        ("bl-9,fone,1,*,x,y", r"did you mean 'phone'"),
        ("bl-9,customer,1,nowhere,x,y", r"is not a shop"),
        ("bl-9,customer,1,*,,y", r"reason: .* and author must both be given"),
    ],
)
def test_a_wrong_entry_is_refused_without_repeating_a_number(
    database: Database, directory: Path, row: str, said: str
) -> None:
    (directory / "blacklist.csv").write_text(
        f"entry_id,kind,value,shop_id,reason,author\n{row}\n", encoding="utf-8"
    )

    with pytest.raises(ConfigError, match=said) as refusal:
        apply(database, directory)

    assert "12345" not in str(refusal.value)


def test_new_files_judge_again_what_is_left_of_orders_sent_in_part(
    database: Database, directory: Path
) -> None:
    with database.engine.begin() as connection:
        listed = {"customer_id": "open-7"}
        put(connection, Order("listed", **listed), Order("held"), Order("gone", **listed), Order("other"))
        hold(connection, "tb/held")
        send(connection, "listed", is_part=True)
        send(connection, "held", is_part=True)
        send(connection, "gone", is_part=False)
        send(connection, "other", is_part=True)

    apply(database, directory)

    assert rows(database, UNJUDGED) == [("tb/held",), ("tb/listed",)]


def test_thresholds_are_the_shops_own_then_the_defaults(database: Database, directory: Path) -> None:
    (directory / "checks.yaml").write_text(
        MEMO
        + "defaults: {quantity_cap: 50, duplicate_minutes: 20}\nshops: [{shop: tb, duplicate_minutes: 5}]\n",
        encoding="utf-8",
    )

    apply(database, directory)

    assert rows(
        database,
        "select duplicate_minutes, quantity_cap, memo_hold from core.check_settings where shop_id = 'tb'",
    ) == [(5, 50, "改地址")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("defaults: {duplicate_minute: 5}\n", "did you mean 'duplicate_minutes'"),
        ("defaults: {quantity_cap: 0}\n", "quantity_cap"),
        ("shops: [{shop: nowhere}]\n", "shop 'nowhere' does not exist"),
        ("promotions: [{id: p, starts_at: '2026-01-02T00:00:00+08:00', ends_at: '2026-01-01T00:00:00+08:00'}]\n", "must end after"),
    ],
)  # fmt: skip
def test_a_wrong_threshold_is_refused(text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        parse_config({**FILES, "shops.yaml": shops_file(), "checks.yaml": MEMO + text})


@pytest.mark.parametrize("word", ["'(改'", "'.*'", "''"])
def test_a_word_that_is_no_pattern_or_finds_everything_is_refused(word: str) -> None:
    with pytest.raises(ConfigError, match=r"checks.yaml:1: memo.hold.0: "):
        parse_config({**FILES, "shops.yaml": shops_file(), "checks.yaml": MEMO.replace("改地址", word)})


def test_the_defaults_of_the_model_are_those_of_the_table(database: Database, directory: Path) -> None:
    apply(database, directory)
    (directory / "checks.yaml").unlink()
    applied = "select to_jsonb(s) - 'shop_id' from core.check_settings as s where shop_id = 'tb'"

    apply(database, directory)
    with_defaults = rows(database, applied)

    with database.engine.begin() as connection:
        connection.exec_driver_sql("delete from core.check_settings")
        connection.exec_driver_sql("insert into core.check_settings (shop_id) values ('tb')")
    assert rows(database, applied) == with_defaults
