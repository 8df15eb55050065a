"""Cases as a case-management system takes and gives them: a file of rows, JSON or CSV, that goes out and comes back with what happened.

A row names the sheet and the authority's own record, never a child, and nothing of why. What comes back is checked as a whole before any of it is recorded.
"""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

from parties.referrals.calendar import LONDON
from parties.referrals.cases import CaseState, check_may_follow
from parties.referrals.outcomes import Case, Heard, cases, record_outcome
from parties.settings import NodeSettings
from parties.whole_files import whole_file
from schemas.errors import ConfigurationError

COLUMNS: Final = ("document", "record", "state", "due", "post", "child_heard", "child_heard_on")
TAKEN: Final = ("document", "state", "child_heard", "child_heard_on")  # what is read of a row that comes back
FIRST_ROW: Final = 2  # a CSV's, as a spreadsheet counts it
MOST_ROWS: Final = 100_000
HEARD: Final = {"yes": True, "no": False}


class Change(NamedTuple):
    """What a row says that is not recorded here yet."""

    document: str
    state: CaseState | None
    heard: Heard | None


def write_cases(settings: NodeSettings, round_id: str, out: Path) -> int:
    """Write every case of a round to a new file of rows, .json or .csv; return how many.

    Raises:
        ConfigurationError: the file is there already, or has another ending.
    """
    if out.suffix not in _WRITERS:
        raise ConfigurationError(f"{out}: cases are written as .csv or .json; name such a file")
    if out.exists():
        raise ConfigurationError(f"{out}: is there already; name another file")
    found = cases(settings, round_id)
    with whole_file(out) as file:
        file.write(_WRITERS[out.suffix]([_row(case) for case in found]).encode())
    return len(found)


def take_cases(settings: NodeSettings, round_id: str, source: Path) -> int:
    """Record what a file of rows says that is not recorded here yet: all of it, or nothing; return how many changes. Safe to repeat.

    Several rows of one document are taken in their order.

    Raises:
        ConfigurationError: it cannot be read, or a row breaks a rule; says which, and nothing was recorded.
    """
    changes = _changes(_read(source), cases(settings, round_id), source.name)
    for change in changes:
        record_outcome(settings, round_id, change.document, change.state, heard=change.heard)
    return len(changes)


def _changes(rows: Sequence[Mapping[str, Any]], found: Sequence[Case], name: str) -> list[Change]:
    states, heard = {case.document: case.state for case in found}, {case.document: case.heard for case in found}
    changes = []
    for number, row in enumerate(rows, start=FIRST_ROW):
        where = f"{name}, row {number}"
        document = str(row.get("document") or "")
        if document not in states:
            raise ConfigurationError(f"{where}: document is none of this round; nothing was recorded, take the row out")
        change = Change(document, _state(row, states[document], where), _heard(row, where))
        if change.heard == heard[document]:
            change = change._replace(heard=None)
        states[document], heard[document] = change.state or states[document], change.heard or heard[document]
        if change.state or change.heard:
            changes.append(change)
    return changes


def _state(row: Mapping[str, Any], before: CaseState, where: str) -> CaseState | None:
    try:
        after = CaseState(str(row.get("state") or before))
    except ValueError:
        raise ConfigurationError(f"{where}: state is not one of {', '.join(CaseState)}; nothing was recorded, mend the row") from None
    if after is before:
        return None
    try:
        check_may_follow(before, after)
    except ConfigurationError as error:
        raise ConfigurationError(f"{where}: {error}; nothing was recorded") from None
    return after


def _heard(row: Mapping[str, Any], where: str) -> Heard | None:
    said, on = str(row.get("child_heard") or ""), str(row.get("child_heard_on") or "")
    if not said and not on:
        return None
    try:
        found = Heard(HEARD[said], date.fromisoformat(on))
    except (KeyError, ValueError):
        found = None
    if found is None or found.on > datetime.now(LONDON).date():
        raise ConfigurationError(
            f"{where}: child_heard is yes or no, with child_heard_on, not later than today; nothing was recorded, mend the row"
        )
    return found


def _row(case: Case) -> dict[str, str]:
    heard = ("yes" if case.heard.is_heard else "no", case.heard.on.isoformat()) if case.heard else ("", "")
    return dict(zip(COLUMNS, (case.document, case.child_id, str(case.state), case.due, case.post, *heard), strict=True))


def _read(source: Path) -> list[dict[str, Any]]:
    unreadable = ConfigurationError(
        f"{source}: not a .csv or .json file of rows with {', '.join(TAKEN)}; nothing was recorded, export it again"
    )
    try:
        text = source.read_text(encoding="utf-8-sig")
        rows = json.loads(text) if source.suffix == ".json" else list(csv.DictReader(io.StringIO(text), strict=True))
    except (OSError, ValueError, RecursionError, csv.Error):
        raise unreadable from None
    if not isinstance(rows, list) or len(rows) > MOST_ROWS or not all(isinstance(row, dict) and "document" in row for row in rows):
        raise unreadable
    return rows


def _as_csv(rows: Sequence[Mapping[str, str]]) -> str:
    sheet = io.StringIO()
    writer = csv.DictWriter(sheet, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return sheet.getvalue()


def _as_json(rows: Sequence[Mapping[str, str]]) -> str:
    return json.dumps(list(rows), indent=2) + "\n"


_WRITERS: Final = {".csv": _as_csv, ".json": _as_json}
