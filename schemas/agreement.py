"""What the parties agreed: purpose, lawful bases, encoding, thresholds, release, retention, privacy budget. Pure.

Fractions are integers with their unit in the name, because the document is signed as canonical JSON.
"""

from collections.abc import Mapping
from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from schemas.errors import AgreementError, SubmissionError
from schemas.lawful_basis import check_basis
from schemas.questions import MAX_QUESTIONS
from schemas.roster import ROOT_SIGNATURES_NEEDED, Role, Roster, identity_of
from schemas.signature import SignedDocument, check_signed, malformed_at

CONTEXT = "agreement/1"
FILTER_BITS = 1_024
SMALL_SCOPE_ROWS = 50_000  # of a projection: what a pool of fewer bits may hold, so that a key opens little (ADR 0019)
SCOPE_ROWS = 500_000  # of a projection: so many may share one round key, which opens them all (ADR 0025)
MINIMUM_STEP = 50  # per mille between two sizes of a padded pool; finer ones say how many records there are
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
    power: str = Field(default="", max_length=32, description="its name in the catalogue; none: no round starts")
    necessity: str = Field(default="", max_length=2_000, description="why this use of data, and no less, is needed; none: no round starts")
    expires_on: str = Field(pattern=r"^\d{4}-\d\d-\d\d$")


class Encoding(_Model):
    """How records become filters: the digest of the linkage schemas, the normaliser's version and digest, and diffusion."""

    schemas_digest: str = Field(pattern=r"^[0-9a-f]{64}$")
    normaliser: str = Field(max_length=32)
    normaliser_digest: str = Field(pattern=r"^[0-9a-f]{64}$", description="of the normaliser's version and tables")
    filter_bits: int = FILTER_BITS
    diffusion: int = Field(default=11, description="t: how many input bits each output bit is the XOR of")
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
    strangers: int = Field(
        default=20, ge=0, le=100, description="for each filter, how many unrelated ones may reach a lower cut; 0: no lower cut"
    )
    top_k: int = Field(default=20, ge=1, le=100)
    max_pairs: int = Field(default=50_000_000, ge=1)


class Release(_Model):
    """Which findings become tokens. Weights are log2 posterior odds, in hundredths of a bit."""

    link_centibits: int = 0
    # With delta, fewer than 1 of 2,000 were wrong where one person in twenty had a record and all others a relative there (docs/explanation/quality.md).
    theta_centibits: int = 1_200
    delta_centibits: int = 300
    grade_a_centibits: int = 1_400
    review_band_centibits: int = 1_200
    token_days: int = Field(default=28, ge=1, le=90)
    answer_days: int = Field(default=5, ge=1, le=28, description="until an envelope that no desk has acknowledged is passed on")
    envelopes: int = Field(default=200, ge=1, le=10_000, description="how many every authority gets at a release, whatever was found")
    questions: int = Field(default=20, ge=0, le=MAX_QUESTIONS, description="records that each authority is asked about in a round")


