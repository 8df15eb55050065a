"""Ctrl-C is for the process that asked for a search: its workers hear it too, and are to end quietly when they are told to.

As a Dask preload this module does the same in each worker of a local cluster.
"""

import signal


def ignore_interrupts() -> None:
    """Leave Ctrl-C to the process that started this one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def dask_setup(_worker: object) -> None:
    """Do so in a Dask worker that starts."""
    ignore_interrupts()
