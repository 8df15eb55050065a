"""A flow is a table of stages. The same table runs under a node's own Prefect, or as plain functions where it has none.

Only the flow's name, stage names, the node's directory, a round id, counts rounded up to tens and error codes pass
through Prefect. Stages are safe to repeat; none retries on its own unless its row says so.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flows.boundary import coded, last_error
from schemas.errors import CodedError

if TYPE_CHECKING:
    from prefect import Flow

Counts = Mapping[str, int]
COUNT_STEP = 10

QUIET = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_LOGGING_LEVEL": "CRITICAL",
    "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "false",
}


@dataclass(frozen=True)
class Stage:
    """One step of a flow: a function of (directory, round id) that may return counts to show."""

    name: str
    run: Callable[[Path, str], Counts | None]
    retries: int = 0


def prefect_environment(api: str, home: Path) -> dict[str, str]:
    """Return the environment under which Prefect talks to `api` only and keeps its files in `home`."""
    return {**QUIET, "PREFECT_API_URL": api, "PREFECT_HOME": str(home)}


def run_stages(name: str, stages: Sequence[Stage], *, prefect_api: str | None, directory: Path, round_id: str) -> None:
    """Run the stages in order, under the node's Prefect if it has one.

    Args:
        name: the flow's name.
        stages: its table.
        prefect_api: address of the node's Prefect API, or None.
        directory: the node's directory.
        round_id: the round.

    Raises:
        KinlinkError: what stopped a stage, with its own words.
    """
    try:
        if prefect_api:
            os.environ.update(prefect_environment(prefect_api, directory / "prefect"))
            as_flow(name, stages)(str(directory), round_id)
        else:
            for stage in stages:
                coded(stage.name)(stage.run)(directory, round_id)
    except CodedError as error:
        raise last_error() or error from None


def as_flow(name: str, stages: Sequence[Stage]) -> "Flow[[str, str], None]":
    """Return the stages as a Prefect flow of (directory, round id)."""
    from prefect import flow

    @flow(name=name, log_prints=False, persist_result=False, validate_parameters=False)
    def run(directory: str, round_id: str) -> None:
        for stage in stages:
            _as_task(name, stage)(directory, round_id)

    return run


def _as_task(flow_name: str, stage: Stage) -> Callable[[str, str], Any]:
    from prefect import task
    from prefect.artifacts import create_table_artifact

    @task(name=stage.name, retries=stage.retries, log_prints=False, persist_result=False)
    @coded(stage.name)
    def run(directory: str, round_id: str) -> None:
        counts = stage.run(Path(directory), round_id)
        if counts:
            rows = [{"what": what, "at most": -(-count // COUNT_STEP) * COUNT_STEP} for what, count in counts.items()]
            create_table_artifact(key=f"{flow_name}-{stage.name}", table=rows, description="Counts, rounded up to tens.")

    return run
