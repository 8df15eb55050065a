"""Collect an authority's tokens and turn each into one referral, exactly once.

Per envelope: keep it (sealed, as it came) → redeem its token → write the documents → record it → let it go. Last, the service is told of all.
Of a protected child the document is not written: the envelope stays sealed here until two people approve (`approve`), or nothing is
done at all. A crash after any step is mended by the next run: a kept envelope whose token is already redeemed was redeemed by this
desk, so its documents are still owed. One that was never kept here and is already redeemed is another desk's.
Everything that could refuse an envelope comes before it is kept. Names go into the documents and nowhere else.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Engine

from parties.client import ServiceClient
from parties.controls.names import is_control
from parties.desk_map import open_custody_key, take_maps
from parties.initialise import check_desk, load_agreed
from parties.keys.identity_keys import load_sealing_key
from parties.referrals import records
from parties.referrals.acknowledging import acknowledge
from parties.referrals.calendar import LONDON, Calendar, calendar_of
from parties.referrals.directory import AUTHORITY, Directory, RecipientRole
from parties.referrals.documents import as_html, as_json, file_stem
from parties.referrals.listing import Referred
from parties.referrals.opening import Addressee, Opened, open_sealed
from parties.referrals.outcomes import stopped_children
from parties.referrals.payloads import Referral, make_referral
from parties.referrals.protection import BY_THE_PRISON_SERVICE, HELD, Opening, is_restricted, opening_for, opening_of
from parties.referrals.receptions import is_repeat, open_all
from parties.referrals.routing import AT_SCHOOL, Child, in_holidays, route
from parties.referrals.wording import languages_of
from parties.rounds import fetch_round
from parties.settings import NodeSettings
from parties.store.engine import open_node_store
from parties.whole_files import OWNER_ONLY_DIRECTORY, whole_file
from schemas.attributes import Attributes
from schemas.canonical import short
from schemas.errors import AlarmError, ConfigurationError, SealError, TokenError
from schemas.roster import Role
from schemas.sealed import OpensEnvelopes
from validation.progress import Progress, silent

REFERRALS = "referrals"
CONTROL_CHILD = "envelope for a control"  # as the alarm's row says it
MEND_PROTECTION = (
    "its child's protection is no code that docs/reference/extracts.md has; nothing was done: mend the record, and collect again"
)
LONG = timedelta(days=7)  # a child should not wait longer for a school to open
MAX_NAME = 80  # characters
CALL = "it was not routed: call the linkage operator, for the round's other tokens may be wrong, too"
APPROVERS = 2
WAITS = f"its document waits for {APPROVERS} people: `kinlink party approve`"
ALREADY_REDEEMED = "already redeemed"  # how the service says so


@dataclass(frozen=True)
class Collected:
    """What one run did; dummies do not count.

    `problems` are one line for each envelope that could not become a referral, `alarms` for each that must never have come,
    `held` the references of all documents of the round that wait for approval.
    """

    opened: int
    written: int
    routed_by_role: dict[RecipientRole, int]
    problems: tuple[str, ...] = ()
    alarms: tuple[str, ...] = ()
    held: tuple[str, ...] = ()

    def check_no_alarm(self) -> None:
        """Check that every envelope might have come.

        Raises:
            AlarmError: one must never have; nothing was done with it.
        """
        if self.alarms:
            raise AlarmError("; ".join(self.alarms))


class _Made(NamedTuple):
    """An envelope, what becomes of it, the child's record, and the referral where there is one."""

    item: Opened
    opening: Opening
    child_id: str = ""
    referral: Referral | None = None
    receptions: Sequence[Attributes] = ()


@dataclass(frozen=True)
class _Desk:
    """Everything one run works with."""

    settings: NodeSettings
    client: ServiceClient
    store: Engine
    key: OpensEnvelopes
    addressee: Addressee
    name: str
    gss_code: str | None
    now: datetime
    calendar: Calendar
    directory: Directory
    stopped: set[str]
    custody_key: bytes | None


