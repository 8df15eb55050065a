"""Search by Dask, on workers of this machine or of several.

Each part of the larger side goes to one worker with its task; the smaller side goes out once and workers pass it on. Dask
does a lost worker's tasks again, and makes again what only that worker had. Between machines everything goes over TLS with
certificates on both ends. Dask writes the beginning of a failed task's arguments into its log, so filters travel in an envelope that
hides them; workers need no more of Kinlink than `linkage.engines` and what it imports.
"""

import logging
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from ssl import TLSVersion
from typing import Any

import numpy as np

from linkage.engines.cores import usable_cores
from linkage.engines.ordered import in_order
from linkage.search.engine import FilterPairs, Filters
from linkage.search.parts import PART_ROWS, PartsEngine, Split, compare_part
from schemas.errors import ConfigurationError, ServiceError

ANSWER_SECONDS = 20  # for a scheduler to answer and its first worker to be there
RETRIES = 2  # of a part that fails on a worker that lives, such as for want of memory
LOOPBACK = ("localhost", "127.0.0.1", "::1")

# Nothing of a search is served over HTTP, no log has more than what stops Dask itself, and workers leave Ctrl-C to this process.
QUIET = {
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
    "distributed.worker.preload": ["linkage.engines.interrupts"],
    "logging.distributed": "critical",
}
LARGE = {"distributed.admin.large-graph-warning-threshold": "1 TB"}  # the smaller side is large, and is meant to be
LOCAL = {
    "host": "127.0.0.1",
    "protocol": "tls://",  # other users of this machine can reach loopback, too
    "threads_per_worker": 1,
    "dashboard_address": "127.0.0.1:0",
    "memory_limit": 0,  # Dask's own limit writes what does not fit to disk
    "silence_logs": logging.CRITICAL,
}


@dataclass(frozen=True)
class Tls:
    """PEM files with which this process shows itself to the scheduler and checks it."""

    ca: Path
    certificate: Path
    key: Path


@dataclass(frozen=True, repr=False)
class _Sealed:
    """Filters that show nothing of themselves."""

    filters: Filters

    def __repr__(self) -> str:
        """Show no value."""
        return "filters(…)"

    def __sizeof__(self) -> int:
        """Return the bytes that Dask is to reckon with."""
        return self.filters.nbytes


class DaskEngine(PartsEngine):
    """Compares parts on a Dask cluster: that of a scheduler, or one on this machine that lasts until `close`."""

    def __init__(
        self, *, scheduler: str | None = None, workers: int | None = None, tls: Tls | None = None, part_rows: int = PART_ROWS
    ) -> None:
        """Use the cluster of `scheduler`, or make one of `workers` processes, by default one for each core that this process may use.

        Raises:
            ConfigurationError: the scheduler is on another machine, and not over TLS; or certificates are missing or too many.
        """
        check_scheduler(scheduler, tls)
        self._scheduler, self._size, self._tls = scheduler, workers or usable_cores(), tls
        self._opened = ExitStack()
        self._client: Any = None
        self.part_rows = part_rows

    def close(self) -> None:
        """Let go of the cluster; the next search opens it again."""
        self._client = None
        self._opened.close()

    def cpu_seconds(self) -> float:
        """Return the processor time that the workers have used in their lives."""
        return float(sum(self._connected().run(time.process_time).values()))

    def compare_parts(self, split: Split) -> Iterator[FilterPairs]:
        """Yield the pairs of each part in order; only a few parts are under way at once.

        Raises:
            ServiceError: the scheduler does not answer, has no worker, or lost a part with its worker too often.
        """
        if not split.ranges:
            return
        from distributed.comm.core import CommClosedError
        from distributed.scheduler import KilledWorker, NoValidWorkerError, NoWorkerError

        client = self._connected()
        try:
            yield from self._compared(client, split)
        except KilledWorker:
            raise ServiceError("dask: one part ended several workers; give workers more memory, then repeat") from None
        except (NoValidWorkerError, NoWorkerError):
            raise ServiceError("dask: all workers have gone; start workers, then repeat") from None
        except (CancelledError, CommClosedError):
            raise ServiceError("dask: the scheduler has gone; start scheduler and workers again, then repeat") from None

    def _compared(self, client: Any, split: Split) -> Iterator[FilterPairs]:
        import dask

        given = {"cut": split.cut, "part_is_left": split.part_is_left, "max_pairs": split.max_pairs}
        # A task, not data that is scattered: what a task made is made again where the one worker that has it is lost.
        with dask.config.set(LARGE):
            other = client.submit(_passed_on, _sealed(split.other), pure=False)

        def submit(first: int, end: int) -> Any:
            return client.submit(_compare, _sealed(split.part(first, end)), other, **given, pure=False, retries=RETRIES)

        yield from in_order(submit, split.ranges, workers=sum(client.nthreads().values()))

    def _connected(self) -> Any:
        if self._client is None:
            with ExitStack() as opened:
                client = _remote(opened, self._scheduler, self._tls) if self._scheduler else _local(opened, self._size)
                self._opened, self._client = opened.pop_all(), client
        return self._client


