"""`--chaos`: processes of a demo are killed at random moments, whichever they are, and started again as people would.

A server is started again at once. A command that was killed, or that failed because a server was, is run again: every command is safe to
repeat. What must not change is fixed by the findings: each one to be released becomes one token, redeemed once.
"""

import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from flows.demo.processes import Processes

MEAN_SECONDS: Final = 3.0  # from a stage's beginning to its kill; a stage that is over before goes unhurt
NEVER = float("-inf")
_random = secrets.SystemRandom()


@dataclass(frozen=True)
class Kill:
    """A process that was killed: its role, and the stage."""

    role: str
    stage: str


@dataclass
class Chaos:
    """Kills at most one process a stage. `servers` says how each server is started again, by its role; `kills` is what was done."""

    processes: Processes
    tell: Callable[[str], None]
    servers: Mapping[str, Callable[[], None]]
    kills: list[Kill] = field(default_factory=list)
    _whole_since: float = NEVER
    _whole: threading.Event = field(default_factory=threading.Event)
    _one_at_a_time: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        """Let commands that a kill has struck be run again."""
        self._whole.set()
        self.processes.again = self._was_struck

    @contextmanager
    def during(self, stage: str) -> Iterator[None]:
        """Kill one process while the block runs; after it every server is up."""
        over = threading.Event()
        striker = threading.Thread(target=self._strike, args=(stage, over), daemon=True)
        striker.start()
        try:
            yield
        finally:
            over.set()
            striker.join()

    def kill(self, role: str, stage: str) -> None:
        """Kill the process of a role, if it runs, and start it again where it is a server."""
        with self._one_at_a_time:
            process = self.processes.running_as(role)
            if process is None:
                return
            self._whole.clear()
            try:
                self.tell(f"  {role} is killed: {stage}")
                self.processes.kill(process)
                self.kills.append(Kill(role, stage))
                if role in self.servers:
                    self.servers[role]()
            finally:
                self._whole_since = time.monotonic()
                self._whole.set()

    def _strike(self, stage: str, over: threading.Event) -> None:
        if not over.wait(_random.expovariate(1 / MEAN_SECONDS)):
            roles = self.processes.roles()
            if roles:
                self.kill(_random.choice(roles), stage)

    def _was_struck(self, began: float) -> bool:
        """Say whether a command that began then and failed may have been struck; wait until every server is up."""
        self._whole.wait()
        return began < self._whole_since


def outcome(kills: list[Kill], before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Return what kills changed of the tokens.

    Args:
        kills: what was killed.
        before: `due`, the envelopes of findings to be released, as they stood when findings were fixed.
        after: `redeemed` and `twice`, the envelopes whose tokens were redeemed, and those redeemed more than once.
    """
    due, redeemed = set(before["due"]), set(after["redeemed"])
    return {
        "killed": [kill.role for kill in kills],
        "stage": [kill.stage for kill in kills],
        "restarted": len(kills),
        "tokens_before": len(due),
        "tokens_after": len(due & redeemed),
        "doubled": len(after["twice"]),
        "lost": len(due - redeemed),
    }
