"""The node's tables. Instants are UTC, ISO 8601 text. Tables are made by the migrations alone; a test compares them with these."""

from sqlalchemy import LargeBinary, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """Root of the node's tables."""


class Person(Base):
    """Which of the authority's own records a round-level person id (hexadecimal) stands for. Authorities only."""

    __tablename__ = "person"

    round_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    population: Mapped[str] = mapped_column(String(16), primary_key=True)
    person: Mapped[str] = mapped_column(String(32), primary_key=True)
    record_id: Mapped[str] = mapped_column(String(200))


class RedeemedToken(Base):
    """An envelope that the desk opened: `body`, sealed as it came, from before it redeems; time and document once it has."""

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
