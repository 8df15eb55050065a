"""The life of a submission: manifest, chunks, acceptance, receipt. The shell around `acceptance` and `vault`.

What a custodian is told depends on its own submission, the round's manifest and the clock; never on a search. The one
other party's bytes that matter are the shared canaries, before acceptance.
"""

from collections import defaultdict
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from linkage.inbox.acceptance import Canaries, check_agreed, check_belongs, check_canaries, check_part, check_submission, read_manifest
from linkage.inbox.plausible import check_plausible
from linkage.inbox.probing import check_submissions_of_month, raise_alarms
from linkage.inbox.vault import Staged, Vault
from linkage.rounds import check_receives, get_round
from linkage.settings import ServiceSettings
from linkage.store.audit import append
from linkage.store.models import Chunk, Round, Submission
from schemas.agreed import Agreed
from schemas.agreement import Agreement
from schemas.audit import AuditEvent
from schemas.encoding_set import Part, SubmissionManifest
from schemas.errors import NotPermittedError, SubmissionError
from schemas.receipt import CONTEXT as RECEIPT_CONTEXT
from schemas.receipt import Receipt, write_receipt
from schemas.round_manifest import RoundManifest
from schemas.sign_off import check_signed_off
from schemas.signature import SignedDocument, signed
from schemas.slots import check_kind_parts

CANARIES = "canaries.arrow"


class SubmissionState(StrEnum):
    """Where a submission stands."""

    RECEIVING = "receiving"
    ACCEPTED = "accepted"
    SUPERSEDED = "superseded"


class UnknownSubmissionError(NotPermittedError):
    """There is no such submission, or it is somebody else's."""


class ConflictError(SubmissionError):
    """Other bytes already stand in this place."""


@dataclass(frozen=True)
class Signer:
    """The service's own key, and its name in the roster."""

    key_id: str
    key: Ed25519PrivateKey


def announce(session: Session, round_: Round, document: SignedDocument, organisation: str, *, agreed: Agreed, now: str) -> Submission:
    """Take a manifest whose signature the caller has checked; the same one again changes nothing.

    Raises:
        AuthenticationError: somebody who must sign it did not.
        SubmissionError: it is malformed, or not of this round, organisation or agreement.
        RoundError: the round takes no submissions now.
    """
    check_signed_off(document, agreed, organisation)
    known = session.get(Submission, document.digest)
    if known is not None and known.state != SubmissionState.SUPERSEDED:
        return known
    check_receives(round_, now)
    manifest = read_manifest(document)
    check_belongs(manifest, round_.digest, RoundManifest.model_validate(round_.manifest["body"]), organisation)
    check_agreed(manifest, agreed.agreement)
    check_plausible(manifest, agreed.roster.get(organisation), agreed.agreement.probing)
    check_submissions_of_month(session, agreed.agreement, organisation, now)
    check_kind_parts(manifest, agreed.roster.get(organisation).kind)
    submission = known or Submission(
        digest=document.digest, round_id=round_.round_id, organisation=organisation, manifest=document.model_dump()
    )
    submission.state = SubmissionState.RECEIVING
    session.add(submission)
    session.flush()
    return submission


def find_own(session: Session, round_id: str, digest: str, organisation: str, *, lock: bool = False) -> Submission:
    """Return one submission of `organisation`.

    Raises:
        UnknownSubmissionError: there is none, or it is another organisation's; the text does not tell which.
    """
    submission = session.get(Submission, digest, with_for_update=lock or None)
    if submission is None or (submission.round_id, submission.organisation) != (round_id, organisation):
        raise UnknownSubmissionError("submission: none of yours has this digest in this round; send its manifest first")
    return submission


def missing_chunks(session: Session, submission: Submission) -> dict[str, list[int]]:
    """Return the chunks that have not arrived, by part."""
    if submission.state == SubmissionState.ACCEPTED:
        return {}
    arrived: dict[str, set[int]] = defaultdict(set)
    for chunk in session.scalars(select(Chunk).where(Chunk.submission == submission.digest)):
        arrived[chunk.part].add(chunk.index)
    missing = {
        part.name: [index for index in range(part.chunks) if index not in arrived[part.name]] for part in manifest_of(submission).parts
    }
    return {name: indexes for name, indexes in missing.items() if indexes}


def view(session: Session, submission: Submission) -> dict[str, Any]:
    """Return what the custodian is told of its submission."""
    return {"state": submission.state, "missing": missing_chunks(session, submission)}


