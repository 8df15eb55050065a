"""Check, map and encode the node's extract for one round, and leave the parts in the outbox.

The round key is put together here, used, and gone when `prepare` returns.
"""

from datetime import UTC, datetime

import pyarrow as pa

from parties.answering.kept import forget_old, write_filters
from parties.client import ServiceClient
from parties.controls.planting import planted
from parties.custody.handles import draw_handles
from parties.custody.sealing import attributes_part, custody_key
from parties.desk_map import keep_map
from parties.encoding.encode import EncodedPopulation, encode_canaries, encode_population
from parties.encoding.rows import PersonRows
from parties.extracts.check import check_bar, check_extract
from parties.extracts.mapping import Mapped, map_extract
from parties.initialise import load_agreed
from parties.keys.fetching import fetch_round_key
from parties.keys.identity_keys import key_id, load_local_secret, load_signing_key
from parties.questions.kept import read_answers
from parties.rounds import Round, check_open, fetch_round
from parties.self_check import check_report
from parties.settings import NodeSettings
from parties.store.engine import open_node_store
from parties.submission.outbox import Outbox
from parties.submission.parts import Scope, check_versions, controls_part, filters_behind, plant_controls, slot_parts, submission_manifest
from schemas.agreed import Agreed
from schemas.agreement import Agreement, check_enough, check_scope
from schemas.encoding_set import CONTEXT, Part, Population
from schemas.roster import Kind, Role
from schemas.signature import signed
from schemas.slots import SEARCHES
from validation.progress import Progress, silent


def prepare(settings: NodeSettings, round_id: str | None = None, progress: Progress = silent) -> str:
    """Encode the extract for a round, or the newest open one, into the outbox; return the round's name.

    The same extract and answers give the same bytes. An authority's map from person ids to its records is kept in its own database.

    Raises:
        ExtractError: the extract is unreadable, or too many rows are quarantined: nothing leaves.
        AgreementError, RoundError: the round is not one this node can take part in now.
        SubmissionError: the node's self-check of this extract says FAIL, or the agreement wants one and there is none.
    """
    agreed = load_agreed(settings)
    check_versions(agreed.agreement)
    self_check = check_report(settings, agreed)
    forget_old(settings, datetime.now(UTC), days=agreed.agreement.retention_days)
    with ServiceClient(settings, Role.CUSTODIAN) as client:
        found = fetch_round(client, agreed, round_id)
        check_open(found)
        scope = round_scope(settings, client, agreed, found)
    checked = check_extract(settings, progress)
    check_bar(checked, agreed.agreement.quarantine_per_mille)
    mapped = map_extract(settings, checked, read_answers(settings))
    outbox = Outbox(settings, found.round_id)
    check_scope(agreed.agreement, max(_counts(mapped)))
    plant_controls(mapped, scope, agreed)
    check_enough(agreed.agreement, sum(_counts(mapped)))
    parts = _fill(outbox, settings, scope, mapped, terms=agreed.agreement, progress=progress)
    manifest = submission_manifest(
        parts,
        round_=found,
        organisation=settings.organisation,
        quarantined_per_mille=checked.quarantined_per_mille,
        self_check=self_check,
    )
    custodian = load_signing_key(settings, Role.CUSTODIAN)
    outbox.seal(signed(custodian, key_id(settings, Role.CUSTODIAN), CONTEXT, manifest.model_dump()))
    return found.round_id


def round_scope(settings: NodeSettings, client: ServiceClient, agreed: Agreed, found: Round) -> Scope:
    """Return the node's scope of a round, with the round key put together from its shares.

    Raises:
        RoundError: a share is missing or weak, or the round has ended.
        SealError, AuthenticationError: a share is not what the holder made for this node and round.
    """
    round_key = fetch_round_key(settings, client, agreed, found)
    return Scope(Kind(settings.kind), settings.organisation, found, round_key, load_local_secret(settings))


def encoded_people(scope: Scope, mapped: Mapped, terms: Agreement, progress: Progress) -> dict[Population, EncodedPopulation]:
    """Encode both populations of a mapped extract for a round, each padded to an agreed size."""
    return {
        population: encode_population(
            rows,
            population=population,
            round_key=scope.round_key,
            round_id=scope.round_id,
            local_secret=scope.local_secret,
            encoding=terms.encoding,
            padded=terms.padded,
            progress=progress,
        )
        for population, rows in mapped.rows().items()
    }


def _fill(outbox: Outbox, settings: NodeSettings, scope: Scope, mapped: Mapped, *, terms: Agreement, progress: Progress) -> dict[str, Part]:
    """Encode the people of an extract into the outbox; return what the manifest says of the parts."""
    rows, encoding = mapped.rows(), terms.encoding
    encoded = encoded_people(scope, mapped, terms, progress)
    if scope.kind is Kind.LOCAL_AUTHORITY:
        keep_map(settings, scope, {population: _people(made, rows[population]) for population, made in encoded.items()})
    behind = filters_behind(scope, mapped, encoded)
    canaries = encode_canaries(scope.round_key, encoding)
    whole = {
        **encoded["adults"].tables(),
        **encoded["children"].tables(),
        "canaries.arrow": canaries,
        **controls_part(scope, planted(encoded, rows), terms.controls.families),
        **_attributes(settings, scope, mapped, encoded["adults"]),
    }
    parts = outbox.fill({**{name: [table] for name, table in whole.items()}, **slot_parts(scope, behind, progress)})
    answerable = {population: behind[population] for population, _, responder in SEARCHES if responder is scope.kind}
    if answerable:
        write_filters(outbox.filters, answerable)
    return parts


def _attributes(settings: NodeSettings, scope: Scope, mapped: Mapped, adults: EncodedPopulation) -> dict[str, pa.Table]:
    """Return the sealed attributes of a prison service's adults; other custodians send none."""
    if scope.kind is not Kind.PRISON_SERVICE:
        return {}
    store = open_node_store(settings)
    try:
        handles = draw_handles(store, (held.reception_id for held in mapped.held.values()), datetime.now(UTC))
    finally:
        store.dispose()
    return attributes_part(mapped, adults, handles, key=custody_key(scope.round_key), own_key=scope.own_key("attributes"))


def _people(made: EncodedPopulation, rows: PersonRows) -> list[tuple[bytes, str]]:
    """Return person id and record of each person of an encoded population."""
    return list(zip((person.tobytes() for person in made.persons), rows.people(), strict=True))


def _counts(mapped: Mapped) -> list[int]:
    return [len(rows.people()) for rows in mapped.rows().values()]