def collect(settings: NodeSettings, round_id: str, progress: Progress = silent, *, client: ServiceClient | None = None) -> Collected:
    """Collect every envelope of a round that this desk has not dealt with; safe to repeat at any time.

    Raises:
        ConfigurationError: the node is no authority's, or its directory lacks a single point of contact.
        ServiceError: the service cannot be reached; nothing is lost.
    """
    with _open_desk(settings, round_id, client) as desk:
        problems: list[str] = []
        alarms: list[str] = []
        opened = _open_all(desk, problems)
        made = _make_all(desk, opened, problems, alarms)
        written: Counter[RecipientRole] = Counter()
        for done, each in enumerate(made, start=1):
            try:
                _deliver(desk, each)
                written.update([each.referral.recipient.role] if each.referral else [])
            except TokenError as error:
                problems.append(f"{_name(each.item.envelope_id)}: {error}")
            progress("envelopes", done, len(made))
        acknowledge(desk.client, desk.store, round_id)
        held = tuple(sorted(map(file_stem, records.held(desk.store, round_id))))
    real = sum(not item.body.is_dummy for item in opened)
    return Collected(real, written.total(), dict(written), tuple(problems), tuple(alarms), held)


def open_envelope(settings: NodeSettings, file: Path, round_id: str, *, client: ServiceClient | None = None) -> Referred:
    """Deal with one envelope from a file, as `collect` would.

    Raises:
        SealError: it is damaged, or sealed to another authority or round.
        TokenError: it was dealt with before, or its token is expired, unknown, or no child's of this node.
        AlarmError: its child is a planted control.
    """
    with _open_desk(settings, round_id, client) as desk:
        item = open_sealed(_read(file), desk.key, desk.addressee, name=file.name)
        if (before := records.redeemed(desk.store, item.envelope_id)) is not None:
            raise TokenError(f"{file.name}: already opened on {before.redeemed_at}; {_what_became(before.referral)}")
        problems: list[str] = []
        alarms: list[str] = []
        made = _make_all(desk, [item], problems, alarms)
        if alarms:
            raise AlarmError(alarms[0])
        if not made:
            raise TokenError(problems[0])
        _deliver(desk, made[0])
        referral = made[0].referral
        if referral is None:
            raise TokenError(f"{file.name}: opened; {_what_became(None if made[0].opening in HELD else '')}")
    return Referred(made[0].child_id, referral.recipient.role, referral.grade)


def approve(settings: NodeSettings, round_id: str, document: str, approver: str, *, client: ServiceClient | None = None) -> int:
    """Record somebody's approval of a protected child's document, and write it once two different people have approved.

    What the child's record says then decides; names are compared without regard to capitals and blanks.

    Args:
        settings: of the authority's node.
        round_id: the round's id.
        document: the document's name, as `collect` says it.
        approver: who approves.
        client: of the service; without it, the node's own.

    Returns:
        How many people have approved.

    Raises:
        TokenError: no such document waits, or its child is no longer on the record.
        ConfigurationError: the approver has no name, or the record's protection cannot be read.
    """
    name = " ".join(approver.split()).casefold()
    if not 1 < len(name) <= MAX_NAME:
        raise ConfigurationError(f"approver: want a name of 2 to {MAX_NAME} characters; say who approves")
    with _open_desk(settings, round_id, client) as desk:
        waiting = {file_stem(envelope_id): (envelope_id, sealed) for envelope_id, sealed in records.held(desk.store, round_id).items()}
        if document not in waiting:
            raise TokenError("document: none of that name waits for approval in this round; `kinlink party collect` lists those that do")
        envelope_id, sealed = waiting[document]
        approvals = records.approve(desk.store, envelope_id, name)
        if approvals >= APPROVERS:
            _write_approved(desk, open_sealed(sealed, desk.key, desk.addressee, name=document))
    return approvals


