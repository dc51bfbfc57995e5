"""What survives a restart: the start of the world and the journal of its changes, in one directory."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sandbox.world.catalog import TAOBAO_SHOPS, Shop
from sandbox.world.world import World

FORMAT = 2


@dataclass(slots=True)
class Journal:
    """Appends each operation as a JSON line; silent until `is_open`."""

    path: Path | None
    is_open: bool = False

    def __call__(self, operation: dict[str, Any]) -> None:
        """Write one operation."""
        if self.path is None or not self.is_open:
            return
        with self.path.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(operation) + "\n")


def open_world(
    seed: int,
    orders: int,
    now: datetime,
    directory: Path | None,
    shops: Sequence[Shop] = TAOBAO_SHOPS,
    lives: str = "demo",
) -> World:
    """Return the world in `directory` as it was left, or a new one that starts `now`.

    Raises:
        ValueError: the directory holds a world of another seed, size, choice of shops or lives.
    """
    if directory is None:
        return World(seed, orders, now, shops=shops, lives=lives)
    directory.mkdir(parents=True, exist_ok=True)
    names = ",".join(shop.shop_id for shop in shops)
    birth: dict[str, Any] = {"format": FORMAT, "seed": seed, "orders": orders, "shops": names, "lives": lives}
    file = directory / "world.json"
    if file.exists():
        stored = json.loads(file.read_text(encoding="utf-8"))
        _check_birth(stored, birth, directory)
        birth = stored
    else:
        birth["started_at"] = now.isoformat()
        file.write_text(json.dumps(birth), encoding="utf-8")
    journal = Journal(directory / "journal.jsonl")
    world = World(seed, orders, datetime.fromisoformat(birth["started_at"]), journal, shops, lives)
    _replay(world, journal)
    return world


def _check_birth(stored: dict[str, Any], wanted: dict[str, Any], directory: Path) -> None:
    if stored.get("format") != FORMAT:
        raise ValueError(
            f"{directory} holds a world of format {stored.get('format')}, this sandbox reads {FORMAT}: "
            "remove the directory"
        )
    if {**stored, **wanted} != stored:
        raise ValueError(
            f"{directory} holds the world of seed {stored['seed']} with {stored['orders']} orders, "
            f"shops {stored['shops']}, lives {stored['lives']}: start with the same, or remove the directory"
        )


def _replay(world: World, journal: Journal) -> None:
    if journal.path is not None:
        for operation in read_lines(journal.path):
            world.replay(operation)
    journal.is_open = True


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Return the objects of a JSON-lines file that may be absent; a line torn by a kill is cut off."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    whole = text[: text.rfind("\n") + 1]
    if whole != text:
        path.write_text(whole, encoding="utf-8")
    return [json.loads(line) for line in whole.splitlines()]
