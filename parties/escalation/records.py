"""Urgent calls in a node's directory: whom to ring in an area now, records of calls made and received, who acknowledged.

Reads `contacts.csv`, which the organisation keeps; writes `escalations/`, which names no child. Off for police: theirs is the arrest protocol.
"""

import json
import secrets
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple

from parties.escalation.ladder import Step, step_of
from parties.extracts.read import FIRST_DATA_ROW, read_extract
from parties.initialise import load_agreed
from parties.keys.identity_keys import key_id, load_sealing_key, load_signing_key
from parties.referrals.calendar import calendar_of
from parties.settings import NodeSettings
from parties.whole_files import OWNER_ONLY_DIRECTORY, whole_file
from schemas.agreed import Agreed
from schemas.errors import ConfigurationError, NotPermittedError, SealError
from schemas.escalation import CONTEXT, Criterion, Escalation, escalation_context, read_escalation, write_escalation
from schemas.instants import as_text
from schemas.roster import Kind, Organisation, Role, desk_keys, keys_of
from schemas.sealed import open_any, seal_to_each
from schemas.signature import check_signed, signed

CONTACTS, DIRECTORY = "contacts", "escalations"
CONTACT_COLUMNS: Final = ("gss_code", "name", "duty_telephone", "out_of_hours_telephone", "tested_on")
TEST_DAYS: Final = 7  # each number is rung once a week
LONGEST: Final = timedelta(days=1)  # between a call and its record
Clock = Callable[[], datetime]


class Answering(NamedTuple):
    """Who answers for an area now: the team, its number, and whether the number was tried within a week."""

    name: str
    telephone: str
    is_tested: bool


class Standing(NamedTuple):
    """A call and where it stands."""

    call: Escalation
    step: Step


def now_utc() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


def who_answers(settings: NodeSettings, area: str, clock: Clock = now_utc) -> Answering:
    """Return whom to ring about a child in an area: its duty team in office hours, else its out-of-hours team.

    Raises:
        NotPermittedError: the node is a police force's.
        ConfigurationError: there is no such row in the node's contacts.
    """
    _check_may_escalate(settings)
    now = clock()
    for number, row in enumerate(_contacts(settings), start=FIRST_DATA_ROW):
        if row.get("gss_code") == area:
            return _answering(row, number, now, is_office_time=calendar_of(area).is_office_time(now))
    raise ConfigurationError(f"{CONTACTS}.csv: no row for this area; ring 999 if a child is in danger, then add the area's numbers")


def send(
    settings: NodeSettings, area: str, criterion: Criterion, *, telephoned: str, at: datetime | None = None, clock: Clock = now_utc
) -> tuple[Escalation, Path]:
    """Record an urgent call: keep what it says, and seal a copy to the area's authority in a file for any channel to carry.

    Args:
        settings: of the node of whoever rang.
        area: the GSS code of the area where the child is.
        criterion: why the child cannot wait.
        telephoned: who answered.
        at: when; without it, now.
        clock: the time.

    Raises:
        NotPermittedError: the node is a police force's.
        ConfigurationError: no rostered authority has the area, or the call is not of the last day.
    """
    _check_may_escalate(settings)
    now = clock()
    called_at = at or now
    if not now - LONGEST <= called_at <= now + timedelta(minutes=1):
        raise ConfigurationError("escalate: want a call of the last day; say when it was made, in UTC")
    agreed = load_agreed(settings)
    authority = _authority_of(agreed, area)
    call = Escalation(
        reference=secrets.token_hex(6),
        sender=settings.organisation,
        authority=authority.organisation,
        criterion=criterion,
        telephoned=_name(telephoned),
        telephoned_at=as_text(called_at),
        sent_at=as_text(now),
    )
    document = signed(load_signing_key(settings, Role.CUSTODIAN), key_id(settings, Role.CUSTODIAN), CONTEXT, call.model_dump(mode="json"))
    context = escalation_context(agreed.roster_digest, authority.organisation)
    sealed = _path(settings, f"{call.reference}.sealed")
    _write(sealed, seal_to_each(write_escalation(document), desk_keys(authority), context))
    _keep(settings, call, acknowledged_by=None)
    return call, sealed


def receive(settings: NodeSettings, file: Path) -> Escalation:
    """Open a record that came to this authority's desk, check who sent it, and keep it.

    Raises:
        SealError: it is damaged, or not for this desk.
        AuthenticationError: its sender did not sign it.
        ConfigurationError: the file cannot be read.
    """
    agreed = load_agreed(settings)
    try:
        sealed = file.read_bytes()
    except OSError:
        raise ConfigurationError(f"{file}: cannot be read; name the file of one record") from None
    content = _open(settings, agreed, sealed)
    document, call = read_escalation(content)
    if call.authority != settings.organisation or call.sender not in {item.organisation for item in agreed.roster.custodians()}:
        raise SealError("escalation: opened, but it names another authority or a stranger; ring whoever sent it")
    sender = keys_of(agreed.roster.get(call.sender), Role.CUSTODIAN)
    check_signed(document, CONTEXT, sender)
    if not _path(settings, f"{call.reference}.json").exists():
        _keep(settings, call, acknowledged_by=None)
    return call


