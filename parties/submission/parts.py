"""The parts of a submission and the manifest over them. Touches no file and no network: encoded populations in, tables and a manifest out."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial

import pyarrow as pa

from parties.controls.families import control_families, control_key, controls_opener, generator_digest
from parties.controls.planting import plant, plant_look_alikes
from parties.encoding.encode import EncodedPopulation
from parties.encoding.normalise import NORMALISER, normaliser_digest
from parties.extracts.mapping import Mapped
from parties.keys.derive import derive
from parties.rounds import Round
from parties.second_look.components import component_texts
from parties.second_look.halves import Behind, own_filters
from parties.second_look.keys import attribute_key, pairs_key
from parties.second_look.slots import make_slots
from parties.self_check import SelfChecked
from schemas.agreed import Agreed
from schemas.agreement import Agreement
from schemas.canonical import short
from schemas.controls import CONTROLS_PART, SEALED_LISTS, Planted, list_context, seal_list
from schemas.encoding_set import Part, Population, SubmissionManifest
from schemas.errors import AgreementError
from schemas.joins import age_band
from schemas.linkage import schemas_digest
from schemas.roster import Kind
from schemas.sealed_join import Join, Tied, write_join
from schemas.slots import SEARCHES, VOLUMES, slots_part
from validation.progress import Progress

MEND = "update Kinlink, or have the agreement signed again"


def check_versions(agreement: Agreement) -> None:
    """Check that this version of Kinlink encodes, and invents control families, as was agreed.

    Raises:
        AgreementError: the normaliser, its tables, the linkage schemas or the generator are other ones; says which, and the digests.
    """
    encoding, generator = agreement.encoding, agreement.controls.generator_digest
    if encoding.normaliser != NORMALISER:
        raise AgreementError(f"agreement: names normaliser {encoding.normaliser}, this version's is {NORMALISER}; {MEND}")
    for what, agreed, ours in (
        ("normaliser_digest", encoding.normaliser_digest, normaliser_digest()),
        ("schemas_digest", encoding.schemas_digest, schemas_digest()),
        ("generator_digest", generator, generator_digest() if generator else ""),
    ):
        if agreed != ours:
            raise AgreementError(f"agreement: {what} is {short(agreed)}, this version's is {short(ours)}; {MEND}")


@dataclass(frozen=True, repr=False)
class Scope:
    """Whose submission it is, to which round, and the keys for it. Shows no key in `repr`."""

    kind: Kind
    organisation: str
    round: Round
    round_key: bytes
    local_secret: bytes

    @property
    def round_id(self) -> str:
        """The round's name."""
        return self.round.round_id

    @property
    def opens_on(self) -> date:
        """The day that the round opens."""
        return date.fromisoformat(self.round.manifest.opens_at[:10])

    def own_key(self, use: str, *place: str) -> bytes:
        """Return a key of the custodian's own for one use in this round."""
        return derive(self.local_secret, use, self.round_id, *place)

    def __repr__(self) -> str:
        """Show the round, and nothing else."""
        return f"Scope({self.round_id})"


def plant_controls(mapped: Mapped, scope: Scope, agreed: Agreed) -> None:
    """Add the custodian's share of the round's control families to its people."""
    count = agreed.agreement.controls.families
    if scope.kind is Kind.PRISON_SERVICE:
        plant_look_alikes(mapped, count, scope.own_key("look-alikes"))
    plant(mapped, control_families(control_key(scope.round_key), count, agreed.roster, scope.opens_on), scope.organisation, scope.kind)


def controls_part(scope: Scope, controls: Mapping[int, Planted], families: int) -> dict[str, pa.Table]:
    """Return the part with the sealed list of the custodian's controls, by its name; none where none were agreed on."""
    if not families:
        return {}
    context = list_context(scope.round.digest, scope.organisation)
    sealed = seal_list(controls, families, controls_opener(scope.round_key), context)
    return {CONTROLS_PART: pa.table([pa.array([sealed], pa.binary())], schema=SEALED_LISTS)}


def filters_behind(scope: Scope, mapped: Mapped, encoded: Mapping[Population, EncodedPopulation]) -> Behind:
    """Return what stands behind every filter that is submitted: components as digests, and sealed later, the joins."""
    rows, joins = mapped.rows(), written_joins(mapped, encoded, scope.opens_on)
    return {
        population: own_filters(
            made,
            component_texts(rows[population]),
            joins[population],
            key=attribute_key(scope.round_key, population),
            blanks=scope.own_key("blanks", population),
        )
        for population, made in encoded.items()
    }


def written_joins(mapped: Mapped, encoded: Mapping[Population, EncodedPopulation], opens_on: date) -> dict[Population, list[bytes]]:
    """Return the written join of every person, in the order of the persons; ties to people without a filter are left out.

    Args:
        mapped: the people.
        encoded: the same, encoded.
        opens_on: when the round opens: an authority's child is as old as on that day.
    """
    ids = {population: [person.tobytes() for person in made.persons] for population, made in encoded.items()}
    joined = {population: {person.tobytes() for person in made.joins[0]} for population, made in encoded.items()}
    relations = {
        ids["children"][number]: relation._replace(age=age_band(mapped.births[number], opens_on))
        for number, relation in mapped.relations.items()
    }
    tied: dict[bytes, list[Tied]] = defaultdict(list)
    for pair in mapped.ties:
        adult, child = ids["adults"][pair[0]], ids["children"][pair[1]]
        if adult in joined["adults"] and child in joined["children"]:
            tied[adult].append(Tied(child, relations.get(child)))
            tied[child].append(Tied(adult))
    return {
        population: [
            write_join(Join(person=person, population=population, relation=relations.get(person), tied=_in_order(tied.get(person, []))))
            for person in persons
        ]
        for population, persons in ids.items()
    }


def _in_order(tied: list[Tied]) -> tuple[Tied, ...]:
    return tuple(sorted(tied, key=lambda item: item.person))


def slot_parts(scope: Scope, behind: Behind, progress: Progress) -> dict[str, Iterator[pa.Table]]:
    """Return the slots that this kind of custodian uploads, by the name of their part; they are made as they are taken."""
    jobs = [
        (population, responder, projection, own)
        for population, uploader, responder in SEARCHES
        if uploader is scope.kind
        for projection, own in behind[population].items()
    ]
    return {
        slots_part(population, projection, responder): _told(
            make_slots(
                own,
                key=pairs_key(scope.round_key, population, scope.kind, responder),
                secret=scope.own_key("slots", population, responder),
                each=sum(VOLUMES["referral"][projection]),
            ),
            partial(progress, "slots", number, len(jobs)),
        )
        for number, (population, responder, projection, own) in enumerate(jobs, start=1)
    }


def _told(blocks: Iterator[pa.Table], done: Callable[[], None]) -> Iterator[pa.Table]:
    """Yield the blocks, then say that they are done."""
    yield from blocks
    done()


def submission_manifest(
    parts: Mapping[str, Part], *, round_: Round, organisation: str, quarantined_per_mille: int, self_check: SelfChecked | None = None
) -> SubmissionManifest:
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
        self_check_digest=self_check.digest if self_check else None,
        self_check_verdict=self_check.verdict if self_check else None,
        parts=[parts[name] for name in sorted(parts)],
    )
