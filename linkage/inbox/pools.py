"""A round's accepted submissions, read from the vault: pools, and slots."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from linkage.inbox.submissions import SubmissionState, manifest_of
from linkage.inbox.vault import Vault
from linkage.search.pools import Pool, RoundPools
from linkage.store.models import Submission
from schemas.agreement import PROJECTIONS, Projection
from schemas.attributes import ATTRIBUTES_PART
from schemas.byte_columns import Bytes2D, as_ids, fixed_bytes
from schemas.encoding_set import CLK_BYTES, ENCODINGS, POPULATIONS, PSEUDONYM_BYTES, Population, SubmissionManifest, read_table
from schemas.roster import Kind, Roster
from schemas.slots import ATTRIBUTES, SLOTS, read_byte_table, slots_part


@dataclass(frozen=True)
class Submissions:
    """The accepted submissions of a round: digest and manifest, by organisation's name."""

    vault: Vault
    kinds: Mapping[str, Kind]
    accepted: Mapping[str, tuple[str, SubmissionManifest]]

    def pools(self) -> RoundPools:
        """Read every filter.

        Raises:
            SubmissionError, ServiceError: a part is not as it was accepted.
        """
        return RoundPools(
            self.kinds, {population: {name: self.pool(name, population) for name in self.accepted} for population in POPULATIONS}
        )

    def pool(self, organisation: str, population: Population) -> Pool:
        """Read the filters of one organisation's adults or children."""
        pseudonyms, filters = dict[Projection, Bytes2D](), dict[Projection, Bytes2D]()
        for projection in PROJECTIONS:
            name = f"{population}.{projection}.arrow"
            table = read_table(self.part(organisation, name), ENCODINGS, part=name, rows=self._rows(organisation, name))
            pseudonyms[projection] = fixed_bytes(table["pseudonym"], PSEUDONYM_BYTES)
            filters[projection] = fixed_bytes(table["clk"], CLK_BYTES)
        return Pool(organisation, pseudonyms, filters)

    def slots(
        self, organisation: str, population: Population, projection: Projection, responder: Kind, *, among: Bytes2D | None = None
    ) -> dict[str, Bytes2D]:
        """Read the slots of one projection for one kind of responder; with `among`, those of these nonces alone."""
        name = slots_part(population, projection, responder)
        columns = read_byte_table(self.part(organisation, name), SLOTS, part=name, rows=self._rows(organisation, name))
        if among is None:
            return columns
        chosen = np.isin(as_ids(columns["nonce"]), as_ids(among))
        return {column: values[chosen] for column, values in columns.items()}

    def attributes(self, organisation: str, wanted: Iterable[bytes]) -> dict[bytes, bytes]:
        """Read the sealed attributes of some of an organisation's adults, by id; whose organisation sends none has none."""
        if all(part.name != ATTRIBUTES_PART for part in self.accepted[organisation][1].parts):
            return {}
        rows = self._rows(organisation, ATTRIBUTES_PART)
        columns = read_byte_table(self.part(organisation, ATTRIBUTES_PART), ATTRIBUTES, part=ATTRIBUTES_PART, rows=rows)
        ids, sealed = as_ids(columns["pseudonym"]), columns["attributes"]
        among = np.isin(ids, np.array(sorted(wanted), dtype=ids.dtype))
        return {ids[row].tobytes(): sealed[row].tobytes() for row in np.flatnonzero(among)}

    def part(self, organisation: str, name: str) -> bytes:
        """Read the bytes of one part of an organisation's submission.

        Raises:
            ServiceError: it is not as it was accepted.
        """
        digest, manifest = self.accepted[organisation]
        return self.vault.read_part(organisation, digest, manifest.part(name))

    def of_kind(self, kind: Kind) -> list[str]:
        """Return who of one kind has submitted, by name."""
        return sorted(name for name in self.accepted if self.kinds[name] is kind)

    def _rows(self, organisation: str, name: str) -> int:
        return self.accepted[organisation][1].part(name).rows


def accepted_submissions(session: Session, vault: Vault, roster: Roster, round_id: str) -> Submissions:
    """Return a round's accepted submissions."""
    query = select(Submission).where(Submission.round_id == round_id, Submission.state == SubmissionState.ACCEPTED)
    rows: Iterable[Submission] = session.scalars(query.order_by(Submission.organisation))
    kinds = {organisation.organisation: organisation.kind for organisation in roster.organisations}
    return Submissions(vault, kinds, {item.organisation: (item.digest, manifest_of(item)) for item in rows})
