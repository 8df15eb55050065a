"""Who takes part in the demo, and in which directory each lives. Pure."""

from dataclasses import dataclass
from pathlib import Path

from schemas.roster import CUSTODIAN_KINDS, Kind

ROUND_ID = "demo-round"
SCOPE = "demo"
PURPOSE = "Offer support to children with a parent in prison"
CONTROL_FAMILIES = 112  # every class meets every list of names once
MINIMUM_ROWS = 10  # a submission of fewer would ask about single people
AUDIT_SAMPLE, AUDIT_BEACON = 100, "drand, the quicknet network: the first value after closing"
OPERATORS = ("operator-1", "operator-2")
APPROVERS = ("Morgan Lead", "Robin Deputy")  # of every authority's desk, invented
ROOTS = ("root-one", "root-two", "root-three")


@dataclass(frozen=True)
class Member:
    """One organisation of the demo; `extract` is the folder of the invented population that becomes its extract."""

    organisation: str
    name: str
    kind: Kind
    controller: str
    gss_code: str | None = None
    extract: str | None = None

    @property
    def lead(self) -> str:
        """Name of the directory of its data-protection lead."""
        return f"{self.organisation}-lead"

    @property
    def desk(self) -> str:
        """Name of the directory of an authority's desk."""
        return f"{self.organisation}-desk"

    def directory(self, out: Path) -> Path:
        """Return the organisation's own directory."""
        return out / self.organisation


SERVICE = Member("linkage-service", "Linkage service", Kind.LINKAGE_SERVICE, "Linkage Office")
KEY_HOLDERS = (
    Member("key-holder-1", "First key holder", Kind.KEY_HOLDER, "Children's Charity"),
    Member("key-holder-2", "Second key holder", Kind.KEY_HOLDER, "Information Trust"),
)
STATISTICS = Member("statistics-office", "Statistics office", Kind.STATISTICS, "Statistics Authority")


def custodians(extracts: Path) -> list[Member]:
    """Return the custodians that an invented population was written for, by their folders."""
    return [_custodian(folder.name) for folder in sorted(extracts.iterdir()) if folder.is_dir() and _kind_of(folder.name)]


def _kind_of(folder: str) -> Kind | None:
    return next((kind for kind in CUSTODIAN_KINDS if folder.startswith(kind.value)), None)


def _custodian(folder: str) -> Member:
    kind = _kind_of(folder) or Kind.POLICE
    suffix = folder.removeprefix(kind.value).strip("-")
    gss_code = suffix.upper() if kind is Kind.LOCAL_AUTHORITY else None
    title = folder.replace("-", " ").capitalize()
    return Member(folder.lower(), title, kind, title, gss_code, folder)
