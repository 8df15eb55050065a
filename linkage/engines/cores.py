"""How many cores this process may use."""

import os


def usable_cores() -> int:
    """Return the number of cores that the system lets this process run on, which may be fewer than the machine has."""
    return len(os.sched_getaffinity(0))
