"""One hub's home: where its state is, what it remembers, and that only one `./hub` works on it."""

import base64
import fcntl
import json
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from orderhub.errors import EnvironmentFault

#: A killed hub's guard needs this long at most to end what is left.
_LEFTOVER_SECONDS = 45.0
_NEEDED_BYTES = 600 * 1024 * 1024


def _token() -> str:
    return secrets.token_urlsafe(24)


def _fernet_key() -> str:
    return base64.urlsafe_b64encode(os.urandom(32)).decode()


class Memory(BaseModel):
    """What a home remembers between starts; made once, kept in `launcher.json` (0600).

    Changing `fernet_key` orphans what Airflow stored encrypted, `hash_key` orphans receivers' hashes,
    `token_key` the renewed access tokens of shops.
    """

    model_config = ConfigDict(extra="forbid")

    port: int = Field(description="First of the five ports.")
    seed: int = Field(default=7, description="Seed of the sandbox's world.")
    orders: int = Field(default=480, description="Orders in the sandbox's world at its start.")
    demo_done: bool = Field(default=False, description="The first pass of the demo was seen to its end.")
    airflow_version: str = Field(default="", description="Airflow version that migrated its database.")
    owner: str = Field(default_factory=_token, description="Password of role orderhub_owner.")
    app: str = Field(default_factory=_token, description="Password of role orderhub_app.")
    analyst: str = Field(default_factory=_token, description="Password of role orderhub_analyst.")
    pii: str = Field(default_factory=_token, description="Password of role orderhub_pii.")
    airflow: str = Field(default_factory=_token, description="Password of role airflow.")
    admin: str = Field(default_factory=_token, description="Password of Airflow's user admin.")
    hash_key: str = Field(default_factory=_token, description="Key of the hashes of names and phones.")
    jwt_secret: str = Field(default_factory=lambda: secrets.token_hex(48), description="Airflow's tokens.")
    api_secret: str = Field(default_factory=lambda: secrets.token_hex(32), description="Airflow's sessions.")
    fernet_key: str = Field(default_factory=_fernet_key, description="Airflow's encryption of stored values.")
    token_key: str = Field(default_factory=_fernet_key, description="Encryption of renewed access tokens.")


@dataclass(frozen=True)
class Home:
    """The folders and files of one hub.

    Attributes:
        root: absolute; only its owner may enter.
    """

    root: Path

    @property
    def settings(self) -> Path:
        """Return the file that `orderhub.settings` reads."""
        return self.root / "settings.json"

    @property
    def connections(self) -> Path:
        """Return the credentials file, in Airflow's JSON form."""
        return self.root / "connections.json"

    @property
    def postgres(self) -> Path:
        """Return the folder of the embedded database."""
        return self.root / "postgres"

    @property
    def airflow(self) -> Path:
        """Return Airflow's own home: task logs and its password file."""
        return self.root / "airflow"

    @property
    def logs(self) -> Path:
        """Return the folder with one log file per process."""
        return self.root / "logs"

    @property
    def drop(self) -> Path:
        """Return the folder with one sub-folder of order files per spreadsheet shop."""
        return self.root / "drop"

    @property
    def manifests(self) -> Path:
        """Return the folder that receives published manifests."""
        return self.root / "manifests"

    @property
    def sandbox(self) -> Path:
        """Return the folder where the sandbox keeps its world."""
        return self.root / "sandbox"

    def make(self) -> None:
        """Make the home itself, empty.

        Raises:
            EnvironmentFault: not writable.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise self._unwritable(error) from None

    def prepare(self) -> None:
        """Make the folders.

        Raises:
            EnvironmentFault: not writable, or too little space.
        """
        self.make()
        try:
            for folder in (self.airflow, self.logs, self.drop, self.manifests, self.sandbox):
                folder.mkdir(exist_ok=True)
        except OSError as error:
            raise self._unwritable(error) from None
        free = shutil.disk_usage(self.root).free
        if free < _NEEDED_BYTES:
            raise EnvironmentFault(
                f"{self.root} has {free // 2**20} MiB of free space and the hub needs "
                f"{_NEEDED_BYTES // 2**20} MiB to start; free some, or name another place with --home"
            )

    def recall(self) -> Memory | None:
        """Return what this home remembers, or nothing when it is new.

        Raises:
            EnvironmentFault: the file was damaged.
        """
        file = self.root / "launcher.json"
        try:
            return Memory.model_validate_json(file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except ValidationError as error:
            where = error.errors()[0]["loc"] or ("JSON",)
            raise EnvironmentFault(
                f"{file} cannot be used (at {where[0]}); restore it from a backup, or `./hub reset`"
            ) from None

    def recalled(self) -> Memory:
        """Return what this home remembers.

        Raises:
            EnvironmentFault: nothing, or the file was damaged.
        """
        memory = self.recall()
        if memory is None:
            raise EnvironmentFault(f"{self.root} is not the home of a hub; start one with `./hub demo`")
        return memory

    def remember(self, memory: Memory) -> None:
        """Keep `memory` for the next start."""
        write_private(self.root / "launcher.json", memory.model_dump())

    def _lock_file(self) -> TextIO:
        self.make()
        try:
            return (self.root / "hub.pid").open("a+", encoding="utf-8")
        except OSError as error:
            raise self._unwritable(error) from None

    def _unwritable(self, error: OSError) -> EnvironmentFault:
        return EnvironmentFault(
            f"{self.root} cannot be written ({error.strerror}); name another place with --home"
        )

    @contextmanager
    def locked(self) -> Iterator[int]:
        """Hold the home and yield the lock's descriptor; a child that inherits it holds the lock too.

        So the lock lasts until the guard of a killed hub has ended everything; we wait for that.

        Raises:
            EnvironmentFault: another `./hub` works on it, or it cannot be written.
        """
        with self._lock_file() as file:
            deadline = time.monotonic() + _LEFTOVER_SECONDS
            while not _try_lock(file):
                file.seek(0)
                holder = file.read().strip()
                if _is_alive(holder) or time.monotonic() > deadline:
                    raise EnvironmentFault(
                        f"another ./hub (process {holder or 'unknown'}) works on {self.root}; "
                        "end it with Ctrl-C there, or start a second hub with --home and --port"
                    )
                time.sleep(0.1)
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
            yield file.fileno()
            file.truncate(0)


def _try_lock(file: TextIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _is_alive(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True


def write_private(file: Path, values: dict[str, Any]) -> None:
    """Replace `file` by `values` as JSON, whole or not at all, readable by its owner only."""
    draft = file.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(values, ensure_ascii=False, indent=1), encoding="utf-8")
    draft.replace(file)
