"""Which of an authority's own records a person id of a round stands for: what the desk needs, and the node that submits must not keep.

The node that submits seals the map to the desk's holder and deputy, signs it, and cannot open it again. Somebody carries the file from
its `maps/` to the desk's; the desk takes it into its database, and it is gone.

    file    maps/ROUND.NAME.json, a signed document (context `desk-map/1`): round_id, round_digest, organisation, and parts, each a
            list of population, person id and record, as canonical JSON, sealed to each desk key; and custody_key, the key of the
            round's sealed attributes, sealed likewise
"""

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from json import loads
from pathlib import Path

from pydantic import ValidationError
from sqlalchemy import Engine

from parties.custody.sealing import custody_key
from parties.initialise import MAPS_DIRECTORY, load_agreed, roles_here
from parties.keys.derive import keyed_id
from parties.keys.identity_keys import key_id, load_sealing_key, load_signing_key
from parties.rounds import Round
from parties.settings import NodeSettings
from parties.store.engine import open_node_store
from parties.store.people import kept_custody_key, remember_custody_key, remember_people
from parties.submission.parts import Scope
from parties.whole_files import OWNER_ONLY_DIRECTORY, whole_file
from schemas.agreed import Agreed
from schemas.canonical import canonical_json
from schemas.encoding_set import Population
from schemas.errors import SubmissionError
from schemas.roster import Organisation, Role, desk_keys, keys_of
from schemas.sealed import open_any, seal_to_each
from schemas.signature import SignedDocument, check_signed, signed

CONTEXT = "desk-map/1"
ROWS_A_PART = 150  # a record id has up to 200 characters, and an envelope 64 KiB
MAX_FILE_BYTES = 1024**3
_NAME_BYTES = 8

People = Mapping[Population, Sequence[tuple[bytes, str]]]
Row = tuple[str, str, str]


def keep_map(settings: NodeSettings, scope: Scope, people: People) -> None:
    """Keep whom the ids of a submission stand for: in the database where this node is its own desk, else sealed to the desk's keys.

    Raises:
        AgreementError: the authority has no desk on the roster.
    """
    authority = load_agreed(settings).roster.get(settings.organisation)
    sealed = seal_to_each(custody_key(scope.round_key), desk_keys(authority), _key_context(scope.round, settings))
    if Role.DESK in roles_here(settings):
        store = open_node_store(settings)
        for population, pairs in people.items():
            remember_people(store, scope.round_id, population, pairs)
        remember_custody_key(store, scope.round_id, sealed)
        store.dispose()
    else:
        _seal_map(settings, scope, authority, list(_rows(people)), sealed)


def take_maps(settings: NodeSettings, agreed: Agreed, round_: Round, store: Engine) -> None:
    """Take the round's maps that lie in `maps/` into the desk's database; each file is gone once it is taken.

    Raises:
        SubmissionError: a file is malformed, too large, or of another round's manifest or authority.
        AuthenticationError: the authority's submitting node did not sign it.
        SealError: it is sealed to another desk.
    """
    for path in sorted(map_files(settings, round_.round_id)):
        rows, sealed = _open_map(settings, agreed, round_, path)
        for population in {row[0] for row in rows}:
            remember_people(store, round_.round_id, population, [(bytes.fromhex(row[1]), row[2]) for row in rows if row[0] == population])
        remember_custody_key(store, round_.round_id, sealed)
        path.unlink()


def open_custody_key(settings: NodeSettings, store: Engine, round_: Round) -> bytes | None:
    """Return the key of a round's sealed attributes, or None where no map has brought it.

    Raises:
        SealError: it is sealed to another desk.
    """
    sealed = kept_custody_key(store, round_.round_id)
    return None if sealed is None else open_any(load_sealing_key(settings, Role.DESK), sealed, _key_context(round_, settings))


def map_files(settings: NodeSettings, round_id: str) -> Iterator[Path]:
    """Return the files of a round's maps that are on their way."""
    return settings.path(MAPS_DIRECTORY).glob(f"{round_id}.*.json")


def _rows(people: People) -> Iterator[Row]:
    return ((population, person.hex(), record) for population, pairs in people.items() for person, record in pairs)


def _seal_map(settings: NodeSettings, scope: Scope, authority: Organisation, rows: list[Row], custody: bytes) -> None:
    """Write the map's file, unless that of the same map for the same desks is there."""
    desks = desk_keys(authority)
    said = hashlib.sha256(canonical_json({"rows": rows, "desks": desks})).hexdigest()
    name = keyed_id(scope.local_secret, _NAME_BYTES, "desk-map", scope.round_id, said).hex()
    path = settings.path(MAPS_DIRECTORY, f"{scope.round_id}.{name}.json")
    if path.exists():
        return
    context = _context(scope.round, settings)
    parts = [
        base64.b64encode(seal_to_each(canonical_json(rows[start : start + ROWS_A_PART]), desks, f"{context}|{start}")).decode()
        for start in range(0, len(rows), ROWS_A_PART)
    ]
    body = {
        "round_id": scope.round_id,
        "round_digest": scope.round.digest,
        "organisation": settings.organisation,
        "parts": parts,
        "custody_key": base64.b64encode(custody).decode(),
    }
    document = signed(load_signing_key(settings, Role.CUSTODIAN), key_id(settings, Role.CUSTODIAN), CONTEXT, body)
    path.parent.mkdir(mode=OWNER_ONLY_DIRECTORY, exist_ok=True)
    with whole_file(path) as file:
        file.write(canonical_json(document.model_dump()))


def _open_map(settings: NodeSettings, agreed: Agreed, round_: Round, path: Path) -> tuple[list[Row], bytes]:
    submitting = keys_of(agreed.roster.get(settings.organisation), Role.CUSTODIAN)
    try:
        with path.open("rb") as file:
            document = SignedDocument.model_validate_json(file.read(MAX_FILE_BYTES))  # a longer one is cut, and no document
        body = document.body
        parts = [base64.b64decode(part, validate=True) for part in body["parts"]]
        custody = base64.b64decode(body["custody_key"], validate=True)
    except (ValidationError, ValueError, KeyError, TypeError):
        raise SubmissionError(f"{path.name}: no map of an authority's records; hand over the node's file again") from None
    check_signed(document, CONTEXT, submitting)
    if (body.get("round_digest"), body.get("organisation")) != (round_.digest, settings.organisation):
        raise SubmissionError(f"{path.name}: of another round or authority; hand over the one of this round")
    key, context = load_sealing_key(settings, Role.DESK), _context(round_, settings)
    rows = [
        (population, person, record)
        for number, part in enumerate(parts)
        for population, person, record in loads(open_any(key, part, f"{context}|{number * ROWS_A_PART}"))
    ]
    return rows, custody


def _key_context(round_: Round, settings: NodeSettings) -> str:
    return f"{_context(round_, settings)}|custody"


def _context(round_: Round, settings: NodeSettings) -> str:
    return f"kinlink/desk-map/1|{round_.digest}|{settings.organisation}"
