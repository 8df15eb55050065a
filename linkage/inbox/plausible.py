"""Whether a submission's size can be that of real records: against published figures, a least size, and the one before. Pure.

It reads row counts of manifests alone. A row is a filter of one projection; the invented people of controls and fills are among them.
"""

from collections.abc import Iterator
from typing import Final

from schemas.agreement import Probing
from schemas.encoding_set import POPULATIONS, Population, SubmissionManifest
from schemas.errors import SubmissionError
from schemas.population import published
from schemas.roster import Organisation

ROWS_A_PERSON: Final = 4  # a main row, an alias, a former surname, a previous postcode
INVENTED_ROWS: Final = 5_000  # room for planted controls, look-alikes and padding
FEW_ROWS: Final = 1_000  # a small submission may grow by so many at once


def check_plausible(manifest: SubmissionManifest, organisation: Organisation, terms: Probing) -> None:
    """Check that a submission is neither larger than the people there are nor so small that it asks about somebody.

    Raises:
        SubmissionError: it is; says which bound, and no count of the submission.
    """
    for population in POPULATIONS:
        most = published(organisation, population) * ROWS_A_PERSON + INVENTED_ROWS
        if manifest.rows(population) > most:
            raise SubmissionError(
                f"manifest: more {population} than {organisation.organisation} can know of ({most:,} rows, by published figures); mend the extract, then submit again"
            )
    if sum(map(manifest.rows, POPULATIONS)) < terms.minimum_rows:
        raise SubmissionError(
            f"manifest: fewer than the agreed {terms.minimum_rows:,} rows, so few that it would ask about single people; submit the whole extract"
        )


def grown(manifest: SubmissionManifest, before: SubmissionManifest, terms: Probing) -> Iterator[Population]:
    """Yield the populations that have more rows than the agreement lets pass unsaid since the submission before."""
    for population in POPULATIONS:
        rows, earlier = manifest.rows(population), before.rows(population)
        if rows - earlier > max(FEW_ROWS, earlier * terms.growth_per_mille // 1_000):
            yield population
