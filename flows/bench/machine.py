"""What a figure depends on besides the code: the machine, how busy it is, and the versions of the peers."""

import os
from importlib.metadata import version
from pathlib import Path
from typing import Any

PEERS = ("clkhash", "anonlink", "numpy", "numba")
PRESSURE = Path("/proc/pressure/cpu")
PROCESSORS = Path("/proc/cpuinfo")
IDLE_PERCENT = 5.0  # of the last ten seconds in which something waited for a core
CORES_FOR_TWO = 2


def describe() -> dict[str, Any]:
    """Return cores, load and versions, as they are printed beside every figure."""
    return {
        "processor": _processor(),
        "cores": cores(),
        "load": round(os.getloadavg()[0], 2),
        "waiting_percent": waiting_percent(),
        "versions": {name: version(name) for name in PEERS},
    }


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0))


def waiting_percent() -> float | None:
    """Return the share of the last ten seconds in which something waited for a core; None where the kernel does not say."""
    try:
        line = PRESSURE.read_text(encoding="ascii").splitlines()[0]
    except OSError:
        return None
    return float(line.split("avg10=")[1].split()[0])


def why_no_wall_time() -> str:
    """Return why wall time says nothing here and now; "" on an idle machine with two cores."""
    waiting = waiting_percent()
    if cores() < CORES_FOR_TWO:
        return "one core"
    if waiting is None:
        return "the kernel does not say how busy the machine is"
    return "machine busy" if waiting >= IDLE_PERCENT else ""


def _processor() -> str:
    lines = PROCESSORS.read_text(encoding="utf-8").splitlines() if PROCESSORS.exists() else []
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), "unknown")
