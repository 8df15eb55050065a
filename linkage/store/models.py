"""The service's tables. Digests, pseudonyms and ids only: no identifier of a person is ever stored.

Instants are UTC, ISO 8601 text to the second. Tables are made by the migrations alone; a test compares them with these.
"""

from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, MetaData, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from validation.disclosure.ledger import add_tables

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

ID = String(64)
KEY_ID = String(128)
DIGEST = String(64)
PERSON = String(32)
INSTANT = String(32)
WORD = String(32)


class Base(DeclarativeBase):
    """Root of the tables; constraints have fixed names, so that a migration can change them."""

    metadata = MetaData(naming_convention=NAMES)


add_tables(Base.metadata)


class Round(Base):
    """One round: its signed manifest, its state, and the wrapped key of its part of the vault (empty once destroyed), with the number of the master key.

    `counts` are pairs, opened, findings, releasable and review, exact, once the search has ended; operators see them in tens. Beside them
    stands the lowest cut that a search took.
    """

    __tablename__ = "round"

    round_id: Mapped[str] = mapped_column(ID, primary_key=True)
    digest: Mapped[str] = mapped_column(DIGEST)
    manifest: Mapped[dict[str, Any]] = mapped_column(JSON)
    state: Mapped[str] = mapped_column(WORD)
    opened_at: Mapped[str] = mapped_column(INSTANT)
    findings_digest: Mapped[str | None] = mapped_column(DIGEST)
    storage_key: Mapped[bytes]
    storage_master: Mapped[int | None]
    counts: Mapped[dict[str, int] | None] = mapped_column(JSON(none_as_null=True))


class RoundBasis(Base):
    """Why one custodian takes part in a round: a power of the catalogue, and why it is necessary. No round is without; the database refuses an empty note."""

    __tablename__ = "round_basis"
    __table_args__ = (CheckConstraint("length(trim(necessity)) >= 40", name="says_why"),)

    round_id: Mapped[str] = mapped_column(ForeignKey("round.round_id"), primary_key=True)
    organisation: Mapped[str] = mapped_column(ID, primary_key=True)
    power: Mapped[str] = mapped_column(WORD)
    necessity: Mapped[str] = mapped_column(Text)
    expires_on: Mapped[str] = mapped_column(INSTANT)


class KeyShare(Base):
    """One key holder's share for one recipient, sealed: bytes that the service only relays."""

    __tablename__ = "key_share"

    round_id: Mapped[str] = mapped_column(ForeignKey("round.round_id"), primary_key=True)
    holder: Mapped[str] = mapped_column(ID, primary_key=True)
    recipient: Mapped[str] = mapped_column(ID, primary_key=True)
    sealed: Mapped[bytes]


class Submission(Base):
    """One submission; its digest covers round and organisation. `manifest` is the signed document."""

    __tablename__ = "submission"
    __table_args__ = (Index(None, "round_id", "organisation"),)

    digest: Mapped[str] = mapped_column(DIGEST, primary_key=True)
    round_id: Mapped[str] = mapped_column(ForeignKey("round.round_id"))
    organisation: Mapped[str] = mapped_column(ID)
    manifest: Mapped[dict[str, Any]] = mapped_column(JSON)
    state: Mapped[str] = mapped_column(WORD)
    receipt: Mapped[bytes | None]


class Chunk(Base):
    """One chunk that lies in the vault; the row is written after the file."""

    __tablename__ = "chunk"

    submission: Mapped[str] = mapped_column(ForeignKey("submission.digest"), primary_key=True)
    part: Mapped[str] = mapped_column(ID, primary_key=True)
    index: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sha256: Mapped[str] = mapped_column(DIGEST)


class Asked(Base):
    """What one responder is asked in one wave of the second look, and what it answered; lists of `schemas.waves.TableSummary`."""

    __tablename__ = "asked"

    round_id: Mapped[str] = mapped_column(ForeignKey("round.round_id"), primary_key=True)
    wave: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    organisation: Mapped[str] = mapped_column(ID, primary_key=True)
    requests: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    answers: Mapped[list[dict[str, Any]] | None] = mapped_column(JSON(none_as_null=True))


class Nonce(Base):
    """A nonce that a key has used; kept until its signature would be too old anyway."""

    __tablename__ = "nonce"

    key_id: Mapped[str] = mapped_column(KEY_ID, primary_key=True)
    nonce: Mapped[str] = mapped_column(ID, primary_key=True)
    seen_at: Mapped[str] = mapped_column(INSTANT, index=True)


