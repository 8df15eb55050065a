"""Verify what the linkage service says it did with this organisation's data: one log, the same for everybody, that holds this node's part.

    heads         each is signed by the service and follows the one this node saw last: no entry was taken back
    submission    a custodian's receipt is under the newest head
    envelopes     a desk's envelopes are those that were released to its authority, all of them, and no others

What is found wrong is an alarm: somebody at the service changed the past, or shows one party another log than the others.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from parties.client import ServiceClient
from parties.initialise import load_agreed, roles_here
from parties.referrals.records import opened_in
from parties.settings import NodeSettings
from parties.store.engine import open_node_store
from parties.submission.receipts import accepted_manifest, has_receipt, stored_receipt
from parties.whole_files import OWNER_ONLY_DIRECTORY, whole_file
from schemas.agreed import Agreed
from schemas.canonical import canonical_json
from schemas.errors import AlarmError, AuthenticationError, ServiceError
from schemas.merkle import is_under
from schemas.roster import Role, keys_of
from schemas.signature import SignedDocument, check_signed
from schemas.tree_head import (
    CONTEXT,
    GENESIS,
    Batch,
    Heads,
    Opening,
    ReleaseProof,
    SubmissionProof,
    TreeHead,
    batch_digest,
    follows,
    read_head,
    release_leaf,
    submission_leaf,
)

HEAD_FILE = ("heads", "last.json")
OLD = timedelta(days=1)  # a head is signed every hour
KEEP = "keep everything as it is, and tell the root signers"
OBSERVERS = (Role.CUSTODIAN, Role.DESK, Role.STATISTICIAN, Role.KEY_HOLDER)  # as whom heads are asked for

Answer = TypeVar("Answer", bound=BaseModel)


@dataclass(frozen=True)
class Verified:
    """What was verified of a round: under which head, and whether this node's submission and how many of its envelopes are.

    `submission` and `envelopes` are None where this node has none to verify. `restored` is how often the service's database was put back
    from a backup: what came after the backup is no longer there.
    """

    head: str
    at: str
    new_heads: int
    restored: int
    submission: str | None = None
    envelopes: int | None = None


def verify(settings: NodeSettings, round_id: str, *, now: datetime | None = None) -> Verified:
    """Verify this node's part of a round; safe to repeat, and worth repeating as long as the round is kept.

    Raises:
        AlarmError: the service's log does not hold what it must, or is another than this node saw.
        RoundError: what is to be verified is not under a head yet.
        ServiceError: the service cannot be reached, or has signed no head for a day.
    """
    agreed, here = load_agreed(settings), roles_here(settings)
    submission = envelopes = None
    proofs: list[SignedDocument] = []
    if Role.CUSTODIAN in here and has_receipt(settings, round_id):
        with ServiceClient(settings, Role.CUSTODIAN) as client:
            submission, head = _verify_submission(settings, client, agreed, round_id)
        proofs.append(head)
    if Role.DESK in here:
        with ServiceClient(settings, Role.DESK) as client:
            envelopes, head = _verify_envelopes(settings, client, agreed, round_id)
        proofs.append(head)
    with ServiceClient(settings, next(role for role in OBSERVERS if role in here)) as client:
        before, newer = _fetch_heads(settings, client, agreed)
    known = {document.digest for document in (*before, *newer)}
    if any(head.digest not in known for head in proofs):
        raise AlarmError(f"heads: a proof is under a head that the service does not show to everybody; {KEEP}")
    newest = (*before, *newer)[-1]
    last = read_head(newest)
    if (now or datetime.now(UTC)) - datetime.fromisoformat(last.at) > OLD:
        raise ServiceError(f"heads: the newest was signed at {last.at}, and one is due every hour; ask the service's operators why")
    _keep(settings, newest)
    return Verified(newest.digest, last.at, len(newer), last.restored, submission, envelopes)


def _fetch_heads(settings: NodeSettings, client: ServiceClient, agreed: Agreed) -> tuple[list[SignedDocument], list[SignedDocument]]:
    """Return the head this node saw last, if any, and those that were signed since, which all follow.

    Raises:
        AlarmError: one does not.
        AuthenticationError: the service did not sign one.
        ServiceError: there is none.
    """
    last = _kept(settings)
    before, at = (last.digest, str(last.body["at"])) if last else (GENESIS, "")
    newer: list[SignedDocument] = []
    while page := _read(Heads, client.get(f"/v1/heads?after={at}").json()).heads:
        for document in page:
            check_signed(document, CONTEXT, keys_of(agreed.roster.service(), Role.SERVICE))
        followed = follows(before, page)
        if followed is None:
            raise AlarmError(f"heads: the service's heads do not follow the one that this node saw last; {KEEP}")
        before, at = followed, read_head(page[-1]).at
        newer += page
    if last is None and not newer:
        raise ServiceError("heads: the service has signed none yet; verify again in an hour")
    return [last] if last else [], newer


def _verify_submission(settings: NodeSettings, client: ServiceClient, agreed: Agreed, round_id: str) -> tuple[str, SignedDocument]:
    """Return the submission that is under a head, and the head.

    Raises:
        AlarmError: it is not under it.
    """
    _, digest = accepted_manifest(settings, agreed.roster, round_id)
    receipt = stored_receipt(settings, agreed.roster, round_id, digest)
    proof = _read(SubmissionProof, client.get(f"/v1/rounds/{round_id}/submissions/{digest}/proof").json())
    head = _signed_head(proof.head, agreed)
    leaf = submission_leaf(round_id, settings.organisation, digest, receipt.accepted_at if receipt else "")
    place, log = proof.place, head.submissions
    if not is_under(log.root, leaf, index=place.index, size=log.size, path=place.path):
        raise AlarmError(f"submission: the service's log does not hold what its receipt says; {KEEP}")
    return digest, proof.head


def _verify_envelopes(settings: NodeSettings, client: ServiceClient, agreed: Agreed, round_id: str) -> tuple[int, SignedDocument]:
    """Return how many envelopes there are for this desk, and the head under which all of them are.

    Raises:
        AlarmError: one is not what was released, was never released, or is missing.
    """
    proof = _read(ReleaseProof, client.get(f"/v1/rounds/{round_id}/proof").json())
    if _signed_head(proof.head, agreed).releases != proof.opening.commitment:
        raise AlarmError(f"envelopes: the releases that the service shows are not those of its head; {KEEP}")
    for batch in proof.batches:
        _check_batch(batch, proof.opening, settings.organisation, round_id, agreed.agreement.release.envelopes)
    released = {name: digest for batch in proof.batches for name, digest in batch.envelopes.items()}
    here = f"/v1/rounds/{round_id}/envelopes"
    listed = {item["envelope_id"] for item in client.get(here).json()["envelopes"]}
    sent = {name: hashlib.sha256(client.get(f"{here}/{name}").content).hexdigest() for name in sorted(listed & released.keys())}
    if sent != released or listed != released.keys():
        raise AlarmError(f"envelopes: those that wait here are not those that were released; {KEEP}")
    store = open_node_store(settings)
    opened = opened_in(store, round_id)
    store.dispose()
    if opened - released.keys():
        raise AlarmError(f"envelopes: {len(opened - released.keys())} that this desk has opened were never released; {KEEP}")
    return len(released), proof.head


def _check_batch(batch: Batch, opening: Opening, authority: str, round_id: str, number: int) -> None:
    """Check that one release's envelopes are under a root, and as many as every authority gets.

    Raises:
        AlarmError: they are not.
    """
    leaf = release_leaf(round_id, authority, batch.released_at, batch_digest(batch.envelopes))
    if not is_under(opening.root, leaf, index=batch.place.index, size=opening.size, path=batch.place.path):
        raise AlarmError(f"envelopes: those of {batch.released_at} are not what the service's log holds; {KEEP}")
    if len(batch.envelopes) != number:
        raise AlarmError(f"envelopes: those of {batch.released_at} are not as many as every authority gets; {KEEP}")


def _signed_head(document: SignedDocument, agreed: Agreed) -> TreeHead:
    check_signed(document, CONTEXT, keys_of(agreed.roster.service(), Role.SERVICE))
    return read_head(document)


def _read(kind: type[Answer], answer: Any) -> Answer:
    try:
        return kind.model_validate(answer)
    except ValidationError:
        raise ServiceError(f"{kind.__name__}: malformed; verify again with the service's version of Kinlink") from None


def _kept(settings: NodeSettings) -> SignedDocument | None:
    """Return the head that this node saw last."""
    path = settings.path(*HEAD_FILE)
    try:
        document = SignedDocument.model_validate_json(path.read_bytes())
        read_head(document)
    except FileNotFoundError:
        return None
    except (ValidationError, ServiceError):
        raise AuthenticationError(
            f"{path}: malformed; put it back from a copy, for without it nobody notices a head that was taken back"
        ) from None
    return document


def _keep(settings: NodeSettings, document: SignedDocument) -> None:
    path = settings.path(*HEAD_FILE)
    path.parent.mkdir(mode=OWNER_ONLY_DIRECTORY, exist_ok=True)
    with whole_file(path) as file:
        file.write(canonical_json(document.model_dump()))
