"""The parts of a submission and the manifest over them. Touches no file and no network: arrays in, tables and a manifest out."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from parties.encoding.encode import EncodedPopulation
from parties.encoding.normalise import NORMALISER, normaliser_digest
from parties.extracts.mapping import Mapped
from parties.rounds import Round
from schemas.agreement import Encoding
from schemas.byte_columns import by_bytes, id_column
from schemas.canonical import short
from schemas.encoding_set import Part, SubmissionManifest
from schemas.errors import AgreementError
from schemas.joins import PERSON_BYTES, STANDINGS, TIES
from schemas.linkage import schemas_digest

MEND = "update Kinlink, or have the agreement signed again"


def check_versions(encoding: Encoding) -> None:
    """Check that this version of Kinlink encodes as was agreed.

    Raises:
        AgreementError: the normaliser, its tables or the linkage schemas are other ones; says which, and the digests.
    """
    if encoding.normaliser != NORMALISER:
        raise AgreementError(f"agreement: names normaliser {encoding.normaliser}, this version's is {NORMALISER}; {MEND}")
    for what, agreed, ours in (
        ("normaliser_digest", encoding.normaliser_digest, normaliser_digest()),
        ("schemas_digest", encoding.schemas_digest, schemas_digest()),
    ):
        if agreed != ours:
            raise AgreementError(f"agreement: {what} is {short(agreed)}, this version's is {short(ours)}; {MEND}")


def tie_tables(mapped: Mapped, adults: EncodedPopulation, children: EncodedPopulation) -> dict[str, pa.Table]:
    """Return the parts that say who belongs to whom, in the order of their ids; people without a filter are left out."""
    here, there = _encoded(adults), _encoded(children)
    pairs = [(adult, child) for adult, child in mapped.ties if here[adult] and there[child]]
    standings = {child: standing for child, standing in mapped.standings.items() if there[child]}
    tied = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    ties = np.hstack([adults.persons[tied[:, 0]], children.persons[tied[:, 1]]])
    ties = ties[by_bytes(ties)]
    stand = children.persons[np.array(list(standings), dtype=np.int64)]
    order = by_bytes(stand)
    levels = pa.array(np.array(list(standings.values()), dtype=np.uint8)[order])
    return {
        "ties.arrow": pa.Table.from_arrays([id_column(ties[:, :PERSON_BYTES]), id_column(ties[:, PERSON_BYTES:])], schema=TIES),
        "standings.arrow": pa.Table.from_arrays([id_column(stand[order]), levels], schema=STANDINGS),
    }


def submission_manifest(parts: Mapping[str, Part], *, round_: Round, organisation: str, quarantined_per_mille: int) -> SubmissionManifest:
    """Return the manifest of these parts."""
    return SubmissionManifest(
        round_id=round_.round_id,
        round_digest=round_.digest,
        roster_digest=round_.manifest.roster_digest,
        agreement_digest=round_.manifest.agreement_digest,
        organisation=organisation,
        normaliser=NORMALISER,
        normaliser_digest=normaliser_digest(),
        schemas_digest=schemas_digest(),
        quarantined_per_mille=quarantined_per_mille,
        parts=[parts[name] for name in sorted(parts)],
    )


def _encoded(population: EncodedPopulation) -> list[bool]:
    """Say of each person whether any filter is theirs."""
    joined = {person.tobytes() for person in population.joins[0]}
    return [person.tobytes() in joined for person in population.persons]
