"""Starts processes, restarts those that die, and ends them all with us; runs in the foreground."""

import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGKILL, SIGTERM, Signals

from orderhub.errors import EnvironmentFault
from orderhub.guard import Guard, end_sessions
from orderhub.operate.voice import Voice

_FIRST_WAIT, _LONGEST_WAIT, _STABLE_SECONDS = 1.0, 60.0, 60.0
_TICK_SECONDS = 0.1


@dataclass(frozen=True)
class Service:
    """A process that should always run.

    Attributes:
        name: names the log file and appears in messages.
        command: program and arguments.
        environment: the whole environment.
        folder: working directory.
        polite: the signal that ends it properly.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    folder: Path
    polite: Signals = SIGTERM


@dataclass
class _Running:
    service: Service
    process: subprocess.Popen[bytes]
    since: float
    wait: float = _FIRST_WAIT
    due: float | None = field(default=None)


class Supervisor:
    """All processes of one hub."""

    def __init__(self, guard: Guard, logs: Path, voice: Voice) -> None:
        self._guard = guard
        self._logs = logs
        self._voice = voice
        self._running: dict[str, _Running] = {}

    def start(self, service: Service) -> subprocess.Popen[bytes]:
        """Start a process and keep it running from now on.

        Raises:
            EnvironmentFault: the program cannot be started at all.
        """
        process = self._launch(service)
        self._running[service.name] = _Running(service, process, time.monotonic())
        return process

    def begin(self, service: Service) -> subprocess.Popen[bytes]:
        """Start a program that ends by itself; `finish` it later."""
        return self._launch(service)

    def finish(self, service: Service, process: subprocess.Popen[bytes]) -> None:
        """Wait for the end of a program, watching the others meanwhile.

        Raises:
            EnvironmentFault: it failed; the message quotes the end of its log.
        """
        while process.poll() is None:
            self.tick()
        self._guard.forget(process)
        if process.returncode != 0:
            raise EnvironmentFault(self.last_words(service.name))

    def wait_for(self, ready: Callable[[], bool], service: str, seconds: float) -> None:
        """Return once `ready()` says so, watching all processes meanwhile.

        Raises:
            EnvironmentFault: it did not happen in `seconds`; the message quotes the log of `service`.
        """
        deadline = time.monotonic() + seconds
        while not ready():
            if time.monotonic() > deadline:
                raise EnvironmentFault(self.last_words(service))
            self.tick()

    def tick(self, seconds: float = _TICK_SECONDS) -> None:
        """Sleep a moment, then restart what died and has waited long enough."""
        time.sleep(seconds)
        now = time.monotonic()
        for running in self._running.values():
            if running.due is None and running.process.poll() is not None:
                self._note_death(running, now)
            if running.due is not None and now >= running.due:
                running.process = self._launch(running.service)
                running.since, running.due = now, None

    def log_file(self, name: str) -> Path:
        """Return the log of one process."""
        return self._logs / f"{name}.log"

    def last_words(self, name: str) -> str:
        """Return one sentence with the end of a log and where to read more."""
        file = self.log_file(name)
        text = file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        return f"{name} did not get ready: {' / '.join(lines[-2:]) or 'no output'}; log: {file}"

    def _note_death(self, running: _Running, now: float) -> None:
        """Kill what the dead process left in its session, and plan the restart with growing waits."""
        stable = now - running.since > _STABLE_SECONDS
        wait = _FIRST_WAIT if stable else running.wait
        running.due, running.wait = now + wait, min(wait * 2, _LONGEST_WAIT)
        end_sessions([running.process.pid], SIGKILL, 1)
        self._guard.forget(running.process)
        name, code = running.service.name, running.process.returncode
        self._voice.say(
            f"{name} 意外退出(代码 {code}),{wait:.0f} 秒后重启;日志 {self.log_file(name)}",
            f"{name} ended unexpectedly (code {code}), restarting in {wait:.0f} s; log {self.log_file(name)}",
        )

    def _launch(self, service: Service) -> subprocess.Popen[bytes]:
        try:
            with self.log_file(service.name).open("ab") as output:
                process = subprocess.Popen(  # noqa: S603 - our own commands
                    list(service.command),
                    env=dict(service.environment),
                    cwd=service.folder,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    start_new_session=True,
                )
        except OSError as error:
            raise EnvironmentFault(
                f"{service.name} cannot be started ({error.strerror}: {error.filename}); "
                "free disk space, or delete .venv and run ./hub again"
            ) from None
        self._guard.watch(process, service.polite)
        return process
