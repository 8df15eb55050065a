"""What the parties agreed: purpose, lawful bases, encoding, thresholds, release, retention, privacy budget. Pure.

Fractions are integers with their unit in the name, because the document is signed as canonical JSON.
"""

from collections.abc import Mapping
from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from schemas.errors import AgreementError, SubmissionError
from schemas.questions import MAX_QUESTIONS
from schemas.roster import ROOT_SIGNATURES_NEEDED, Roster
from schemas.signature import SignedDocument, check_signed, malformed_at

CONTEXT = "agreement/1"
FILTER_BITS = 1_024
SMALL_SCOPE_ROWS = 50_000  # of a projection: what a pool of fewer bits may hold, so that a key opens little (ADR 0019)
SCOPE_ROWS = 500_000  # of a projection: so many may share one round key, which opens them all (ADR 0025)
MINIMUM_DIFFUSION = 9  # t below 8 fell to graph matching at scale, and an even t exposes fills (ADR 0004)

Projection = Literal["A", "B", "C", "D"]
PROJECTIONS: tuple[Projection, ...] = ("A", "B", "C", "D")


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LawfulBasis(_Model):
    """Why one organisation may take part, and until when."""

    organisation: str = Field(max_length=64)
    basis: Literal["public_task", "legal_obligation", "vital_interests", "consent"]
    statute: str = Field(min_length=3, max_length=300)
    dpia: str = Field(min_length=1, max_length=100)
    expires_on: str = Field(pattern=r"^\d{4}-\d\d-\d\d$")


class Encoding(_Model):
    """How records become filters: the digest of the linkage schemas, the normaliser's version and digest, and diffusion."""

    schemas_digest: str = Field(pattern=r"^[0-9a-f]{64}$")
    normaliser: str = Field(max_length=32)
    normaliser_digest: str = Field(pattern=r"^[0-9a-f]{64}$", description="of the normaliser's version and tables")
    filter_bits: int = FILTER_BITS
    diffusion: int = Field(default=9, description="t: how many input bits each output bit is the XOR of")
    profile: Literal["production", "small-scope", "development"] = "production"

    @model_validator(mode="after")
    def _strong_enough(self) -> "Encoding":
        if self.profile != "development" and not (self.is_strong and self.filter_bits == FILTER_BITS):
            raise ValueError("a production or small-scope profile needs 1024 bits and an odd diffusion t of at least 9")
        return self

    @property
    def bits_per_mille(self) -> int:
        """How many of the linkage schemas' bits a projection sets; fewer survive diffusion better and hide less."""
        return 450 if self.profile == "small-scope" else 1_000

    @property
    def most_rows(self) -> int | None:
        """How many rows a projection of one pool may have; none: as many as the format allows."""
        return {"production": SCOPE_ROWS, "small-scope": SMALL_SCOPE_ROWS}.get(self.profile)

    @property
    def is_strong(self) -> bool:
        """Whether diffusion hides what it must: t odd, and not below the minimum."""
        return self.diffusion >= MINIMUM_DIFFUSION and self.diffusion % 2 == 1


class Search(_Model):
    """Which pairs of filters become candidates."""

    cut_per_mille: int = Field(default=580, ge=500, le=1_000)
    top_k: int = Field(default=10, ge=1, le=100)
    max_pairs: int = Field(default=50_000_000, ge=1)


class Release(_Model):
    """Which findings become tokens. Weights are log2 posterior odds, in hundredths of a bit."""

    link_centibits: int = 0
    # With delta, far fewer than 1 of 2,000 were wrong where one record in twenty had a partner (docs/explanation/quality.md).
    theta_centibits: int = 800
    delta_centibits: int = 300
    grade_a_centibits: int = 1_000
    review_band_centibits: int = 800
    token_days: int = Field(default=28, ge=1, le=90)
    envelopes: int = Field(default=200, ge=1, le=10_000, description="how many every authority gets at a release, whatever was found")
    questions: int = Field(default=20, ge=0, le=MAX_QUESTIONS, description="records that each authority is asked about in a round")


