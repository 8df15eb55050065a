"""A whole linkage for tests: every organisation's node in a directory of its own, a real service behind real TLS on a given database.

Checking and encoding are done once, for a `Founded` linkage; each test has a copy of it. The operator's manifest, the key
holders' shares and the custodians' submissions are the same bytes every time, so a copy begins where its test does: before a
round is open (`copy_linkage`), once it is closed and everyone has submitted (`copy_closed`), or once all have collected (`copy_collected`).
"""

import base64
import functools
import secrets
import shutil
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

import httpx
import uvicorn
from sqlalchemy import Engine, insert, inspect, select, text
from sqlalchemy.orm import Session

from flows.demo import plan
from flows.demo.founding import found
from flows.demo.plan import Member
from linkage import initialise as service_side
from linkage.api.app import create_app, make_server
from linkage.heads import sign_due
from linkage.operator import OperatorClient
from linkage.search.anonlink_engine import AnonlinkEngine
from linkage.settings import load_settings as load_service_settings
from linkage.settings import save_settings as save_service_settings
from linkage.store.engine import is_current, migrate, open_store
from linkage.store.models import AuditLock, Base, Finding
from linkage.worker import carry_round, find_round, look_round, search_round
from parties import initialise as party_side
from parties.answering.respond import answer_waves
from parties.client import ServiceClient
from parties.encoding.normalise import NORMALISER, normaliser_digest
from parties.keyholder import issue_shares
from parties.keys.identity_keys import key_id, load_sealing_key, load_signing_key
from parties.keys.round_key import open_shares, round_key
from parties.referrals.collect import Collected, collect
from parties.rounds import fetch_round
from parties.settings import NodeSettings, load_settings
from parties.statistics import fetch_table
from parties.store.engine import open_node_store
from parties.store.models import Person
from parties.submission.prepare import prepare
from parties.submission.submit import send
from schemas.aggregate import NoisedTable
from schemas.agreement import Controls, Release
from schemas.request_signing import RequestSigner
from schemas.roster import Kind, Organisation, Role
from schemas.slots import WAVES
from tests.acceptance.planted import plant
from tests.passphrases import passphrase_in
from validation.synthetic.population import write_population

ROUND = "round-1"
PEOPLE, SEED, PREVALENCE = 1_200, 11, 0.16
CONTROL_FAMILIES = 32
LEFT_OUT = "local-authority-E08000026"  # three authorities do
VALID_DAYS = 30
ENVELOPES = 24  # more than any authority has findings
START_SECONDS = 20
PRISON = "prison-service"
SERVICE = plan.SERVICE.organisation
STATISTICS = plan.STATISTICS.organisation
HOLDERS = tuple(member.organisation for member in plan.KEY_HOLDERS)
TRUTH = "truth"


@dataclass(frozen=True)
class Founded:
    """A linkage that was founded and whose custodians have encoded, and one whose round is closed; nothing of either runs.

    `held` keeps the port its own.
    """

    directory: Path
    closed: Path
    truth: Path
    members: tuple[Member, ...]
    now: datetime
    held: socket.socket

    @property
    def port(self) -> int:
        return self.held.getsockname()[1]


def hold_port() -> socket.socket:
    """Return a socket that keeps a loopback port from everyone but a server of ours."""
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", 0))
    return held


@functools.cache
def found_linkage(out: Path) -> Founded:
    """Make every node and the service in `out`, sign roster and agreement, and let every custodian encode; once."""
    extracts, nodes, held = out / "extracts", out / "nodes", hold_port()
    write_population(extracts, people=PEOPLE, seed=SEED, prevalence=PREVALENCE)
    shutil.rmtree(extracts / LEFT_OUT)
    custodians = plan.custodians(extracts)
    for member in custodians:
        (extracts / str(member.extract)).rename(extracts / member.organisation)
    plant(extracts)
    founded = Founded(
        nodes,
        out / "closed",
        extracts / TRUTH,
        (*custodians, *plan.KEY_HOLDERS, plan.STATISTICS),
        datetime.now(UTC).replace(microsecond=0),
        held,
    )
    _make_nodes(founded, extracts)
    _begin(founded, out)
    return founded


def copy_linkage(founded: Founded, directory: Path, database_url: str) -> "Linkage":
    """Return a linkage of its own, whose custodians have encoded, on an empty database."""
    shutil.copytree(founded.directory, directory)
    return Linkage(founded, directory, database_url)


