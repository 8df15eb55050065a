"""The worker that nobody has to start for each round: looks what is due, does it, and goes on, until it is stopped."""

import signal
import threading
from types import FrameType

from flows.commands.console import say
from flows.compiling import announced
from flows.linkage_round import NAME, STAGES
from flows.stages import run_stages
from linkage.due_work import due_work
from linkage.settings import ServiceSettings
from linkage.store.audit_copy import open_checked
from schemas.errors import UserError


def work(settings: ServiceSettings, every: float) -> None:
    """Work until SIGTERM or SIGINT; a step that is under way is given back, and goes on at the next start.

    Raises:
        ConfigurationError, ServiceError: the database does not answer, or is older than what the service has done.
    """
    stopped = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopped.set()  # an exception alone could be lost, where it meets the interpreter tidying up
        raise KeyboardInterrupt

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    done: dict[str, str] = {}
    say("working; stop with Ctrl-C")
    try:
        while not stopped.is_set():
            for round_id, why in _due(settings).items():
                if done.get(round_id) != why and not stopped.is_set():
                    say(f"{round_id}: {why}")
                    _run(settings, round_id, why, done)
            stopped.wait(every)
    except KeyboardInterrupt:
        pass
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    say("stopped; what was finished is kept")


def _run(settings: ServiceSettings, round_id: str, why: str, done: dict[str, str]) -> None:
    try:
        with announced(say):
            run_stages(NAME, STAGES, prefect_api=settings.prefect_api, directory=settings.directory, round_id=round_id)
        done[round_id] = why
    except UserError as error:  # of this round; the others go on, and this is tried again at the next look
        say(f"{round_id}: {error}")


def _due(settings: ServiceSettings) -> dict[str, str]:
    store = open_checked(settings)
    try:
        return due_work(store)
    finally:
        store.dispose()