def check_scheduler(address: str | None, tls: Tls | None) -> None:
    """Check that filters go to a scheduler only on this machine, or over TLS.

    Raises:
        ConfigurationError: they would not; or certificates are missing, or are there for nothing.
    """
    scheme, _, place = (address or "").partition("://")
    host = place.rpartition(":")[0].strip("[]")
    if scheme != "tls" and address is not None and not (scheme == "tcp" and host in LOOPBACK):
        raise ConfigurationError("dask_scheduler: filters go to another machine over TLS alone; give tls://host:port")
    if (scheme == "tls") != (tls is not None):
        raise ConfigurationError("dask_scheduler: tls://host:port goes with dask_ca, dask_certificate and dask_key; set all four or none")
    for file in (tls.ca, tls.certificate, tls.key) if tls else ():
        if not file.is_file():
            raise ConfigurationError(f"{file} is missing; see docs/how-to/search-on-several-machines.md")


def _remote(opened: ExitStack, scheduler: str, tls: Tls | None) -> Any:
    """Return a client of the scheduler, which has a worker."""
    distributed = _distributed()
    try:
        client = opened.enter_context(
            distributed.Client(scheduler, security=tls and _security(tls), timeout=ANSWER_SECONDS, set_as_default=False)
        )
        client.wait_for_workers(1, timeout=ANSWER_SECONDS)
    except OSError:  # running out of time is one, too
        raise ServiceError("dask: no scheduler with a worker answers at dask_scheduler; start both, then repeat") from None
    return client


def _security(tls: Tls) -> Any:
    return _distributed().Security(
        require_encryption=True,
        tls_ca_file=str(tls.ca),
        tls_client_cert=str(tls.certificate),
        tls_client_key=str(tls.key),
        tls_min_version=TLSVersion.TLSv1_3,
    )


def _local(opened: ExitStack, workers: int) -> Any:
    """Return a client of a cluster on this machine, whose files go with it."""
    import dask

    distributed = _distributed()
    folder = opened.enter_context(tempfile.TemporaryDirectory(prefix="kinlink-dask-"))
    with dask.config.set({**QUIET, "temporary-directory": folder}):  # the scheduler, too, makes itself a place for files
        cluster = distributed.LocalCluster(n_workers=workers, local_directory=folder, security=distributed.Security.temporary(), **LOCAL)
    return opened.enter_context(distributed.Client(opened.enter_context(cluster), set_as_default=False))


def _distributed() -> Any:  # the library has no types
    import distributed

    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    return distributed


def _sealed(filters: Filters) -> _Sealed:
    return _Sealed(np.ascontiguousarray(filters))


def _passed_on(side: _Sealed) -> _Sealed:
    """Return the side as it came: what a worker makes can be fetched by the others."""
    return side


def _compare(part: _Sealed, other: _Sealed, **given: Any) -> FilterPairs:
    return compare_part(part.filters, other.filters, **given)