def copy_closed(founded: Founded, directory: Path, database_url: str) -> "Linkage":
    """Return a linkage of its own, whose round is closed and has every submission; its rows go into the empty database."""
    return _copy(founded, founded.closed, directory, database_url)


def copy_collected(founded: Founded, directory: Path, database_url: str) -> "Linkage":
    """Return a linkage of its own, whose round was released and whose every authority has collected."""
    return _copy(founded, _collected(founded), directory, database_url)


@functools.cache
def _collected(founded: Founded) -> Path:
    """Make the linkage that `copy_collected` copies, once."""
    made = founded.closed.with_name("collected")
    with copy_closed(founded, made, f"sqlite:///{made}.sqlite") as linkage:
        linkage.link()
        linkage.approve_and_release()
        for authority in linkage.authorities():
            linkage.collect(authority)
    return made


def _copy(founded: Founded, made: Path, directory: Path, database_url: str) -> "Linkage":
    """Copy the nodes of a linkage, and the service's rows into an empty database."""
    shutil.copytree(made, directory)
    with closing_engine(f"sqlite:///{made}.sqlite") as before, closing_engine(database_url) as after:
        for table in (table for table in Base.metadata.sorted_tables if table.name != AuditLock.__tablename__):
            with before.connect() as source, after.begin() as sink:
                rows = [dict(row) for row in source.execute(select(table)).mappings()]
                if rows:
                    sink.execute(insert(table), rows)
    return Linkage(founded, directory, database_url)


def _wait_for_threads(store: Engine) -> None:
    """Wait for requests that the service's threads still work on: a connection that comes back to a pool that is gone is never closed."""
    at_work = getattr(store.pool, "checkedout", int)
    deadline = time.monotonic() + START_SECONDS
    while at_work() and time.monotonic() < deadline:
        time.sleep(0.01)


@contextmanager
def closing_engine(url: str) -> Iterator[Engine]:
    """Give the engine of a database of the service's tables."""
    engine = open_store(url)
    if not is_current(engine):
        migrate(engine)
    try:
        yield engine
    finally:
        engine.dispose()


def _begin(founded: Founded, out: Path) -> None:
    """Let every custodian encode for a round; then, in a second copy, send, and close it."""
    with Linkage(founded, founded.directory, f"sqlite:///{out / 'founding.sqlite'}") as linkage:
        linkage.open()
        for name in linkage.custodians():
            prepare(linkage.settings(name), ROUND)
    (founded.directory / SERVICE / "service.sqlite").unlink()  # every linkage names a database of its own
    shutil.copytree(founded.directory, founded.closed)
    with Linkage(founded, founded.closed, f"sqlite:///{founded.closed}.sqlite") as linkage:
        linkage.open()
        linkage.send()
        linkage.close()


def _make_nodes(founded: Founded, extracts: Path) -> None:
    url = f"https://127.0.0.1:{founded.port}"
    entries = [_make_node(member, member.directory(founded.directory), url) for member in founded.members]
    for member in founded.members:
        if member.extract:
            shutil.copytree(extracts / member.organisation, member.directory(founded.directory) / "extract", dirs_exist_ok=True)
    home, passphrase = founded.directory / SERVICE, passphrase_in(founded.directory)
    service = service_side.init_service(
        home, SERVICE, port=founded.port, operators=0, controller=plan.SERVICE.controller, passphrase=passphrase
    )
    trust = home.joinpath(*service_side.AUTHORITY_CERTIFICATE).read_bytes()
    operators = [
        service_side.init_operator(founded.directory / name, SERVICE, name, service_url=url, ca_pem=trust, passphrase=passphrase)
        for name in plan.OPERATORS
    ]
    service = Organisation.model_validate({**service.model_dump(), "identities": [*service.identities, *operators]})
    expires_on = (founded.now + timedelta(days=VALID_DAYS)).date().isoformat()
    versions = {"normaliser": NORMALISER, "normaliser_digest": normaliser_digest()}
    terms = {"expires_on": expires_on, "controls": Controls(families=CONTROL_FAMILIES), "release": Release(envelopes=ENVELOPES)}
    made = found([*entries, service], purpose=plan.PURPOSE, scope=plan.SCOPE, **versions, **terms)
    for member in founded.members:
        party_side.install(member.directory(founded.directory), made.roster, made.agreement, made.roots, trust)
    for name in (SERVICE, *plan.OPERATORS):
        service_side.install(founded.directory / name, made.roster, made.agreement, made.roots)


