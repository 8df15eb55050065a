"""Search in processes of this machine, each with an interpreter of its own.

A worker reads both sides from where they lie and sends back pairs. Each has a pipe of its own: where it ends, the worker
is gone, and only its part is compared again by another; where this process ends, so do the workers.
"""

import traceback
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait

from linkage.engines.cores import usable_cores
from linkage.engines.interrupts import ignore_interrupts
from linkage.engines.ordered import AHEAD_PER_WORKER
from linkage.engines.shared import Location, shared
from linkage.search.engine import FilterPairs
from linkage.search.parts import PART_ROWS, PartsEngine, Split
from schemas.errors import ServiceError

ATTEMPTS = 3  # of one part; a part that takes three workers with it would take the fourth


@dataclass(frozen=True)
class _Task:
    """One part of a search: where the sides lie, and which rows of the larger one."""

    left: Location
    right: Location
    cut: float
    max_pairs: int
    first: int
    end: int

    def run(self) -> FilterPairs:
        """Compare the part."""
        return Split(self.left.open(), self.right.open(), self.cut, self.max_pairs).compare(self.first, self.end)


class _Worker:
    """One process, and this end of its pipe."""

    def __init__(self) -> None:
        context = get_context("spawn")  # a fork would copy threads' locks, and whatever else this process holds
        self.pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()  # so that the pipe ends with the process

    def is_alive(self) -> bool:
        """Whether the process is there."""
        return self._process.is_alive()

    def stop(self) -> None:
        """End the process, whatever it does."""
        self.pipe.close()
        self._process.kill()
        self._process.join()
        self._process.close()


class ProcessesEngine(PartsEngine):
    """Compares parts in processes of its own, which stay for the next search until `close`."""

    def __init__(self, *, workers: int | None = None, part_rows: int = PART_ROWS) -> None:
        """Use `workers` processes, or one for each core that this process may use."""
        self._size = workers or usable_cores()
        self._idle: list[_Worker] = []
        self.part_rows = part_rows

    def close(self) -> None:
        """End the workers; the next search starts others."""
        while self._idle:
            self._idle.pop().stop()

    def compare_parts(self, split: Split) -> Iterator[FilterPairs]:
        """Yield the pairs of each part in order; only a few parts are held at once.

        Raises:
            ServiceError: a part was lost with its worker `ATTEMPTS` times.
        """
        if not split.ranges:
            return
        with shared(split.left) as left, shared(split.right) as right:
            search = _Search([_Task(left, right, split.cut, split.max_pairs, *rows) for rows in split.ranges], self._idle, self._size)
            try:
                yield from search.results()
            finally:
                search.stop()


class _Search:
    """The parts of one search on their way through the workers."""

    def __init__(self, tasks: list[_Task], idle: list[_Worker], size: int) -> None:
        self._tasks, self._idle, self._size = tasks, idle, size
        self._waiting = deque(range(len(tasks)))
        self._busy: dict[Connection, tuple[_Worker, int]] = {}
        self._found: dict[int, FilterPairs] = {}
        self._lost = Counter[int]()

    def results(self) -> Iterator[FilterPairs]:
        """Yield the pairs of each task in order."""
        for due in range(len(self._tasks)):
            while due not in self._found:
                self._hand_out(due + AHEAD_PER_WORKER * self._size)
                for pipe in set(self._busy).intersection(wait(list(self._busy))):
                    self._take(*self._busy.pop(pipe))
            self._hand_out(due + 1 + AHEAD_PER_WORKER * self._size)
            yield self._found.pop(due)

    def stop(self) -> None:
        """End the workers that still compare: nobody waits for what they find."""
        while self._busy:
            self._busy.popitem()[1][0].stop()

    def _hand_out(self, limit: int) -> None:
        """Give each free worker a task before the `limit`-th."""
        while self._waiting and self._waiting[0] < limit and len(self._busy) < self._size:
            number, worker = self._waiting.popleft(), self._worker()
            self._busy[worker.pipe] = worker, number
            with suppress(BrokenPipeError):  # it was killed just now: its pipe has ended, and that is seen next
                worker.pipe.send(self._tasks[number])

    def _worker(self) -> _Worker:
        """Return a worker that waits for a task, a new one if need be."""
        while self._idle:
            worker = self._idle.pop()
            if worker.is_alive():
                return worker
            worker.stop()
        return _Worker()

    def _take(self, worker: _Worker, number: int) -> None:
        """Keep a worker's answer, or have its task done again where the worker is gone."""
        try:
            answer = worker.pipe.recv()
        except (EOFError, OSError):
            worker.stop()
            self._again(number)
            return
        self._idle.append(worker)
        if isinstance(answer, BaseException):
            raise answer
        self._found[number] = answer

    def _again(self, number: int) -> None:
        self._lost[number] += 1
        if self._lost[number] == ATTEMPTS:
            raise ServiceError(f"search: one part ended {ATTEMPTS} workers; give the machine more memory or set fewer workers, then repeat")
        self._waiting.appendleft(number)


def _serve(pipe: Connection) -> None:
    """Do tasks until the pipe ends."""
    ignore_interrupts()
    while True:
        try:
            task: _Task = pipe.recv()
            pipe.send(_answer(task))
        except (EOFError, OSError):
            return


def _answer(task: _Task) -> FilterPairs | Exception:
    try:
        return task.run()
    except Exception as error:  # noqa: BLE001 - it is raised where the search was asked for
        error.add_note(traceback.format_exc())
        return error
