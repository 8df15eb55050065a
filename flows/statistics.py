"""The statistics office's flow: fetch one round's noised table and write it out. Never retried: the ledger answers again by itself."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from flows.stages import Counts, Stage

NAME = "statistics"


def publish(out: Path, evidence: Path | None, directory: Path, round_id: str) -> Counts | None:
    """Fetch the table and write its files to `out`, taken from the node's directory unless absolute; corrected by `evidence`, where there is some."""
    from parties.publication.writing import publish as write_out
    from parties.settings import load_settings
    from parties.statistics import fetch_released, read_evidence

    known = read_evidence(directory / evidence) if evidence else None
    write_out(replace(fetch_released(load_settings(directory), round_id), evidence=known), directory / out)
    return None


def publish_stages(out: Path, evidence: Path | None = None) -> Sequence[Stage]:
    """Return the flow's table for the directory `out` and a file of evidence."""
    return (Stage("publish", partial(publish, out, evidence)),)
