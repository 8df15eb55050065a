"""The statistics office adds up what desks returned: every authority's counts and their sum, with intervals for the noise. Noised integers alone."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from pydantic import ValidationError

from parties.initialise import load_agreed
from parties.settings import NodeSettings
from parties.tallies.drawing import CELLS, PER_MILLE
from schemas.errors import ConfigurationError
from schemas.roster import Kind, Organisation, Role, Roster, keys_of
from schemas.signature import SignedDocument, check_signed, malformed_at
from schemas.tally import CONTEXT, Tally
from validation.disclosure.noise import NORMAL_95

MAX_BYTES: Final = 64 * 1024
ALL: Final = "all"
DEPUTY: Final = "deputy-"
OUTCOMES: Final = (*dict.fromkeys(outcome.value for outcome, _ in CELLS), ALL)
GRADES_AND_ALL: Final = (*dict.fromkeys(grade for _, grade in CELLS), ALL)


@dataclass(frozen=True)
class Returned:
    """What one desk returned of one quarter."""

    authority: Organisation
    tally: Tally


@dataclass(frozen=True)
class Row:
    """One count: of which quarter and authority (empty: all that returned), outcome and grade, `all` for their sums. The interval is for the noise."""

    quarter: str
    area: str
    name: str
    outcome: str
    grade: str
    value: int
    lower: int
    upper: int


class Coverage(NamedTuple):
    """How many authorities returned counts of a quarter, of how many, and who did not."""

    returned: int
    of: int
    missing: tuple[str, ...]


def read_tallies(settings: NodeSettings, paths: Iterable[Path]) -> list[Returned]:
    """Return what the files hold, each signed by a desk of the roster; a file that was given twice counts once.

    Raises:
        ConfigurationError: a file cannot be read or is no tally, or a desk returned two different ones of a quarter.
        AuthenticationError: one is not signed by a desk of the authority that it names.
    """
    roster = load_agreed(settings).roster
    found: dict[tuple[str, bool, str], tuple[str, Returned]] = {}
    for path in paths:
        document, tally = _read(path)
        authority = _authority(roster, tally.organisation, path)
        signers = check_signed(document, CONTEXT, keys_of(authority, Role.DESK))
        is_deputys = any(name.partition("/")[2].startswith(DEPUTY) for name in signers)
        desk = (tally.organisation, is_deputys, tally.quarter)
        digest, _ = found.setdefault(desk, (document.digest, Returned(authority, tally)))
        if digest != document.digest:
            raise ConfigurationError(
                f"{path}: {tally.organisation} returned another tally of {tally.quarter}; a quarter is counted once: ask which one holds, and tell the root signers"
            )
    return sorted((item for _, item in found.values()), key=lambda item: (item.tally.quarter, item.tally.organisation))


def rows(returned: Sequence[Returned]) -> list[Row]:
    """Return every count: by quarter, the sum of all authorities first, then each; outcomes and grades with their sums."""
    of_quarter: dict[str, dict[str, list[Returned]]] = defaultdict(lambda: defaultdict(list))
    for item in returned:
        of_quarter[item.tally.quarter][item.tally.organisation].append(item)
    made: list[Row] = []
    for quarter, of_authority in sorted(of_quarter.items()):
        together = [item.tally for items in of_authority.values() for item in items]
        made += _rows(quarter, "", "all that returned", together)
        for items in of_authority.values():
            authority = items[0].authority
            made += _rows(quarter, authority.gss_code or "", authority.name, [item.tally for item in items])
    return made


def coverage(settings: NodeSettings, returned: Sequence[Returned]) -> dict[str, Coverage]:
    """Return of each quarter how many of the roster's authorities returned counts."""
    names = [item.organisation for item in load_agreed(settings).roster.of_kind(Kind.LOCAL_AUTHORITY)]
    there: dict[str, set[str]] = defaultdict(set)
    for item in returned:
        there[item.tally.quarter].add(item.tally.organisation)
    return {
        quarter: Coverage(len(found), len(names), tuple(sorted(name for name in names if name not in found)))
        for quarter, found in sorted(there.items())
    }


def _rows(quarter: str, area: str, name: str, tallies: Sequence[Tally]) -> list[Row]:
    variance = sum((tally.scale_per_mille / PER_MILLE) ** 2 for tally in tallies)  # of one cell
    cells: dict[tuple[str, str], int] = defaultdict(int)
    for tally in tallies:
        for cell in tally.cells:
            cells[cell.outcome, cell.grade] += cell.value
    return [_row((quarter, area, name, outcome, grade), cells, variance) for outcome in OUTCOMES for grade in GRADES_AND_ALL]


def _row(of: tuple[str, str, str, str, str], cells: Mapping[tuple[str, str], int], variance: float) -> Row:
    *_, outcome, grade = of
    summed = [value for cell, value in cells.items() if outcome in (cell[0], ALL) and grade in (cell[1], ALL)]
    half = math.ceil(NORMAL_95 * math.sqrt(variance * len(summed)))
    return Row(*of, value=sum(summed), lower=sum(summed) - half, upper=sum(summed) + half)


def _read(path: Path) -> tuple[SignedDocument, Tally]:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ConfigurationError(f"{path}: over {MAX_BYTES} bytes; name files of `kinlink party tally`")
        document = SignedDocument.model_validate_json(path.read_bytes())
        tally = Tally.model_validate(document.body)
    except OSError:
        raise ConfigurationError(f"{path}: cannot be read; name files of `kinlink party tally`") from None
    except ValidationError as error:
        raise ConfigurationError(f"{path}: no tally, at {malformed_at(error)}; ask the authority to send it again") from None
    if [(cell.outcome, cell.grade) for cell in tally.cells] != [(outcome.value, grade) for outcome, grade in CELLS]:
        raise ConfigurationError(
            f"{path}: its outcomes are not those that this version knows; use the same version as the authority, then try again"
        )
    return document, tally


def _authority(roster: Roster, name: str, path: Path) -> Organisation:
    authority = next((item for item in roster.of_kind(Kind.LOCAL_AUTHORITY) if item.organisation == name), None)
    if authority is None:
        raise ConfigurationError(f"{path}: names no authority of the roster; install the roster that holds now, then try again")
    return authority
