"""The statistics office's flow: fetch one round's noised table and write it out. Never retried: the ledger answers again by itself."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from flows.stages import Counts, Stage

NAME = "statistics"


def publish(out: Path, directory: Path, round_id: str) -> Counts | None:
    """Fetch the table and write its files to `out`, taken from the node's directory unless absolute."""
    from parties.publication.writing import publish as write_out
    from parties.settings import load_settings
    from parties.statistics import fetch_released

    write_out(fetch_released(load_settings(directory), round_id), directory / out)
    return None


def publish_stages(out: Path) -> Sequence[Stage]:
    """Return the flow's table for the directory `out`."""
    return (Stage("publish", partial(publish, out)),)