class SelfCheck(_Model):
    """How many of a thousand people a custodian's own attacks may read of its filters before it sends nothing (ADR 0021)."""

    required: bool = Field(default=False, description="whether a submission needs the report of its very extract")
    graph_per_mille: int = Field(default=20, ge=0, le=1_000)
    ten_seeds_per_mille: int = Field(default=20, ge=0, le=1_000)
    fifty_seeds_per_mille: int = Field(default=40, ge=0, le=1_000)
    known_100_per_mille: int = Field(default=20, ge=0, le=1_000)
    known_1000_per_mille: int = Field(default=100, ge=0, le=1_000)
    known_6000_per_mille: int = Field(default=150, ge=0, le=1_000)
    dense_graph_per_mille: int = Field(default=50, ge=0, le=1_000)
    dense_fifty_seeds_per_mille: int = Field(default=60, ge=0, le=1_000)


class Statistics(_Model):
    """The privacy budget: zero-concentrated, in millionths of rho; the unit is a family of at most `cap` children."""

    total_micro_rho: int = Field(default=88_000, ge=1)
    release_micro_rho: int = Field(default=24_356, ge=1)
    cap: int = Field(default=4, ge=1, le=16)


class Controls(_Model):
    """How many invented families custodians plant in a round, and what is expected of the figures on them."""

    families: int = Field(default=200, ge=0, le=2_000)
    misidentified_per_million: int = Field(default=500, ge=1, le=1_000_000, description="of those released; 500 is 1 in 2,000")
    recall_floor_per_mille: int = Field(default=500, ge=0, le=1_000, description="a group below it is a warning before release")


class Agreement(_Model):
    """One agreement between the organisations of one roster."""

    version: int = Field(ge=1)
    purpose: str = Field(min_length=3, max_length=300)
    scope: str = Field(pattern=r"^[a-z0-9-]{1,64}$")
    roster_digest: str = Field(pattern=r"^[0-9a-f]{64}$")
    expires_on: str = Field(pattern=r"^\d{4}-\d\d-\d\d$")
    lawful_bases: list[LawfulBasis] = Field(max_length=1_000)
    encoding: Encoding
    search: Search = Search()
    release: Release = Release()
    statistics: Statistics = Statistics()
    controls: Controls = Controls()
    self_check: SelfCheck = SelfCheck()
    retention_days: int = Field(default=28, ge=1, le=365)
    quarantine_per_mille: int = Field(default=50, ge=0, le=1_000, description="more rows than this quarantined: nothing leaves")


def open_agreement(document: SignedDocument, roots: Mapping[str, str]) -> Agreement:
    """Return the agreement of `document` once its signatures hold.

    Raises:
        AuthenticationError: fewer than two root signers signed it.
        AgreementError: it is malformed.
    """
    check_signed(document, CONTEXT, roots, needed=ROOT_SIGNATURES_NEEDED)
    try:
        return Agreement.model_validate(document.body)
    except ValidationError as error:
        raise AgreementError(f"agreement: malformed at {malformed_at(error)}; ask the root signers for a corrected one") from None


def check_scope(agreement: Agreement, rows: int) -> None:
    """Check that a pool of so many rows is not too large for one round key.

    Raises:
        SubmissionError: it is.
    """
    most = agreement.encoding.most_rows
    if most is not None and rows > most:
        raise SubmissionError(
            f"scope {agreement.scope}: over {most:,} rows in a pool, too many for one round key of profile {agreement.encoding.profile}; "
            "have the root signers split the scope, with an agreement and a round for each part"
        )


def check_may_start(agreement: Agreement, roster: Roster, roster_digest: str, today: date) -> None:
    """Check that a round may start under `agreement` on `today`.

    Raises:
        AgreementError: the roster differs, something has expired, or a custodian has no lawful basis.
    """
    if agreement.roster_digest != roster_digest:
        raise AgreementError(
            f"agreement names roster {agreement.roster_digest[:12]}, this node has {roster_digest[:12]}; install the agreed one with `kinlink party install`"
        )
    for what, expires_on in (("agreement", agreement.expires_on), ("roster", roster.expires_on)):
        if date.fromisoformat(expires_on) < today:
            raise AgreementError(f"{what} expired on {expires_on}; have the root signers sign a new one")
    bases = {item.organisation: item.expires_on for item in agreement.lawful_bases}
    for organisation in roster.custodians():
        expires_on = bases.get(organisation.organisation, "")
        if not expires_on or date.fromisoformat(expires_on) < today:
            state = f"expired on {expires_on}" if expires_on else "is missing"
            raise AgreementError(
                f"the lawful basis of {organisation.organisation} {state}; a round does not start without it: amend the agreement"
            )