def _write_approved(desk: _Desk, item: Opened) -> None:
    """Do with a held envelope what the child's record now says.

    Raises:
        TokenError: the child is no longer on the record, or its protection is no code that there is.
    """
    problems: list[str] = []
    made = _make_all(desk, [item], problems, [], approved=True)
    if not made:
        raise TokenError(problems[0])
    if made[0].opening is Opening.NOT_SHOWN:
        records.record_opening(desk.store, item, Opening.NOT_SHOWN)
    _record(desk, made[0])


def _what_became(document: str | None) -> str:
    if document is None:
        return WAITS
    return f"its document is {REFERRALS}/{document}" if document else "nothing is to be done with it; every authority gets such envelopes"


@contextmanager
def _open_desk(settings: NodeSettings, round_id: str, client: ServiceClient | None) -> Iterator[_Desk]:
    """Load what a run works with; close connections at its end."""
    check_desk(settings)
    agreed = load_agreed(settings)
    own = agreed.roster.get(settings.organisation)
    now = datetime.now(UTC).astimezone(LONDON)
    with client or ServiceClient(settings, Role.DESK) as service, _open_store(settings) as store:
        round_ = fetch_round(service, agreed, round_id)
        take_maps(settings, agreed, round_, store)
        yield _Desk(
            settings=settings,
            client=service,
            store=store,
            key=load_sealing_key(settings, Role.DESK),
            addressee=Addressee(settings.organisation, round_id, round_.digest),
            name=own.name,
            gss_code=own.gss_code,
            now=now,
            calendar=calendar_of(own.gss_code, records.read_closures(settings)),
            directory=records.read_directory(settings, now.date()),
            stopped=stopped_children(store),
            custody_key=open_custody_key(settings, store, round_),
        )


@contextmanager
def _open_store(settings: NodeSettings) -> Iterator[Engine]:
    store = open_node_store(settings)
    try:
        yield store
    finally:
        store.dispose()


def _open_all(desk: _Desk, problems: list[str]) -> list[Opened]:
    """Open every envelope that is kept here or waits at the service, unless this desk has recorded it."""
    listed = desk.client.get(f"/v1/rounds/{desk.addressee.round_id}/envelopes").json()["envelopes"]
    kept = records.kept(desk.store, desk.addressee.round_id)
    opened = []
    for envelope_id in sorted({*kept, *(str(item["envelope_id"]) for item in listed)}):
        if records.redeemed(desk.store, envelope_id) is None:
            sealed = kept.get(envelope_id) or _fetch(desk, envelope_id)
            try:
                opened.append(open_sealed(sealed, desk.key, desk.addressee, name=_name(envelope_id)))
            except (SealError, TokenError) as error:
                problems.append(str(error))
    return opened


def _make_all(desk: _Desk, opened: list[Opened], problems: list[str], alarms: list[str], *, approved: bool = False) -> list[_Made]:
    """Join envelopes with the authority's record and decide what becomes of each; a dummy becomes nothing.

    A child that is not on the record, is a planted control, or has an unknown protection stays unredeemed.
    """
    ids = records.record_ids(desk.store, opened)
    children = records.read_children(desk.settings, ids.values())
    made: list[_Made] = []
    for item in opened:
        record = ids.get(item.envelope_id, "")
        child = children.get(record)
        if item.body.is_dummy:
            made.append(_Made(item, Opening.ROUTED))
        elif is_control(record):
            records.record_alarm(desk.store, item, CONTROL_CHILD)
            alarms.append(f"{_name(item.envelope_id)}: its child is a planted control, whom nobody may be referred for; {CALL}")
        elif child is None:
            problems.append(
                f"{_name(item.envelope_id)}: its child is not on this node's record; put back the extract that was submitted, and collect again"
            )
        elif opening_of(child.protection) is Opening.UNKNOWN:
            problems.append(f"{_name(item.envelope_id)}: {MEND_PROTECTION}")
        else:
            made.append(_make(desk, item, child, approved=approved))
    return made


