"""Collect an authority's tokens and turn each into one referral, exactly once.

Per envelope: keep it (sealed, as it came) → redeem its token → write the documents → record it → let the envelope go.
A crash after any step is mended by the next run: a kept envelope whose token is already redeemed was redeemed by this
desk, so its documents are still owed. One that was never kept here and is already redeemed is another desk's.
Everything that could refuse an envelope comes before it is kept. Names go into the documents and nowhere else.
"""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Engine

from parties.client import ServiceClient
from parties.controls.names import is_control
from parties.initialise import load_agreed
from parties.keys.identity_keys import load_sealing_key
from parties.referrals import records
from parties.referrals.documents import Referral, as_html, as_json, file_stem, make_referral
from parties.referrals.opening import Addressee, Opened, open_sealed
from parties.referrals.routing import AUTHORITY, Child, Directory, RecipientRole, route
from parties.referrals.wording import Wording, languages_of
from parties.rounds import fetch_round
from parties.settings import NodeSettings
from parties.store.engine import open_node_store
from parties.whole_files import OWNER_ONLY_DIRECTORY, whole_file
from schemas.canonical import short
from schemas.errors import AlarmError, ConfigurationError, SealError, TokenError
from schemas.roster import Role
from schemas.sealed import SealingKey
from schemas.token import Grade
from validation.progress import Progress, silent

REFERRALS = "referrals"
CONTROL_CHILD = "envelope for a control"  # as the alarm's row says it
CALL = "it was not routed: call the linkage operator, for the round's other tokens may be wrong, too"
ALREADY_REDEEMED = "already redeemed"  # how the service says so


@dataclass(frozen=True)
class Collected:
    """What one run did; dummies do not count.

    `problems` are one line for each envelope that could not become a referral, `alarms` for each that must never have come.
    """

    opened: int
    written: int
    routed_by_role: dict[RecipientRole, int]
    problems: tuple[str, ...] = ()
    alarms: tuple[str, ...] = ()

    def check_no_alarm(self) -> None:
        """Check that every envelope might have come.

        Raises:
            AlarmError: one must never have; nothing was done with it.
        """
        if self.alarms:
            raise AlarmError("; ".join(self.alarms))


class Referred(NamedTuple):
    """A child of the authority's own record, whom it was routed to, and the grade."""

    child_id: str
    role: RecipientRole
    grade: Grade


@dataclass(frozen=True)
class _Desk:
    """Everything one run works with."""

    settings: NodeSettings
    client: ServiceClient
    store: Engine
    key: SealingKey
    addressee: Addressee
    name: str
    languages: tuple[Wording, ...]
    directory: Directory


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
        referrals = _make_all(desk, opened, problems, alarms)
        written: Counter[RecipientRole] = Counter()
        for done, (item, referral) in enumerate(referrals, start=1):
            try:
                _deliver(desk, item, referral)
                written.update([referral.recipient.role] if referral else [])
            except TokenError as error:
                problems.append(f"{_name(item.envelope_id)}: {error}")
            progress("envelopes", done, len(referrals))
    real = sum(not item.body.is_dummy for item in opened)
    return Collected(real, written.total(), dict(written), tuple(problems), tuple(alarms))


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
            document = f"its document is {REFERRALS}/{before.referral}" if before.referral else "it is of no child"
            raise TokenError(f"{file.name}: already opened on {before.redeemed_at}; {document}")
        problems: list[str] = []
        alarms: list[str] = []
        made = _make_all(desk, [item], problems, alarms)
        if alarms:
            raise AlarmError(alarms[0])
        if not made:
            raise TokenError(problems[0])
        referral = made[0][1]
        _deliver(desk, item, referral)
        if referral is None:
            raise TokenError(f"{file.name}: a dummy, of no child; every authority gets some, and there is nothing to do")
    return Referred(referral.child_record, referral.recipient.role, referral.grade)


def referrals(settings: NodeSettings, round_id: str) -> list[Referred]:
    """Return whom the authority was asked to support in a round, for its own console: its record ids, posts and grades."""
    with _open_store(settings) as store:
        rows = records.redeemed_in(store, round_id)
    written = [(child_id, json.loads(settings.path(REFERRALS, name).read_bytes())) for child_id, name in rows]
    return [Referred(child_id, RecipientRole(document["recipient"]["role"]), document["grade"]) for child_id, document in written]