def _make_node(member: Member, directory: Path, url: str) -> Organisation:
    return party_side.init_node(
        directory,
        member.kind.value,
        member.organisation,
        member.name,
        gss_code=member.gss_code,
        controller=member.controller,
        service_url=url,
        passphrase=passphrase_in(directory.parent),
    )


class Linkage:
    """One linkage in `directory`, its service on `database_url`. Its clock stands still; use it in a `with`."""

    def __init__(self, founded: Founded, directory: Path, database_url: str) -> None:
        self.founded, self.directory, self.now = founded, directory, founded.now
        service = load_service_settings(directory / SERVICE).model_copy(update={"database_url": database_url})
        save_service_settings(service)
        self.service = service
        self._server: uvicorn.Server | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    # The service's life

    def start(self, wrap: Callable[[Any], Any] = lambda app: app) -> None:
        """Start the service; `wrap` puts something around its application."""
        self.store = open_store(self.service.database)
        if not is_current(self.store):
            migrate(self.store)
        self.app = create_app(self.service, self.store, clock=lambda: self.now)
        self._server = make_server(self.service, wrap(self.app))
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        deadline = time.monotonic() + START_SECONDS
        while not self._server.started:
            assert self._thread.is_alive(), "the service did not start"
            assert time.monotonic() < deadline, "the service did not start in time"
            time.sleep(0.01)

    def kill(self) -> None:
        """End the service between two requests, and take its database away from whoever still has it."""
        if self._server is not None:
            self._server.should_exit = True
            self._thread.join(START_SECONDS)
            assert not self._thread.is_alive()
            _wait_for_threads(self.store)
            self.store.dispose()
            self._server = None

    def restart(self) -> None:
        self.kill()
        self.start()

    # The steps of a round

    def open(self) -> None:
        """Open the round and let the key holders issue their shares."""
        self.open_round(ROUND)
        self.issue_keys()

    def open_round(self, round_id: str) -> None:
        with self.operator(0) as operator:
            operator.open_round(round_id, opens_at=self.now - timedelta(hours=1), closes_at=self.now + timedelta(days=7))

    def issue_keys(self, round_id: str = ROUND) -> None:
        for holder in HOLDERS:
            issue_shares(self.settings(holder), round_id)

    def send(self, *organisations: str) -> None:
        """Send what these custodians, or all, have encoded."""
        for name in organisations or self.custodians():
            send(self.settings(name), ROUND)

    def submit(self, organisation: str, progress: Callable[[str, int, int], None] = lambda *_: None) -> None:
        """Let one custodian check, encode and send."""
        send(self.settings(organisation), prepare(self.settings(organisation), ROUND, progress), progress)

    def close(self) -> None:
        with self.operator(0) as operator:
            operator.close_round(ROUND)

    def search(self, engine: AnonlinkEngine | None = None) -> None:
        search_round(self.store, self.service, ROUND, now=self.now, progress=lambda *_: None, engine=engine)

    def look(self, wave: int) -> None:
        """Open a wave of the second look."""
        with self.operator(0) as operator:
            operator.open_wave(ROUND, wave)

    def answer(self, *organisations: str) -> None:
        """Let these custodians, or all who are asked, answer every wave that is open."""
        for name in organisations or self.of_kind(Kind.POLICE, Kind.LOCAL_AUTHORITY):
            answer_waves(self.settings(name), ROUND)

    def carry(self) -> None:
        carry_round(self.store, self.service, ROUND)

    def second_look(self) -> None:
        """Open every wave, and let everyone answer it; carry over between them."""
        for wave in range(1, WAVES + 1):
            self.look(wave)
            self.answer()
            self.carry()

    def find(self) -> None:
        """Open the pairs and record findings."""
        look_round(self.store, self.service, ROUND, now=self.now)
        find_round(self.store, self.service, ROUND, now=self.now)

    def link(self) -> None:
        """Search, look again, and record findings."""
        self.search()
        self.second_look()
        self.find()

    def approve(self, operator: int) -> dict[str, Any]:
        with self.operator(operator) as client:
            return client.approve(ROUND)

    def release(self) -> dict[str, Any]:
        with self.operator(0) as client:
            return client.release(ROUND)

    def approve_and_release(self) -> None:
        self.approve(0)
        self.approve(1)
        self.release()

    def status(self) -> dict[str, Any]:
        with self.operator(0) as client:
            return client.status(ROUND)

    def collect(self, authority: str) -> Collected:
        return collect(self.settings(authority), ROUND)

    def sign_head(self, *, hours: int = 0) -> None:
        """Sign a head of the logs, so many hours from now."""
        signer = self.app.state.service.signer
        sign_due(self.store, signer, now=self.now + timedelta(hours=hours), every=timedelta())

    def tables(self) -> NoisedTable:
        return fetch_table(self.settings(STATISTICS), ROUND)

    # Who and what there is

    def settings(self, organisation: str) -> NodeSettings:
        return load_settings(self.directory / organisation)

    def of_kind(self, *kinds: Kind) -> list[str]:
        return [member.organisation for member in self.founded.members if member.kind in kinds]

    def custodians(self) -> list[str]:
        return self.of_kind(Kind.PRISON_SERVICE, Kind.POLICE, Kind.LOCAL_AUTHORITY)

    def authorities(self) -> list[str]:
        return self.of_kind(Kind.LOCAL_AUTHORITY)

    def operator(self, number: int) -> OperatorClient:
        return OperatorClient(self.directory / plan.OPERATORS[number])

    def client(self, organisation: str, role: Role) -> ServiceClient:
        return ServiceClient(self.settings(organisation), role)

    @contextmanager
    def raw(self, organisation: str, role: Role) -> Iterator[httpx.Client]:
        """Give an HTTP client that signs as this identity and hands answers back as they come."""
        settings = self.settings(organisation)
        signer = RequestSigner(
            key_id(settings, role), load_signing_key(settings, role), clock=lambda: datetime.now(UTC), nonce=lambda: secrets.token_hex(16)
        )
        trust = ssl.create_default_context(cafile=settings.path("ca.pem"))
        with httpx.Client(base_url=settings.service_url, verify=trust, auth=signer, timeout=30) as client:  # type: ignore[arg-type]
            yield client

    def round_secrets(self, organisation: str = PRISON) -> dict[str, bytes]:
        """Return the round key and every share of it, as one custodian puts them together."""
        settings = self.settings(organisation)
        agreed = party_side.load_agreed(settings)
        with self.client(organisation, Role.CUSTODIAN) as client:
            found_round = fetch_round(client, agreed, ROUND)
            listed = client.get(f"/v1/rounds/{ROUND}/shares").json()["shares"]
        sealed = {item["holder"]: base64.b64decode(item["sealed"]) for item in listed}
        shares = open_shares(sealed, agreed.roster, found_round.digest, organisation, load_sealing_key(settings, Role.CUSTODIAN))
        return {"round key": round_key(shares, found_round.manifest, found_round.digest), **shares}

    def released(self) -> list[tuple[str, str]]:
        """Return authority and child (its person id) of every finding that is to be released."""
        with Session(self.store) as session:
            query = select(Finding.authority, Finding.child).where(Finding.decision == "release")
            return sorted((authority, child) for authority, child in session.execute(query))

    def with_own_carer(self) -> set[tuple[str, str]]:
        """Return authority and child of every released finding whose parent is on the authority's own record."""
        with Session(self.store) as session:
            query = select(Finding.authority, Finding.child).where(Finding.decision == "release", Finding.own_carer.is_not(None))
            return {(authority, child) for authority, child in session.execute(query)}

    def child_record(self, authority: str, child: str) -> str:
        """Return the authority's own record id of a child, as its node keeps it."""
        store = open_node_store(self.settings(authority))
        try:
            with Session(store) as session:
                return session.get_one(Person, (ROUND, "children", child)).record_id
        finally:
            store.dispose()

    def dump(self, *, without: tuple[str, ...] = ("nonce",)) -> dict[str, list[Any]]:
        """Return every table of the service's database, its rows in order."""
        with self.store.connect() as connection:
            names = [name for name in inspect(connection).get_table_names() if name not in without]
            return {name: sorted(map(tuple, connection.execute(text(f'SELECT * FROM "{name}"'))), key=repr) for name in names}

    def files(self, organisation: str = "") -> dict[str, bytes]:
        """Return the content of every file of one node, or of all, by its path."""
        root = self.directory / organisation
        return {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}