def _make(desk: _Desk, item: Opened, child: Child, *, approved: bool) -> _Made:
    """Return what becomes of a child's envelope; a protected child's referral only where it was `approved`."""
    receptions = open_all(item.body.attributes, desk.custody_key)
    opening = max(
        opening_of(child.protection), opening_for(receptions), Opening.PEOPLE_FIRST if child.child_id in desk.stopped else Opening.ROUTED
    )
    if opening is not Opening.NOT_SHOWN and is_repeat(desk.store, child.child_id, receptions or ()):
        return _Made(item, Opening.ROUTED, child.child_id)
    if opening is Opening.NOT_SHOWN or (opening in HELD and not approved):
        return _Made(item, opening, child.child_id)
    if opening is Opening.RESTRICTED and not is_restricted(child.protection):
        child = replace(child, protection=BY_THE_PRISON_SERVICE)
    ours = child.responsible_authority == desk.gss_code
    child = replace(
        child, parent_on_record=item.body.own_carer is not None, responsible_authority="" if ours else child.responsible_authority
    )
    to = route(child, desk.directory, desk.now.date())
    due = desk.calendar.due_at(desk.now, at_school=to.recipient.role in AT_SCHOOL)
    referral = make_referral(
        item.envelope_id,
        item.body.grade,
        child,
        to=in_holidays(to, desk.directory) if due - desk.now > LONG else to,
        contact=desk.directory[RecipientRole.SINGLE_POINT_OF_CONTACT, AUTHORITY],
        authority=desk.name,
        due=f"{due:%Y-%m-%d %H:%M}",
        restricted=opening is Opening.RESTRICTED,
    )
    return _Made(item, opening, child.child_id, referral, receptions or ())


def _deliver(desk: _Desk, made: _Made) -> None:
    """Redeem one envelope, then write and record, hold or drop its referral; all are redeemed, so that the network sees no difference.

    Raises:
        TokenError: the service does not honour the token, or another desk of the authority redeemed it.
    """
    item = made.item
    was_kept = item.envelope_id in records.kept(desk.store, item.body.round_id)
    records.keep(desk.store, item)
    try:
        desk.client.post("/v1/tokens/redeem", json={"token": item.body.token})
    except TokenError as error:
        if not was_kept:
            records.let_go(desk.store, item.envelope_id)
        if not (was_kept and ALREADY_REDEEMED in str(error)):
            raise
    if made.opening is not Opening.ROUTED:
        records.record_opening(desk.store, item, made.opening)
    if made.opening in HELD:
        records.record_held(desk.store, item.envelope_id)
    else:
        _record(desk, made)


def _record(desk: _Desk, made: _Made) -> None:
    """Write the referral, if there is one, and record the envelope as redeemed, with what was said of the receptions behind it."""
    written = _write(desk, made.item, made.referral) if made.referral else ""
    records.record_redeemed(desk.store, made.item, written, made.child_id, made.receptions)


def _write(desk: _Desk, item: Opened, referral: Referral) -> str:
    """Write both documents, whole or not at all; return the name of the one that machines read."""
    stem = file_stem(item.envelope_id)
    languages = languages_of(desk.gss_code, referral.recipient.language)
    desk.settings.path(REFERRALS).mkdir(mode=OWNER_ONLY_DIRECTORY, exist_ok=True)
    for ending, write in ((".html", as_html), (".json", as_json)):
        with whole_file(desk.settings.path(REFERRALS, stem + ending)) as file:  # holder and deputy may collect at the same time
            file.write(write(referral, languages, is_trained=referral.recipient.is_trained).encode())
    return f"{stem}.json"


def _fetch(desk: _Desk, envelope_id: str) -> bytes:
    return desk.client.get(f"/v1/rounds/{desk.addressee.round_id}/envelopes/{envelope_id}").content


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        raise ConfigurationError(f"{file}: cannot be read; name the file of one envelope") from None


def _name(envelope_id: str) -> str:
    return f"envelope {short(envelope_id)}"