@contextmanager
def _open_desk(settings: NodeSettings, round_id: str, client: ServiceClient | None) -> Iterator[_Desk]:
    """Load what a run works with; close connections at its end."""
    if settings.kind != "local-authority":
        raise ConfigurationError(f"{settings.directory}: tokens are sealed to local authorities; this node is a {settings.kind}")
    agreed = load_agreed(settings)
    own = agreed.roster.get(settings.organisation)
    with client or ServiceClient(settings, Role.DESK) as service, _open_store(settings) as store:
        yield _Desk(
            settings=settings,
            client=service,
            store=store,
            key=load_sealing_key(settings, Role.DESK),
            addressee=Addressee(settings.organisation, round_id, fetch_round(service, agreed, round_id).digest),
            name=own.name,
            languages=languages_of(own.gss_code),
            directory=records.read_directory(settings),
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


def _make_all(desk: _Desk, opened: list[Opened], problems: list[str], alarms: list[str]) -> list[tuple[Opened, Referral | None]]:
    """Join envelopes with the authority's record and route them, a dummy to nobody.

    A child that is not on the record, or is a planted control, stays unredeemed.
    """
    ids = records.record_ids(desk.store, opened)
    children = records.read_children(desk.settings, ids.values())
    made: list[tuple[Opened, Referral | None]] = []
    for item in opened:
        record = ids.get(item.envelope_id, "")
        child = children.get(record)
        if item.body.is_dummy:
            made.append((item, None))
        elif is_control(record):
            records.record_alarm(desk.store, item, CONTROL_CHILD)
            alarms.append(f"{_name(item.envelope_id)}: its child is a planted control, whom nobody may be referred for; {CALL}")
        elif child is None:
            problems.append(
                f"{_name(item.envelope_id)}: its child is not on this node's record; put back the extract that was submitted, and collect again"
            )
        else:
            made.append((item, _make(desk, item, child)))
    return made


def _make(desk: _Desk, item: Opened, child: Child) -> Referral:
    recipient = route(child, desk.directory, datetime.now(UTC).date())
    contact = desk.directory[RecipientRole.SINGLE_POINT_OF_CONTACT, AUTHORITY]
    return make_referral(item.envelope_id, item.body.grade, child, recipient=recipient, contact=contact, authority=desk.name)


def _deliver(desk: _Desk, item: Opened, referral: Referral | None) -> None:
    """Redeem, write and record one referral; a dummy is redeemed all the same, so that the network sees no difference.

    Raises:
        TokenError: the service does not honour the token, or another desk of the authority redeemed it.
    """
    was_kept = item.envelope_id in records.kept(desk.store, item.body.round_id)
    records.keep(desk.store, item)
    try:
        desk.client.post("/v1/tokens/redeem", json={"token": item.body.token})
    except TokenError as error:
        if not was_kept:
            records.let_go(desk.store, item.envelope_id)
        if not (was_kept and ALREADY_REDEEMED in str(error)):
            raise
    name = _write(desk, item, referral) if referral else ""
    records.record_redeemed(desk.store, item.envelope_id, name)


def _write(desk: _Desk, item: Opened, referral: Referral) -> str:
    """Write both documents, whole or not at all; return the name of the one that machines read."""
    stem = file_stem(item.envelope_id)
    for ending, text in ((".html", as_html(referral, desk.languages)), (".json", as_json(referral, desk.languages))):
        _write_whole(desk.settings.path(REFERRALS, stem + ending), text)
    return f"{stem}.json"


def _write_whole(path: Path, text: str) -> None:
    path.parent.mkdir(mode=OWNER_ONLY_DIRECTORY, exist_ok=True)
    with whole_file(path) as file:  # holder and deputy may collect at the same time
        file.write(text.encode())


def _fetch(desk: _Desk, envelope_id: str) -> bytes:
    return desk.client.get(f"/v1/rounds/{desk.addressee.round_id}/envelopes/{envelope_id}").content


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        raise ConfigurationError(f"{file}: cannot be read; name the file of one envelope") from None


def _name(envelope_id: str) -> str:
    return f"envelope {short(envelope_id)}"
