"""Starting and stopping the demo's processes. Whatever it started it stops, also after Ctrl-C or a failure."""

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from schemas.errors import ConfigurationError, ServiceError

GRACE_SECONDS = 10
LOG = "process.log"


@dataclass(frozen=True)
class Started:
    """A process as the summary lists it."""

    role: str
    pid: int
    port: int | None
    directory: str


@dataclass
class Processes:
    """Every process of one demo. Use as a context manager.

    `again` says of a command that began at an instant and failed whether it is to be run again.
    """

    keep: bool = False
    again: Callable[[float], bool] = lambda _began: False
    started: list[Started] = field(default_factory=list)
    _running: dict[int, "subprocess.Popen[str]"] = field(default_factory=dict)
    _roles: dict[int, str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _stopping: bool = False

    def __enter__(self) -> Self:
        """Stop cleanly on SIGINT and SIGTERM, also where whoever started this process had SIGINT ignored."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, _interrupt)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Stop everything that still runs, unless it is to be kept and nothing went wrong."""
        if not self.keep or kind is not None:
            self.stop_all()

    def start(
        self, role: str, directory: Path, command: Sequence[str], *, port: int | None = None, environment: Mapping[str, str] | None = None
    ) -> "subprocess.Popen[str]":
        """Start `command` in `directory` as `role`; its standard error goes to a log there."""
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._lock, (directory / LOG).open("a", encoding="utf-8") as log:
            if self._stopping:
                raise KeyboardInterrupt
            process = subprocess.Popen(  # noqa: S603 - our own command line
                list(command),
                cwd=directory,
                env={**_inherited(), **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if port is None else log,
                stderr=log,
                text=True,
                start_new_session=True,
            )
            self._running[process.pid], self._roles[process.pid] = process, role
        self.started.append(Started(role, process.pid, port, str(directory)))
        return process

    def run(self, role: str, directory: Path, *arguments: str) -> dict[str, Any]:
        """Run one `kinlink` command to its end and return the JSON object it prints.

        Raises:
            ServiceError: it failed; says where its log is.
        """
        while True:
            began = time.monotonic()
            process = self.start(role, directory, kinlink(*arguments, "--json"))
            output, _ = process.communicate()
            self._running.pop(process.pid, None)
            if not process.returncode:
                answer: dict[str, Any] = json.loads(output.strip().splitlines()[-1])
                return answer
            if not self.again(began):
                raise ServiceError(
                    f"{role}: `kinlink {' '.join(arguments[:2])}` ended with code {process.returncode}; its log is {directory / LOG}"
                )

    def run_all(
        self, jobs: Iterable[tuple[str, Path, Sequence[str]]], *, at_once: int, done: Callable[[int], None]
    ) -> list[dict[str, Any]]:
        """Run several commands, `at_once` at a time, and return their answers in order."""
        pool = ThreadPoolExecutor(at_once)
        futures = [pool.submit(self.run, role, directory, *arguments) for role, directory, arguments in jobs]
        answers = []
        try:
            for count, future in enumerate(futures, start=1):
                answers.append(future.result())
                done(count)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            self.stop_all()
            raise
        pool.shutdown()
        return answers

    def kill(self, process: "subprocess.Popen[str]") -> None:
        """End a process at once, as a power cut would."""
        _signal(process, signal.SIGKILL)
        process.wait()
        self._running.pop(process.pid, None)

    def roles(self) -> list[str]:
        """Return the roles of what runs."""
        return sorted({self._roles[pid] for pid in self.running()})

    def running_as(self, role: str) -> "subprocess.Popen[str] | None":
        """Return a process of a role that runs, if there is one."""
        with self._lock:
            return next((self._running[pid] for pid in self.running() if self._roles[pid] == role), None)

    def running(self) -> list[int]:
        """Return the process ids of what still runs."""
        return [pid for pid, process in [*self._running.items()] if process.poll() is None]

    def stop_all(self) -> None:
        """Ask every process to stop, then end those that do not."""
        with self._lock:
            self._stopping = True
            running = list(self._running.values())
        for process in running:
            _signal(process, signal.SIGTERM)
        deadline = time.monotonic() + GRACE_SECONDS
        for process in running:
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(0.1, deadline - time.monotonic()))
            _signal(process, signal.SIGKILL)
            process.wait()
        self._running.clear()


def _inherited() -> dict[str, str]:
    """Return the environment without what would make every process compile its modules again."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def kinlink(*arguments: str) -> list[str]:
    """Return the command line that runs `kinlink` with this interpreter."""
    return [sys.executable, "-W", "ignore", "-m", "flows.command", *arguments]


def free_port() -> int:
    """Return a loopback port that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def wait_until(ready: Callable[[], bool], process: "subprocess.Popen[str]", what: str, *, seconds: float) -> None:
    """Wait until a server answers.

    Raises:
        ConfigurationError: it ended, or did not answer in time.
    """
    deadline = time.monotonic() + seconds
    while not ready():
        if process.poll() is not None:
            raise ConfigurationError(f"{what} ended with code {process.returncode} while starting; see {LOG} in its directory")
        if time.monotonic() > deadline:
            raise ConfigurationError(f"{what} did not answer within {seconds:.0f} s; the machine may be too busy: try again")
        time.sleep(0.2)


def answers(url: str, trust: ssl.SSLContext | bool = True) -> bool:  # noqa: FBT001, FBT002 - httpx's own `verify`
    """Say whether a server answers well."""
    try:
        return httpx.get(url, verify=trust, timeout=2, trust_env=False).is_success
    except httpx.HTTPError:
        return False


def _signal(process: "subprocess.Popen[str]", number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt
