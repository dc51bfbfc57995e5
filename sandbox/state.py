"""What survives a restart: the start of the world and the journal of its changes, in one directory."""

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sandbox.world.world import World

FORMAT = 1


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


def open_world(seed: int, orders: int, now: datetime, directory: Path | None) -> World:
    """Return the world in `directory` as it was left, or a new one that starts `now`.

    Raises:
        ValueError: the directory holds a world of another seed or size.
    """
    if directory is None:
        return World(seed, orders, now)
    directory.mkdir(parents=True, exist_ok=True)
    birth: dict[str, Any] = {"format": FORMAT, "seed": seed, "orders": orders, "started_at": now.isoformat()}
    file = directory / "world.json"
    if file.exists():
        stored = json.loads(file.read_text(encoding="utf-8"))
        if {**birth, "started_at": stored["started_at"]} != stored:
            raise ValueError(
                f"{directory} holds the world of seed {stored['seed']} with {stored['orders']} orders: "
                "start with the same numbers, or remove the directory"
            )
        birth = stored
    else:
        file.write_text(json.dumps(birth), encoding="utf-8")
    journal = Journal(directory / "journal.jsonl")
    world = World(seed, orders, datetime.fromisoformat(birth["started_at"]), journal)
    _replay(world, journal)
    return world


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