class Padding(_Model):
    """To which sizes pools are filled up with encoded invented people, so that nobody sees how many records there are (ADR 0028)."""

    smallest_rows: int = Field(default=64, ge=1, le=100_000, description="of a projection, however few records there are")
    step_per_mille: int = Field(default=100, ge=0, le=1_000, description="by how much each size exceeds the one below; 0: no padding")

    def size(self, rows: int) -> int:
        """Return the smallest agreed size that holds `rows`."""
        if not self.step_per_mille:
            return rows
        size = self.smallest_rows
        while size < rows:
            size = -(-size * (1_000 + self.step_per_mille) // 1_000)
        return size


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
    """The privacy budgets: zero-concentrated, in millionths of rho; the unit is a family of at most `cap` children.

    The service's ledger pays for releases, each authority's own for its tallies of outcomes. A release costs no less than makes numbers of use, and no more than protects: noise of next to nothing or without end cannot be agreed on.
    """

    total_micro_rho: int = Field(default=88_000, ge=1)
    release_micro_rho: int = Field(default=24_356, ge=1_000, le=1_000_000)
    cap: int = Field(default=4, ge=1, le=16)
    tallies_micro_rho: int = Field(default=100_000, ge=1, description="of all tallies of one desk together")
    tally_micro_rho: int = Field(default=24_356, ge=1_000, le=1_000_000, description="of one quarter's tally")


class Controls(_Model):
    """How many invented families custodians plant in a round, and what is expected of the figures on them."""

    families: int = Field(default=200, ge=0, le=2_000)
    misidentified_per_million: int = Field(default=500, ge=1, le=1_000_000, description="of those released; 500 is 1 in 2,000")
    recall_floor_per_mille: int = Field(default=500, ge=0, le=1_000, description="a group below it is a warning before release")
    generator_digest: str = Field(default="", pattern=r"^([0-9a-f]{64})?$", description="of the families' generator; empty: not compared")


class Probing(_Model):
    """How often, and how much at once, custodians may submit: limits on asking about people by inventing records (ADR 0030)."""

    minimum_rows: int = Field(default=1, ge=1, le=100_000, description="of both populations together, invented people among them")
    growth_per_mille: int = Field(default=500, ge=0, le=100_000, description="more growth since the round before is an alarm for operators")
    rounds_a_month: int = Field(default=10, ge=1, le=1_000, description="for one purpose and scope, in a calendar month")
    audit_sample: int = Field(
        default=0, ge=0, le=10_000, description="records that an auditor opens of a submission; 0: none are committed to"
    )
    audit_beacon: str = Field(
        default="", max_length=300, description="the public randomness beacon whose first value after closing draws them"
    )
    submissions_a_month: int = Field(default=100, ge=1, le=10_000, description="of one custodian, in a calendar month")


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
    padding: Padding = Padding()
    self_check: SelfCheck = SelfCheck()
    probing: Probing = Probing()
    manifest_signatures: int = Field(
        default=1, ge=1, le=2, description="2: the data-protection lead of the custodian signs what its data manager signed (ADR 0030)"
    )
    retention_days: int = Field(default=28, ge=1, le=365)
    quarantine_per_mille: int = Field(default=50, ge=0, le=1_000, description="more rows than this quarantined: nothing leaves")

    @model_validator(mode="after")
    def _padded_enough(self) -> "Agreement":
        if self.encoding.profile != "development" and self.padding.step_per_mille < MINIMUM_STEP:
            raise ValueError(f"a production or small-scope profile pads submissions, in steps of at least {MINIMUM_STEP} per mille")
        return self

    def padded(self, rows: int) -> int:
        """Return how many rows each projection of a pool has that needs `rows`: never more than one round key may open."""
        size, most = self.padding.size(rows), self.encoding.most_rows
        return size if most is None else max(rows, min(size, most))


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


def check_enough(agreement: Agreement, people: int) -> None:
    """Check that a submission is of the agreed least size before it is padded, when the service can no longer tell.

    Raises:
        SubmissionError: it is smaller.
    """
    if people < agreement.probing.minimum_rows:
        raise SubmissionError(
            f"extract: fewer than the agreed {agreement.probing.minimum_rows:,} people, so few that it would ask about single ones; nothing was sent: submit the whole extract"
        )


def check_padded(agreement: Agreement, rows: int) -> None:
    """Check that a pool's size is one of the agreed ones.

    Raises:
        SubmissionError: it is not, and would say how many records there are.
    """
    if agreement.padded(rows) != rows:
        raise SubmissionError("manifest: a pool is not padded to an agreed size; update Kinlink, then encode and submit again")


def check_may_start(agreement: Agreement, roster: Roster, roster_digest: str, today: date) -> None:
    """Check that a round may start under `agreement` on `today`.

    Raises:
        AgreementError: the roster differs, something has expired, or a custodian has no lawful basis that says why it is necessary, or nobody for the second signature.
    """
    if agreement.roster_digest not in (roster_digest, *roster.continues):
        raise AgreementError(
            f"agreement names roster {agreement.roster_digest[:12]}, this node has {roster_digest[:12]}; install the agreed one with `kinlink party install`"
        )
    for what, expires_on in (("agreement", agreement.expires_on), ("roster", roster.expires_on)):
        if date.fromisoformat(expires_on) < today:
            raise AgreementError(f"{what} expired on {expires_on}; have the root signers sign a new one")
    bases = {item.organisation: item for item in agreement.lawful_bases}
    for organisation in roster.custodians():
        basis = bases.get(organisation.organisation)
        expires_on = basis.expires_on if basis else ""
        if basis is None or date.fromisoformat(expires_on) < today:
            state = f"expired on {expires_on}" if expires_on else "is missing"
            raise AgreementError(
                f"the lawful basis of {organisation.organisation} {state}; a round does not start without it: amend the agreement"
            )
        check_basis(organisation, power=basis.power, basis=basis.basis, necessity=basis.necessity)
        if agreement.manifest_signatures > 1:
            identity_of(organisation, Role.DATA_PROTECTION)