def _open(settings: NodeSettings, agreed: Agreed, sealed: bytes) -> bytes:
    """Open a record by the roster installed here, or by one that it continues: the sender may not have the newest yet."""
    key, error = load_sealing_key(settings, Role.DESK), None
    for roster in agreed.rosters:
        try:
            return open_any(key, sealed, escalation_context(roster, settings.organisation))
        except SealError as wrong:
            error = error or wrong
    raise error or SealError("escalation: damaged; ring whoever sent it")


def acknowledge(settings: NodeSettings, reference: str, by: str, clock: Clock = now_utc) -> Standing:
    """Record who acknowledged a call; the first to do so stays.

    Raises:
        ConfigurationError: there is no such call here, or no name.
    """
    kept = _read(settings, reference)
    if kept["acknowledged_by"] is None:
        kept["acknowledged_by"] = _name(by)
        _keep(settings, Escalation.model_validate(kept["call"]), acknowledged_by=kept["acknowledged_by"])
    return _standing(kept, clock())


def standing_calls(settings: NodeSettings, clock: Clock = now_utc) -> list[Standing]:
    """Return every call of this node and where it stands, the oldest first."""
    _check_may_escalate(settings)
    now = clock()
    found = [_standing(_read(settings, path.stem), now) for path in settings.path(DIRECTORY).glob("*.json")]
    return sorted(found, key=lambda standing: standing.call.telephoned_at)


def _check_may_escalate(settings: NodeSettings) -> None:
    if settings.kind not in {Kind.PRISON_SERVICE.value, Kind.LOCAL_AUTHORITY.value}:
        raise NotPermittedError(
            f"escalate: off for a {settings.kind} node; a police force uses its arrest protocol with children's services"
        )


def _contacts(settings: NodeSettings) -> list[dict[str, str]]:
    rows: list[dict[str, str]] = []
    for chunk in read_extract(settings.directory, CONTACTS):
        columns = [str(column) for column in chunk.frame.columns]
        rows += [dict(zip(columns, row, strict=True)) for row in chunk.frame.itertuples(index=False, name=None)]
    return rows


def _answering(row: dict[str, str], number: int, now: datetime, *, is_office_time: bool) -> Answering:
    try:
        name, duty, out_of_hours, tested = (row[column] for column in CONTACT_COLUMNS[1:])
        tested_on = date.fromisoformat(tested) if tested else date.min
    except (KeyError, ValueError):
        name, duty, out_of_hours, tested_on = "", "", "", date.min
    telephone = duty if is_office_time else out_of_hours
    if not name or not telephone:
        raise ConfigurationError(
            f"{CONTACTS}.csv, row {number}: want {', '.join(CONTACT_COLUMNS)}; mend the row, and ring 999 in the meantime"
        )
    return Answering(name, telephone, (now.date() - tested_on).days <= TEST_DAYS)


def _authority_of(agreed: Agreed, area: str) -> Organisation:
    for authority in agreed.roster.of_kind(Kind.LOCAL_AUTHORITY):
        if authority.gss_code == area:
            return authority
    raise ConfigurationError("escalate: no authority of the roster has this area; the call is the alarm: ring, and note it on paper")


def _name(text: str) -> str:
    name = " ".join(text.split())
    if not 1 < len(name) <= 80:  # noqa: PLR2004 - as the record's schema
        raise ConfigurationError("escalate: want a name of 2 to 80 characters; say who answered, or who acknowledged")
    return name


def _standing(kept: dict[str, Any], now: datetime) -> Standing:
    call = Escalation.model_validate(kept["call"])
    called_at = datetime.fromisoformat(call.telephoned_at)
    return Standing(call, step_of(called_at, now, is_acknowledged=kept["acknowledged_by"] is not None))


def _read(settings: NodeSettings, reference: str) -> dict[str, Any]:
    try:
        kept: dict[str, Any] = json.loads(_path(settings, f"{Path(reference).name}.json").read_bytes())
    except (OSError, ValueError):
        raise ConfigurationError("escalations: no call of that reference here; `kinlink party escalations` lists them") from None
    return kept


def _keep(settings: NodeSettings, call: Escalation, *, acknowledged_by: str | None) -> None:
    content = {"call": call.model_dump(mode="json"), "acknowledged_by": acknowledged_by}
    _write(_path(settings, f"{call.reference}.json"), json.dumps(content, indent=2).encode())


def _path(settings: NodeSettings, name: str) -> Path:
    return settings.path(DIRECTORY, name)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(mode=OWNER_ONLY_DIRECTORY, exist_ok=True)
    with whole_file(path) as file:
        file.write(content)
