"""The demo's desks: each in a directory and process of its own, with the authority's lists and sealed maps carried there as people would."""

import shutil
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from flows.demo.circumstances import SPREAD_AT, spread
from flows.demo.plan import Member
from flows.demo.processes import Processes

EXTRACT, MAPS = "extract", "maps"
LISTS = ("children", "directory", "ties", "closures")


def copy_lists(extracts: Path, authorities: Sequence[Member]) -> None:
    """Lay a desk's copy of the lists beside each authority's extract, before either has an owner."""
    for member in authorities:
        (extracts / member.desk).mkdir(mode=0o700)
        for path in (extracts / str(member.extract)).iterdir():
            if path.stem in LISTS:
                shutil.copy(path, extracts / member.desk)
        if member.gss_code == SPREAD_AT:
            spread(extracts / member.desk, date.today())


def make_desks(
    processes: Processes, extracts: Path, out: Path, authorities: Sequence[Member], options: Callable[[Member], list[str]], *, at_once: int
) -> dict[str, dict[str, Any]]:
    """Let every authority's desk make its keys, and give it its copy of the lists; return the identities by organisation."""
    jobs = [
        (member.desk, out / member.desk, ["party", "desk", "--dir", ".", "--organisation", member.organisation, *options(member)])
        for member in authorities
    ]
    made = processes.run_all(jobs, at_once=at_once, done=lambda _: None)
    for member in authorities:
        for path in (extracts / member.desk).iterdir():
            path.rename(out / member.desk / EXTRACT / path.name)
    return {member.organisation: answer["identity"] for member, answer in zip(authorities, made, strict=True)}


def hand_over_maps(out: Path, authorities: Sequence[Member]) -> None:
    """Carry every sealed map from the node that submitted to the desk; the node keeps none."""
    for member in authorities:
        for path in (member.directory(out) / MAPS).iterdir():
            path.rename(out / member.desk / MAPS / path.name)
