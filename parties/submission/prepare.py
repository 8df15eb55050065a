"""Check, map and encode the node's extract for one round, and leave the parts in the outbox.

The round key is put together here, used, and gone when `prepare` returns.
"""

import base64
import binascii
from functools import partial

from parties.client import ServiceClient
from parties.encoding.encode import EncodedPopulation, encode_canaries, encode_population
from parties.encoding.rows import PersonRows
from parties.extracts.check import check_bar, check_extract
from parties.extracts.mapping import map_extract
from parties.initialise import load_agreed
from parties.keys.identity_keys import key_id, load_local_secret, load_sealing_key, load_signing_key
from parties.keys.round_key import open_shares, round_key
from parties.rounds import Round, check_open, fetch_round
from parties.settings import NodeSettings
from parties.store.engine import open_node_store
from parties.store.people import remember_people
from parties.submission.outbox import Outbox
from parties.submission.parts import check_versions, submission_manifest, tie_tables
from schemas.agreed import Agreed
from schemas.encoding_set import CONTEXT
from schemas.errors import ServiceError
from schemas.roster import Kind, Role
from schemas.signature import signed
from validation.progress import Progress, silent


def prepare(settings: NodeSettings, round_id: str | None = None, progress: Progress = silent) -> str:
    """Encode the extract for a round, or the newest open one, into the outbox; return the round's name.

    The same extract gives the same bytes. An authority's map from person ids to its records is kept in its own database.

    Raises:
        ExtractError: the extract is unreadable, or too many rows are quarantined: nothing leaves.
        AgreementError, RoundError: the round is not one this node can take part in now.
    """
    agreed = load_agreed(settings)
    check_versions(agreed.agreement.encoding)
    with ServiceClient(settings, Role.CUSTODIAN) as client:
        found = fetch_round(client, agreed, round_id)
        check_open(found)
        sealed = _fetch_shares(client, found)
    checked = check_extract(settings, progress)
    check_bar(checked, agreed.agreement.quarantine_per_mille)
    mapped = map_extract(settings, checked)
    encode = partial(
        encode_population,
        round_key=(key := _round_key(settings, agreed, found, sealed)),
        round_id=found.round_id,
        local_secret=load_local_secret(settings),
        encoding=agreed.agreement.encoding,
        progress=progress,
    )
    adults, children = encode(mapped.adults.rows, population="adults"), encode(mapped.children.rows, population="children")
    if Kind(settings.kind) is Kind.LOCAL_AUTHORITY:
        _remember(settings, found.round_id, (adults, mapped.adults.rows), (children, mapped.children.rows))
    canaries = encode_canaries(key, agreed.agreement.encoding)
    outbox = Outbox(settings, found.round_id)
    parts = outbox.fill({**adults.tables(), **children.tables(), **tie_tables(mapped, adults, children), "canaries.arrow": canaries})
    manifest = submission_manifest(
        parts, round_=found, organisation=settings.organisation, quarantined_per_mille=checked.quarantined_per_mille
    )
    custodian = load_signing_key(settings, Role.CUSTODIAN)
    outbox.seal(signed(custodian, key_id(settings, Role.CUSTODIAN), CONTEXT, manifest.model_dump()))
    return found.round_id


def _fetch_shares(client: ServiceClient, found: Round) -> dict[str, bytes]:
    answer = client.get(f"/v1/rounds/{found.round_id}/shares").json()
    try:
        return {item["holder"]: base64.b64decode(item["sealed"], validate=True) for item in answer["shares"]}
    except (KeyError, TypeError, binascii.Error):
        raise ServiceError("linkage service: its list of shares is malformed; ask its operator") from None


def _round_key(settings: NodeSettings, agreed: Agreed, found: Round, sealed: dict[str, bytes]) -> bytes:
    own = load_sealing_key(settings, Role.CUSTODIAN)
    shares = open_shares(sealed, agreed.roster, found.digest, settings.organisation, own)
    return round_key(shares, found.manifest, found.digest)


def _remember(settings: NodeSettings, round_id: str, *populations: tuple[EncodedPopulation, PersonRows]) -> None:
    engine = open_node_store(settings)
    for encoded, rows in populations:
        ids = [row.tobytes() for row in encoded.persons]
        remember_people(engine, round_id, encoded.population, zip(ids, rows.people(), strict=True))
    engine.dispose()