class Finding(Base):
    """What the linkage says of one authority's child: a decision of release, review, stand-by or withheld, once; `codes` say why.

    One on stand-by names the envelope that would have to be passed on for it to be released. `attributes` are the prison service's, sealed.
    """

    __tablename__ = "finding"

    round_id: Mapped[str] = mapped_column(ForeignKey("round.round_id"), primary_key=True)
    authority: Mapped[str] = mapped_column(ID, primary_key=True)
    child: Mapped[str] = mapped_column(PERSON, primary_key=True)
    own_carer: Mapped[str | None] = mapped_column(PERSON)
    weight_centibits: Mapped[int]
    grade: Mapped[str] = mapped_column(WORD)
    decision: Mapped[str] = mapped_column(WORD)
    codes: Mapped[list[str]] = mapped_column(JSON, default=list, server_default="[]")
    stands_by_for: Mapped[str | None] = mapped_column(DIGEST)
    attributes: Mapped[list[str]] = mapped_column(JSON, default=list, server_default="[]")


class ControlResult(Base):
    """What planted controls showed of a round: tallies at each step's thresholds, and the step chosen. It outlives the round's key, to be pooled.

    `parameters` is the digest of what a round must have in common with another for their controls to count together.
    """

    __tablename__ = "control_result"

    round_id: Mapped[str] = mapped_column(ForeignKey("round.round_id"), primary_key=True)
    parameters: Mapped[str] = mapped_column(DIGEST, index=True)
    steps: Mapped[list[dict[str, list[int]]]] = mapped_column(JSON)
    chosen: Mapped[dict[str, Any]] = mapped_column(JSON)
    unread: Mapped[list[str]] = mapped_column(JSON)


class Approval(Base):
    """One operator's signed approval of a round's findings; a key approves once."""

    __tablename__ = "approval"

    round_id: Mapped[str] = mapped_column(ForeignKey("round.round_id"), primary_key=True)
    key_id: Mapped[str] = mapped_column(KEY_ID, primary_key=True)
    findings_digest: Mapped[str] = mapped_column(DIGEST)
    document: Mapped[dict[str, Any]] = mapped_column(JSON)


class Envelope(Base):
    """One minted token, sealed to one authority; the service keeps the token's SHA-256 alone.

    `became` is what the desk says of it: kept or moved. Where that is missing by `answer_by`, a record on stand-by takes its place.
    """

    __tablename__ = "envelope"
    __table_args__ = (Index(None, "round_id", "authority"),)

    envelope_id: Mapped[str] = mapped_column(DIGEST, primary_key=True)
    round_id: Mapped[str] = mapped_column(ForeignKey("round.round_id"))
    authority: Mapped[str] = mapped_column(ID)
    token_sha256: Mapped[str] = mapped_column(DIGEST, unique=True)
    sealed: Mapped[bytes]
    minted_at: Mapped[str] = mapped_column(INSTANT)
    expires_at: Mapped[str] = mapped_column(INSTANT)
    answer_by: Mapped[str | None] = mapped_column(INSTANT)
    became: Mapped[str | None] = mapped_column(WORD)
    redeemed_at: Mapped[str | None] = mapped_column(INSTANT)


class Questions(Base):
    """What one authority is asked about its own records in one round, sealed to its desk: of one size, whatever was found."""

    __tablename__ = "questions"

    round_id: Mapped[str] = mapped_column(ForeignKey("round.round_id"), primary_key=True)
    authority: Mapped[str] = mapped_column(ID, primary_key=True)
    sealed: Mapped[bytes]
    minted_at: Mapped[str] = mapped_column(INSTANT)


class Lease(Base):
    """Who is at work on one step of a round: a worker's name (empty: nobody), how often it was begun, and until when the worker need not be heard of."""

    __tablename__ = "lease"

    round_id: Mapped[str] = mapped_column(ForeignKey("round.round_id"), primary_key=True)
    step: Mapped[str] = mapped_column(WORD, primary_key=True)
    holder: Mapped[str] = mapped_column(ID)
    attempts: Mapped[int]
    begun_at: Mapped[str] = mapped_column(INSTANT)
    expires_at: Mapped[str] = mapped_column(INSTANT)


class EventFeed(Base):
    """One day's feed of events of one prison service: the signed document, which goes to every desk as it came."""

    __tablename__ = "event_feed"

    organisation: Mapped[str] = mapped_column(ID, primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    published_at: Mapped[str] = mapped_column(INSTANT)
    digest: Mapped[str] = mapped_column(DIGEST)
    document: Mapped[dict[str, Any]] = mapped_column(JSON)


class AuditEntry(Base):
    """One event of the audit log; triggers refuse to change or delete it."""

    __tablename__ = "audit_entry"

    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    event: Mapped[dict[str, Any]] = mapped_column(JSON)
    hash: Mapped[str] = mapped_column(DIGEST)


class AuditLock(Base):
    """One row that whoever appends to the audit log locks first, so that the chain has no forks."""

    __tablename__ = "audit_lock"

    lock_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
