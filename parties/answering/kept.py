"""What a node keeps between its submission and the second wave: what stands behind each filter that it may be asked about.

One file a round, for its owner alone: digests, written joins and pseudonyms; no text of a record and no key. It is written
beside the submission, takes effect with the receipt, and is gone once the last wave is answered, or the agreed days are over.
"""

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from parties.second_look.halves import Behind, OwnFilters
from parties.settings import NodeSettings
from parties.whole_files import OWNER_ONLY_DIRECTORY, whole_file
from schemas.agreement import PROJECTIONS, Projection
from schemas.encoding_set import Population
from schemas.errors import SubmissionError

DIRECTORY, SUFFIX = "second-look", ".npz"


class KeptFilters:
    """The filters of one round's accepted submission."""

    def __init__(self, settings: NodeSettings, round_id: str) -> None:
        """Use what was kept of this round, which may not be there."""
        self._path = settings.path(DIRECTORY, f"{round_id}{SUFFIX}")

    @property
    def path(self) -> Path:
        """Where they are kept."""
        return self._path

    def take_over(self, written: Path) -> None:
        """Keep the file that `write_filters` wrote, in place of an earlier submission's; nothing where there is none."""
        if written.exists():
            self._path.parent.mkdir(mode=OWNER_ONLY_DIRECTORY, exist_ok=True)
            written.replace(self._path)

    def read(self, population: Population, projection: Projection) -> OwnFilters:
        """Return what stands behind the filters of one projection.

        Raises:
            SubmissionError: nothing was kept of this round, or not of this population.
        """
        try:
            with np.load(self._path, allow_pickle=False) as arrays:
                return OwnFilters(
                    arrays[f"{population}.{projection}.pseudonyms"],
                    arrays[f"{population}.{projection}.record"],
                    arrays[f"{population}.digests"],
                    arrays[f"{population}.joins"],
                )
        except (FileNotFoundError, KeyError, ValueError):
            raise SubmissionError(
                f"requests: {self._path.name} has nothing to answer {population} with; answer where the submission was made"
            ) from None

    def forget(self) -> None:
        """Remove what was kept; safe to repeat."""
        self._path.unlink(missing_ok=True)


def write_filters(path: Path, behind: Behind) -> None:
    """Write what stands behind the filters of some populations to `path`, whole or not at all."""
    arrays = dict[str, NDArray[np.generic]]()
    for population, by_projection in behind.items():
        for projection, own in by_projection.items():
            arrays[f"{population}.{projection}.pseudonyms"] = own.pseudonyms
            arrays[f"{population}.{projection}.record"] = own.record
        shared = by_projection[PROJECTIONS[0]]  # every projection has the same records
        arrays[f"{population}.digests"], arrays[f"{population}.joins"] = shared.digests, shared.joins
    with whole_file(path) as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]  # its stubs take a keyword for `allow_pickle`


def forget_old(settings: NodeSettings, now: datetime, *, days: int) -> None:
    """Remove what is left of rounds whose submission was more than `days` ago: they have expired, and nothing asks any more."""
    oldest = (now - timedelta(days=days)).timestamp()
    for path in settings.path(DIRECTORY).glob(f"*{SUFFIX}"):
        if path.stat().st_mtime < oldest:
            path.unlink(missing_ok=True)
