"""The node's tables. Instants are UTC, ISO 8601 text. Tables are made by the migrations alone; a test compares them with these."""

from sqlalchemy import LargeBinary, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from validation.disclosure.ledger import add_tables


class Base(DeclarativeBase):
    """Root of the node's tables."""


add_tables(Base.metadata)


class Person(Base):
    """Which of the authority's own records a round-level person id (hexadecimal) stands for. Authorities only."""

    __tablename__ = "person"

    round_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    population: Mapped[str] = mapped_column(String(16), primary_key=True)
    person: Mapped[str] = mapped_column(String(32), primary_key=True)
    record_id: Mapped[str] = mapped_column(String(200))


class RedeemedToken(Base):
    """An envelope that the desk opened: `body`, sealed as it came, from before it redeems; time and document once it has.

    A time without a document is one that waits for approval; a document of "" is none.
    """

    __tablename__ = "redeemed_token"

    envelope_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    round_id: Mapped[str] = mapped_column(String(64), index=True)
    child: Mapped[str] = mapped_column(String(32))
    body: Mapped[str | None]
    redeemed_at: Mapped[str | None] = mapped_column(String(32))
    referral: Mapped[str | None] = mapped_column(String(300))


class AskedRecord(Base):
    """A record of the authority's own that a round was the first to ask about; answers are NULL until given, "" where there is nothing."""

    __tablename__ = "asked_record"

    file: Mapped[str] = mapped_column(String(16), primary_key=True)
    record_id: Mapped[str] = mapped_column(String(200), primary_key=True)
    round_id: Mapped[str] = mapped_column(String(64), index=True)
    former_surname: Mapped[str | None]
    earlier_postcode: Mapped[str | None]
    second_date_of_birth: Mapped[str | None]
    middle_names: Mapped[str | None]
    other_forename: Mapped[str | None]


class AnsweredWave(Base):
    """A wave of second-look requests that this node answers, with the digest of the requests."""

    __tablename__ = "answered_wave"

    round_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    wave: Mapped[str] = mapped_column(String(120), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64))


class AnsweredNonce(Base):
    """A nonce that was answered: answered again, it would show two records under one key."""

    __tablename__ = "answered_nonce"

    round_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    nonce: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)


class Alarm(Base):
    """Something that must never happen and did: an envelope whose child is one of the authority's own planted controls."""

    __tablename__ = "alarm"

    envelope_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    round_id: Mapped[str] = mapped_column(String(64))
    what: Mapped[str] = mapped_column(String(64))
    raised_at: Mapped[str] = mapped_column(String(32))


class ProtectedOpening(Base):
    """What a rule of a child's protection did with an envelope, and when; neither whose it was nor which rule."""

    __tablename__ = "protected_opening"

    envelope_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    round_id: Mapped[str] = mapped_column(String(64))
    opening: Mapped[str] = mapped_column(String(16))
    decided_at: Mapped[str] = mapped_column(String(32))


class DocumentApproval(Base):
    """Who approved the document of a protected child, and when; it is written once two people have."""

    __tablename__ = "document_approval"

    envelope_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    approver: Mapped[str] = mapped_column(String(80), primary_key=True)
    approved_at: Mapped[str] = mapped_column(String(32))


class CaseEvent(Base):
    """What became of a referral, by its document's name: a state, that one was recorded in error, or whether the child was heard, and on which day.

    The first, that it was written, says of which round, record, own record of the parent, and grade; it outlives the round's map of persons, and the document.
    """

    __tablename__ = "case_event"

    event_id: Mapped[int] = mapped_column(primary_key=True)
    document: Mapped[str] = mapped_column(String(64), index=True)
    what: Mapped[str] = mapped_column(String(16))
    recorded_at: Mapped[str] = mapped_column(String(32))
    grade: Mapped[str | None] = mapped_column(String(1))
    round_id: Mapped[str | None] = mapped_column(String(64))
    record_id: Mapped[str | None] = mapped_column(String(200))
    carer_id: Mapped[str | None] = mapped_column(String(200))
    happened_on: Mapped[str | None] = mapped_column(String(10))


class StoppedChild(Base):
    """A record of the authority's own of which a referral was of the wrong child: people look at its next envelope first."""

    __tablename__ = "stopped_child"

    record_id: Mapped[str] = mapped_column(String(200), primary_key=True)
    stopped_at: Mapped[str] = mapped_column(String(32))


class DocumentLook(Base):
    """That somebody at the desk looked at a document: who, when, and why, a word of a list."""

    __tablename__ = "document_look"

    look_id: Mapped[int] = mapped_column(primary_key=True)
    document: Mapped[str] = mapped_column(String(64), index=True)
    who: Mapped[str] = mapped_column(String(80))
    why: Mapped[str] = mapped_column(String(16))
    looked_at: Mapped[str] = mapped_column(String(32))


class ConsentEvent(Base):
    """What a family said about passing its details on, case by case: a state, who recorded it, and on which ground it was passed over, if it was."""

    __tablename__ = "consent_event"

    event_id: Mapped[int] = mapped_column(primary_key=True)
    document: Mapped[str] = mapped_column(String(64), index=True)
    state: Mapped[str] = mapped_column(String(16))
    ground: Mapped[str | None] = mapped_column(String(32))
    recorded_by: Mapped[str] = mapped_column(String(80))
    recorded_at: Mapped[str] = mapped_column(String(32))


class Reception(Base):
    """A reception that was submitted, its event handle, how many of its events were published, and the day on which it ended. Prison service only."""

    __tablename__ = "reception"

    reception_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    handle: Mapped[bytes] = mapped_column(LargeBinary)
    events: Mapped[int]
    drawn_at: Mapped[str] = mapped_column(String(32))
    ended_on: Mapped[str | None] = mapped_column(String(10))


class QueuedEvent(Base):
    """What became of a reception on a day, and with which feed it went: none, as long as it waits. Prison service only."""

    __tablename__ = "queued_event"

    reception_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    event: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    happened_on: Mapped[str] = mapped_column(String(10), primary_key=True)
    feed: Mapped[int | None] = mapped_column(index=True)


class KeptFeed(Base):
    """A day's feed of events: of the prison service at its own node, and as a desk fetched it."""

    __tablename__ = "kept_feed"

    organisation: Mapped[str] = mapped_column(String(64), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    published_at: Mapped[str] = mapped_column(String(32))
    digest: Mapped[str] = mapped_column(String(64))
    document: Mapped[str]


class CustodyKey(Base):
    """The key of a round's sealed attributes, itself sealed to the desk. Authorities only."""

    __tablename__ = "custody_key"

    round_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)


class CaseReception(Base):
    """A reception behind a case: its handle, which says nothing by itself, how the parent is held, two marks, and how many events were learned."""

    __tablename__ = "case_reception"

    document: Mapped[str] = mapped_column(String(64), primary_key=True)
    handle: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    custody: Mapped[int]
    is_restricted: Mapped[bool]
    is_sole_carer: Mapped[bool]
    events: Mapped[int]


class LearnedEvent(Base):
    """An event of a case's reception, when the desk learned of it, and who did what it asks for, and when."""

    __tablename__ = "learned_event"

    document: Mapped[str] = mapped_column(String(64), primary_key=True)
    handle: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    sequence: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    event: Mapped[int]
    published_at: Mapped[str] = mapped_column(String(32))
    learned_at: Mapped[str] = mapped_column(String(32))
    done_at: Mapped[str | None] = mapped_column(String(32))
    done_by: Mapped[str | None] = mapped_column(String(80))
