"""Attack the node's own extract under throw-away keys before anything is sent, and keep the report; a submission asks for it.

Nothing leaves: neither keys nor filters are written, and the report has shares, limits and verdicts.
"""

import hashlib
import secrets
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Literal, NamedTuple

from pydantic import ValidationError

from parties.extracts.check import EXTRACT_DIRECTORY, check_extract
from parties.extracts.mapping import Mapped, People, map_extract
from parties.initialise import load_agreed
from parties.risk.attacked import Strength
from parties.risk.check import Checking, measured
from parties.risk.limits import Verdict, bars, worst
from parties.risk.measures import in_rare_family_shapes
from parties.risk.report import Attacked, Measured, OfProjection, SelfCheckReport
from parties.settings import NodeSettings
from parties.whole_files import whole_file
from schemas.agreed import Agreed
from schemas.agreement import Agreement
from schemas.canonical import digest
from schemas.errors import SubmissionError
from validation.progress import Progress, silent

REPORT_FILE = "self-check.json"
KEY_BYTES, TENS = 32, 10
AGAIN = "run `kinlink party risk`"


class SelfChecked(NamedTuple):
    """What a submission's manifest says of the self-check: the report's digest and its verdict."""

    digest: str
    verdict: Literal["PASS", "WARN"]


def self_check(settings: NodeSettings, progress: Progress = silent) -> SelfCheckReport:
    """Measure and attack what the node's extract becomes under the installed agreement; keep the report and return it.

    Raises:
        ExtractError: the extract is missing or unreadable.
    """
    agreed = load_agreed(settings)
    mapped = map_extract(settings, check_extract(settings, progress))
    checking = _checking(agreed.agreement, mapped)
    found = list(checking.projections(progress))
    families = measured({"in_rare_family_shapes": in_rare_family_shapes(mapped.ties)})
    report = SelfCheckReport(
        extract_digest=extract_digest(settings),
        agreement_digest=agreed.agreement_digest,
        diffusion=checking.strength.diffusion,
        bits_per_mille=checking.strength.bits_per_mille,
        adults_at_most=_in_tens(mapped.adults),
        children_at_most=_in_tens(mapped.children),
        families=families,
        projections=found,
        proposals=list(checking.proposals(found, progress)),
        verdict=worst([*_verdicts(families.values()), *chain.from_iterable(_verdicts_of(one) for one in found)]),
    )
    with whole_file(settings.path(REPORT_FILE)) as file:
        file.write(report.model_dump_json(indent=2).encode())
    return report


def check_report(settings: NodeSettings, agreed: Agreed) -> SelfChecked | None:
    """Check that the kept report lets the extract be submitted; return its digest and verdict, or None where there is none of this extract.

    Raises:
        SubmissionError: it says FAIL, or the agreement wants one and there is none of this extract under this agreement.
    """
    content = settings.path(REPORT_FILE).read_bytes() if settings.path(REPORT_FILE).is_file() else b""
    report = _read(content)
    if report is None or (report.extract_digest, report.agreement_digest) != (extract_digest(settings), agreed.agreement_digest):
        if agreed.agreement.self_check.required:
            raise SubmissionError(f"self-check: the agreement wants a report of this extract and there is none; {AGAIN}")
        return None
    if report.verdict == "FAIL":
        raise SubmissionError(
            f"self-check: {REPORT_FILE} says FAIL, so nothing is sent; see there what was read and what is proposed, have the root signers agree on it, and {AGAIN} again"
        )
    return SelfChecked(digest(content), report.verdict)


def _read(content: bytes) -> SelfCheckReport | None:
    try:
        return SelfCheckReport.model_validate_json(content)
    except ValidationError:
        return None


def _checking(agreement: Agreement, mapped: Mapped) -> Checking:
    strength = Strength(agreement.encoding.diffusion, agreement.encoding.bits_per_mille)
    key, own_key = secrets.token_bytes(KEY_BYTES), secrets.token_bytes(KEY_BYTES)
    return Checking(mapped.rows(), strength, bars(agreement.self_check), key, own_key)


def _verdicts_of(found: OfProjection) -> Iterator[Verdict]:
    yield from _verdicts(found.measures.values())
    yield from _verdicts(found.attacks.values())


def _verdicts(figures: Iterable[Measured | Attacked]) -> Iterator[Verdict]:
    return (figure.verdict for figure in figures)


def _in_tens(people: People) -> int:
    return -(-len(people.index) // TENS) * TENS


def extract_digest(settings: NodeSettings) -> str:
    """Return the digest of all files of the node's extract with their names."""
    summed = hashlib.sha256()
    for path in sorted(path for path in settings.path(EXTRACT_DIRECTORY).iterdir() if path.is_file()):
        summed.update(f"{path.name}\n{_file_digest(path)}\n".encode())
    return summed.hexdigest()


def _file_digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
