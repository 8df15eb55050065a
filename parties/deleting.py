"""The end of a round at a party: what it still has of the round is deleted, and a signed statement of that goes to the service.

The statement is written first and sent last, so that a command that was stopped goes on with the same bytes. It names what
was deleted and the digests of files; it never holds a key.
"""

import hashlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import delete
from sqlalchemy.orm import Session

from parties.answering.kept import KeptFilters
from parties.audit import worklist_file
from parties.client import ServiceClient
from parties.desk_map import map_files
from parties.initialise import load_agreed, roles_here
from parties.keyholder import SHARES_DIRECTORY, sealed_shares_file
from parties.keys.identity_keys import key_id, load_signing_key
from parties.referrals.records import held
from parties.rounds import CLOSED, EXPIRED, OPEN, Round, fetch_past_round
from parties.settings import NodeSettings
from parties.store.engine import open_node_store
from parties.store.models import AnsweredNonce, AnsweredWave, CustodyKey, Person
from parties.submission.outbox import Outbox
from parties.whole_files import OWNER_ONLY_DIRECTORY, whole_file
from schemas.canonical import canonical_json
from schemas.deletion import CONTEXT, Deleted, DeletionStatement, Material
from schemas.errors import RoundError
from schemas.instants import as_text
from schemas.roster import CUSTODIAN_KINDS, Kind, Role
from schemas.signature import SignedDocument, signed

STATEMENTS_DIRECTORY = "statements"

# From which states of a round each kind may delete what it has: shares are sent while it is open, answers and tokens are due until it expires.
MAY_DELETE: Mapping[Kind, tuple[str, ...]] = {Kind.KEY_HOLDER: (CLOSED, EXPIRED), **dict.fromkeys(CUSTODIAN_KINDS, (EXPIRED,))}


def delete_round(settings: NodeSettings, round_id: str) -> DeletionStatement:
    """Delete what this node has of a round and let the service have the signed statement; safe to repeat.

    Raises:
        RoundError: the round has not come so far, documents still wait for approval, or this kind of node has nothing of a round.
        UserError: as the service answers.
    """
    agreed, kind, role = load_agreed(settings), Kind(settings.kind), _role(settings)
    if kind not in MAY_DELETE:
        raise RoundError(f"round: a {kind} node has no key material of a round; there is nothing to delete")
    with ServiceClient(settings, role) as client:
        found = fetch_past_round(client, agreed, round_id)
        if found.state not in MAY_DELETE[kind]:
            raise RoundError(f"round {round_id}: {found.state}, its material is still needed; delete it once it is {MAY_DELETE[kind][0]}")
        _check_nothing_waits(settings, round_id)
        document = _statement(settings, found)
        for forget in _FORGET[role]:
            forget(settings, found)
        if role is not Role.DESK:  # the authority's statement is that of its node; a desk keeps its own
            client.put(f"/v1/rounds/{round_id}/deletion", json=document.model_dump())
    return DeletionStatement.model_validate(document.body)


def delete_closed_shares(settings: NodeSettings) -> list[str]:
    """Delete a key holder's sealed copies of every round that has closed, each with its statement; return the rounds' names."""
    kept = {path.name.partition(".")[0] for path in settings.path(SHARES_DIRECTORY).glob("*.json")}
    with ServiceClient(settings, Role.KEY_HOLDER) as client:
        closed = {item["round_id"] for item in client.get("/v1/rounds").json()["rounds"] if item["state"] != OPEN}
    for round_id in sorted(kept & closed):
        delete_round(settings, round_id)
    return sorted(kept & closed)


def _check_nothing_waits(settings: NodeSettings, round_id: str) -> None:
    if Kind(settings.kind) is Kind.LOCAL_AUTHORITY:
        store = open_node_store(settings)
        waiting = len(held(store, round_id))
        store.dispose()
        if waiting:
            raise RoundError(
                f"round {round_id}: {waiting} documents wait for approval and would be lost; `kinlink party approve` them first"
            )


def _role(settings: NodeSettings) -> Role:
    here = roles_here(settings)
    return next((role for role in (Role.KEY_HOLDER, Role.CUSTODIAN) if role in here), Role.DESK)


def _statement(settings: NodeSettings, found: Round) -> SignedDocument:
    """Return the signed statement of this round, written where it is not there yet."""
    path = settings.path(STATEMENTS_DIRECTORY, f"{found.round_id}.{found.digest[:12]}.json")
    if not path.exists():
        role = _role(settings)
        statement = DeletionStatement(
            round_id=found.round_id,
            round_digest=found.digest,
            organisation=settings.organisation,
            deleted_at=as_text(datetime.now(UTC)),
            deleted=_material(settings, found),
        )
        document = signed(load_signing_key(settings, role), key_id(settings, role), CONTEXT, statement.model_dump(mode="json"))
        path.parent.mkdir(mode=OWNER_ONLY_DIRECTORY, exist_ok=True)
        with whole_file(path) as file:
            file.write(canonical_json(document.model_dump()))
    return SignedDocument.model_validate_json(path.read_bytes())


def _material(settings: NodeSettings, found: Round) -> list[Deleted]:
    if _role(settings) is Role.KEY_HOLDER:
        return [_file(Material.SEALED_SHARES, sealed_shares_file(settings, found.round_id, found.digest))]
    if _role(settings) is Role.DESK:
        return [Deleted(material=Material.PERSON_MAP)]
    rows = [Material.OUTBOX, Material.ANSWERED_NONCES, *([Material.PERSON_MAP] if Kind(settings.kind) is Kind.LOCAL_AUTHORITY else [])]
    return [_file(Material.KEPT_FILTERS, KeptFilters(settings, found.round_id).path), *(Deleted(material=item) for item in rows)]


def _file(material: Material, path: Path) -> Deleted:
    return Deleted(material=material, sha256=hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else None)


def _forget_shares(settings: NodeSettings, found: Round) -> None:
    sealed_shares_file(settings, found.round_id, found.digest).unlink(missing_ok=True)


def _forget_files(settings: NodeSettings, found: Round) -> None:
    KeptFilters(settings, found.round_id).forget()
    Outbox(settings, found.round_id).clear()
    _forget_maps(settings, found)
    settings.path(worklist_file(found.round_id)).unlink(missing_ok=True)


def _forget_maps(settings: NodeSettings, found: Round) -> None:
    for path in map_files(settings, found.round_id):
        path.unlink(missing_ok=True)


def _forget_rows(settings: NodeSettings, found: Round) -> None:
    store = open_node_store(settings)
    with Session(store) as session, session.begin():
        for table in (AnsweredNonce, AnsweredWave, CustodyKey, Person):
            session.execute(delete(table).where(table.round_id == found.round_id))
    store.dispose()


_FORGET: Mapping[Role, tuple[Callable[[NodeSettings, Round], None], ...]] = {
    Role.KEY_HOLDER: (_forget_shares,),
    Role.CUSTODIAN: (_forget_files, _forget_rows),
    Role.DESK: (_forget_maps, _forget_rows),
}
