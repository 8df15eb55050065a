"""The linkage round: what the service's worker does between closing and approval."""

from datetime import UTC, datetime
from pathlib import Path

from flows.stages import Counts, Stage

NAME = "linkage-round"


def search(directory: Path, round_id: str) -> Counts | None:
    """Search every pair of pools; skipped where it was done."""
    from flows.commands.console import progress_to_stderr
    from linkage.settings import load_settings
    from linkage.store.engine import open_store
    from linkage.worker import search_round

    settings = load_settings(directory)
    search_round(open_store(settings.database), settings, round_id, now=datetime.now(UTC), progress=progress_to_stderr)
    return None


def find(directory: Path, round_id: str) -> Counts | None:
    """Record findings and decisions; skipped where it was done."""
    from linkage.settings import load_settings
    from linkage.store.engine import open_store
    from linkage.worker import find_round

    settings = load_settings(directory)
    find_round(open_store(settings.database), settings, round_id, now=datetime.now(UTC))
    return None


STAGES = (Stage("search", search), Stage("findings", find))
