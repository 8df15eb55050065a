"""Every flow by name, as Prefect objects: what `prefect serve` and a work pool take.

Building them imports Prefect; nothing else does before it is needed. Schedules belong to each node's own Prefect.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from flows import custodian, linkage_round, local_authority, statistics
from flows.stages import Stage, as_flow

if TYPE_CHECKING:
    from prefect import Flow

ANSWER_WAIT_SECONDS = 0  # a schedule runs it again
TABLES_DIRECTORY = Path("tables")  # in the node's directory

TABLES: Mapping[str, Sequence[Stage]] = {
    **dict.fromkeys(custodian.NAMES, custodian.STAGES),
    **{custodian.answer_name(kind): custodian.answer_stages(ANSWER_WAIT_SECONDS) for kind in custodian.ANSWERING},
    local_authority.NAME: local_authority.STAGES,
    local_authority.QUESTIONS_NAME: local_authority.QUESTION_STAGES,
    linkage_round.NAME: linkage_round.STAGES,
    statistics.NAME: statistics.publish_stages(TABLES_DIRECTORY),
}


def flows() -> "dict[str, Flow[[str, str], None]]":
    """Return each flow under its name; its parameters are the node's directory and a round's id."""
    return {name: as_flow(name, stages) for name, stages in TABLES.items()}