def is_new_chunk(session: Session, submission: Submission, place: tuple[str, int], *, size: int, digest: str) -> bool:
    """Say whether a chunk of so many bytes and this SHA-256 is to be kept; the same bytes again change nothing.

    Raises:
        SubmissionError: no such part or chunk, or another size than the manifest says.
        ConflictError: other bytes were sent for it before.
    """
    name, index = place
    part = manifest_of(submission).part(name)
    if not 0 <= index < part.chunks:
        raise SubmissionError(f"part {part.name}: has {part.chunks} chunk(s), counted from 0; send those")
    if size != part.chunk_size(index):
        raise SubmissionError(f"part {part.name}, chunk {index}: want {part.chunk_size(index)} bytes; send the chunk again")
    known = session.get(Chunk, (submission.digest, part.name, index))
    if known is not None and known.sha256 != digest:
        raise ConflictError(f"part {part.name}, chunk {index}: other bytes were sent before; a changed part needs a new manifest")
    if known is None and submission.state != SubmissionState.RECEIVING:
        raise ConflictError("submission: it takes no more chunks; send a new manifest")
    return known is None


def keep_chunk(session: Session, staged: Staged, submission: Submission, place: tuple[str, int], digest: str) -> None:
    """Keep a chunk that is new and staged. The caller holds the submission's lock."""
    staged.take()
    session.add(Chunk(submission=submission.digest, part=place[0], index=place[1], sha256=digest))


def verify(vault: Vault, submission: Submission, agreement: Agreement) -> Canaries:
    """Check the whole of a submission, outside of any transaction: it can take a while, and its chunks cannot change.

    Raises:
        SubmissionError: naming the part and the rule that it breaks.
    """
    return check_submission(
        manifest_of(submission),
        lambda part: vault.read_part(submission.organisation, submission.digest, part),
        families=agreement.controls.families,
    )


def check_complete(session: Session, submission: Submission) -> None:
    """Check that every chunk has arrived.

    Raises:
        SubmissionError: one has not.
    """
    missing = missing_chunks(session, submission)
    if missing:
        raise SubmissionError(f"submission: {sum(map(len, missing.values()))} chunk(s) are missing; run `kinlink party submit` to resume")


def accept(
    session: Session,
    settings: ServiceSettings,
    submission: Submission,
    canaries: Canaries,
    *,
    agreement: Agreement,
    signer: Signer,
    event: AuditEvent,
) -> list[str]:
    """Accept a verified submission, supersede the organisation's older one; return the superseded digests.

    The receipt is written once and stays. The caller destroys the superseded parts once this is committed.

    Raises:
        RoundError: the round takes no submissions now.
        SubmissionError: the canaries differ from another party's.
    """
    round_ = get_round(session, submission.round_id, lock=True)
    check_receives(round_, event.at)
    _check_other_canaries(session, Vault(settings, round_), submission, canaries)
    superseded = _supersede(session, submission)
    submission.state = SubmissionState.ACCEPTED
    submission.receipt = submission.receipt or _receipt(submission, signer, event.at)
    append(session, event)
    raise_alarms(session, submission, agreement, event)
    return superseded


def manifest_of(submission: Submission) -> SubmissionManifest:
    """Return the manifest of a stored submission."""
    return SubmissionManifest.model_validate(submission.manifest["body"])


def _check_other_canaries(session: Session, vault: Vault, submission: Submission, canaries: Canaries) -> None:
    """Compare with any one accepted party: all of those agree already."""
    query = select(Submission).where(
        Submission.round_id == submission.round_id,
        Submission.organisation != submission.organisation,
        Submission.state == SubmissionState.ACCEPTED,
    )
    other = session.scalar(query.limit(1))
    if other is not None:
        part: Part = manifest_of(other).part(CANARIES)
        table = check_part(part, vault.read_part(other.organisation, other.digest, part))
        check_canaries(canaries, dict(zip(table["label"].to_pylist(), table["clk"].to_pylist(), strict=True)))


def _supersede(session: Session, submission: Submission) -> list[str]:
    """Return every superseded digest, old ones too: parts that a crash left over go with the next acceptance."""
    own = select(Submission).where(Submission.round_id == submission.round_id, Submission.organisation == submission.organisation)
    for older in session.scalars(own.where(Submission.state == SubmissionState.ACCEPTED, Submission.digest != submission.digest)):
        older.state = SubmissionState.SUPERSEDED
        session.execute(delete(Chunk).where(Chunk.submission == older.digest))
    return [item.digest for item in session.scalars(own.where(Submission.state == SubmissionState.SUPERSEDED))]


def _receipt(submission: Submission, signer: Signer, accepted_at: str) -> bytes:
    receipt = Receipt(
        round_id=submission.round_id, organisation=submission.organisation, submission=submission.digest, accepted_at=accepted_at
    )
    return write_receipt(signed(signer.key, signer.key_id, RECEIPT_CONTEXT, receipt.model_dump()))
