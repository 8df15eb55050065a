"""An audit at the custodian's premises: encode the extract again, open the records that the coin chose, and list them for the auditor.

The list names records as the extract does, so that each can be looked up in the source system. It stays in the node's directory.
"""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from parties.audit import check_opened, opened, sampled, worklist_file
from parties.client import ServiceClient
from parties.controls.names import is_control
from parties.encoding.encode import records_behind
from parties.extracts.check import check_extract
from parties.extracts.mapping import Mapped, map_extract
from parties.initialise import load_agreed
from parties.questions.kept import read_answers
from parties.rounds import OPEN, fetch_round
from parties.settings import NodeSettings
from parties.submission.parts import Scope, plant_controls
from parties.submission.prepare import encoded_people, round_scope
from parties.submission.receipts import accepted_manifest
from parties.whole_files import OWNER_ONLY_DIRECTORY, whole_file
from schemas.agreement import PROJECTIONS
from schemas.commitment import leaves, record_count
from schemas.encoding_set import ENCODING_PARTS, POPULATIONS, PSEUDONYM_BYTES, SubmissionManifest
from schemas.errors import RoundError, SubmissionError
from schemas.public_coin import chance_caught
from schemas.roster import Role
from validation.progress import Progress, silent

INVENTED = "invented"  # a control, a look-alike or a fill: nobody to look up
OF_A_HUNDRED = 100


@dataclass(frozen=True)
class Audited:
    """What an audit opened: how many records of how many, how many of them are invented, and where the list is."""

    records: int
    opened: int
    invented: int
    worklist: Path

    @property
    def caught_of_one_in_a_hundred(self) -> float:
        """How probable it was to meet one, if one record in a hundred had been swapped."""
        return chance_caught(self.records, -(-self.records // OF_A_HUNDRED), self.opened)


def audit(settings: NodeSettings, round_id: str, beacon: str, progress: Progress = silent) -> Audited:
    """Open the records of a closed round that the coin chose, and check each against the extract as it was submitted.

    Raises:
        RoundError: the round is still open, or its keys are gone.
        SubmissionError: no records were agreed to be audited, or one does not hold; says which part and row.
        ConfigurationError: the beacon's value is not as it must be.
    """
    agreed = load_agreed(settings)
    count = agreed.agreement.probing.audit_sample
    if not count:
        raise SubmissionError("audit: the agreement's audit_sample is 0, so no record was committed to; have the root signers agree on one")
    manifest, digest = accepted_manifest(settings, agreed.roster, round_id)
    sample = sampled(manifest, digest, beacon, count)
    with ServiceClient(settings, Role.CUSTODIAN) as client:
        found = fetch_round(client, agreed, round_id)
        if found.state == OPEN:
            raise RoundError(f"round {round_id} is open; audit it once it is closed, with the beacon's first value after that")
        scope = round_scope(settings, client, agreed, found)
    mapped = map_extract(settings, check_extract(settings, progress), read_answers(settings))
    plant_controls(mapped, scope, agreed)
    encoded = encoded_people(scope, mapped, agreed.agreement, progress)
    own = {name: leaves(table) for made in encoded.values() for name, table in made.tables().items()}
    _check_rows(own, manifest)
    openings = opened(own, sample)
    again = {name: {leaf[:PSEUDONYM_BYTES]: leaf for leaf in rows} for name, rows in own.items()}
    check_opened(openings, manifest, sample, lambda part, leaf: again[part].get(leaf[:PSEUDONYM_BYTES]))
    behind = _records(scope, mapped)
    named = [(item.part.partition(".")[0], behind[item.part].get(item.leaf[:PSEUDONYM_BYTES], INVENTED)) for item in openings]
    people = sorted({(population, INVENTED if is_control(record) else record) for population, record in named})
    return Audited(record_count(manifest), len(openings), sum(map(_is_invented, named)), _write(settings, round_id, people))


def _is_invented(named: tuple[str, str]) -> bool:
    return named[1] == INVENTED or is_control(named[1])


def _check_rows(own: Mapping[str, list[bytes]], manifest: SubmissionManifest) -> None:
    for name in ENCODING_PARTS:
        if len(own[name]) != manifest.part(name).rows:
            raise SubmissionError(
                f"audit: {name} has another number of rows than was submitted; put back the extract of the round, with its answers"
            )


def _records(scope: Scope, mapped: Mapped) -> dict[str, dict[bytes, str]]:
    """Return the record key behind each pseudonym, by part."""
    rows = mapped.rows()
    return {
        f"{population}.{projection}.arrow": records_behind(
            rows[population], population, projection, round_id=scope.round_id, local_secret=scope.local_secret
        )
        for population in POPULATIONS
        for projection in PROJECTIONS
    }


def _write(settings: NodeSettings, round_id: str, people: list[tuple[str, str]]) -> Path:
    """Write the list of records to look up."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(("population", "record", "is_in_source_system"))
    rows.writerows((population, record, "") for population, record in people if record != INVENTED)
    path = settings.path(worklist_file(round_id))
    path.parent.mkdir(mode=OWNER_ONLY_DIRECTORY, exist_ok=True)
    with whole_file(path) as file:
        file.write(text.getvalue().encode())
    return path
