"""A small linkage for tests of the service: keys of every role, one round, and parties that sign as they should.

The service runs inside the test, reached through httpx without a socket; its clock can be moved.
"""

import asyncio
import atexit
import base64
import functools
import hashlib
import secrets
import shutil
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import FastAPI
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from linkage.api.app import create_app
from linkage.initialise import init_service, install, read_signing_key
from linkage.settings import ServiceSettings
from linkage.store.engine import open_store
from linkage.store.models import Base, Envelope, Finding, Round
from schemas.agreed import Agreed
from schemas.agreement import CONTEXT as AGREEMENT_CONTEXT
from schemas.agreement import PROJECTIONS, Agreement, Controls, Encoding, LawfulBasis, Padding, Release
from schemas.attributes import ATTRIBUTES_PART, SEALED_ATTRIBUTES_BYTES
from schemas.canonical import canonical_json, digest_of
from schemas.encoding_set import CHUNK_BYTES, ENCODING_PARTS, Part, SubmissionManifest, write_table
from schemas.encoding_set import CONTEXT as SUBMISSION_CONTEXT
from schemas.request_signing import RequestSigner
from schemas.roster import CONTEXT as ROSTER_CONTEXT
from schemas.roster import ROLES_OF_KIND, Identity, Kind, Organisation, Role, Roster
from schemas.sealed import SealingKey
from schemas.signature import SignedDocument, public_text, sign, signed
from schemas.slots import ALL_PARTS, SEARCHES, SLOTS, VOLUMES, slots_part
from tests.passphrases import passphrase_in

BASE_URL = "https://127.0.0.1:8443"
ROUND = "round-1"
NOW = datetime.now(UTC).replace(microsecond=0)
SERVICE = "linkage-unit"
PRISON, POLICE, NORTH, SOUTH = "prison-service", "north-police", "north-council", "south-council"
ENVELOPES = 3
HOLDER, STATISTICS = "holder-one", "statistics"
ORGANISATIONS = {
    PRISON: Kind.PRISON_SERVICE,
    POLICE: Kind.POLICE,
    NORTH: Kind.LOCAL_AUTHORITY,
    SOUTH: Kind.LOCAL_AUTHORITY,
    HOLDER: Kind.KEY_HOLDER,
    "holder-two": Kind.KEY_HOLDER,
    STATISTICS: Kind.STATISTICS,
}
GSS = {NORTH: "E06000001", SOUTH: "E06000002"}


class InProcess(httpx.BaseTransport):
    """Reaches the application without a socket, from synchronous code."""

    def __init__(self, app: FastAPI) -> None:
        self._inner = httpx.ASGITransport(app, raise_app_exceptions=False)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        async def answer() -> tuple[httpx.Response, bytes]:
            response = await self._inner.handle_async_request(request)
            return response, await response.aread()

        request.read()
        response, content = asyncio.run(answer())
        return httpx.Response(response.status_code, headers=response.headers, content=content)


def text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class Agreements:
    """What is made once for all tests: a service directory, operators, keys, roster and agreement."""

    directory: Path
    keys: dict[str, Ed25519PrivateKey]
    sealing: dict[str, SealingKey]
    agreed: Agreed


def _organisation(name: str, kind: Kind, keys: dict[str, Ed25519PrivateKey], sealing: dict[str, SealingKey]) -> Organisation:
    identities = []
    for role in sorted(ROLES_OF_KIND[kind]):
        key_id = f"{name}/{role}"
        keys[key_id], sealing[key_id] = Ed25519PrivateKey.generate(), SealingKey.generate()
        identities.append(
            Identity(key_id=key_id, role=role, signing_key=public_text(keys[key_id]), sealing_key=sealing[key_id].public_text())
        )
    return Organisation(organisation=name, name=name, kind=kind, controller=name, gss_code=GSS.get(name), identities=identities)


@functools.cache
def agreements() -> Agreements:
    directory = Path(tempfile.mkdtemp(prefix="kinlink-test-"))
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    keys: dict[str, Ed25519PrivateKey] = {}
    sealing: dict[str, SealingKey] = {}
    passphrase = passphrase_in(directory)
    service = init_service(directory / "service", SERVICE, passphrase=passphrase)
    revoked = Ed25519PrivateKey.generate()
    keys["north-police/old"] = revoked
    organisations = [service, *(_organisation(name, kind, keys, sealing) for name, kind in ORGANISATIONS.items())]
    police = next(item for item in organisations if item.organisation == POLICE)
    gone = Identity(key_id="north-police/old", role=Role.CUSTODIAN, signing_key=public_text(revoked), revoked=True)
    organisations[organisations.index(police)] = police.model_copy(update={"identities": [*police.identities, gone]})
    roots = {f"root-{number}": Ed25519PrivateKey.generate() for number in range(3)}
    roster = signed_twice(
        Roster(version=1, expires_on="2099-01-01", organisations=organisations).model_dump(mode="json"), ROSTER_CONTEXT, roots
    )
    agreement = signed_twice(make_agreement(roster.digest).model_dump(mode="json"), AGREEMENT_CONTEXT, roots)
    public = {name: public_text(key) for name, key in roots.items()}
    for node in ("service", "operator-1", "operator-2"):
        agreed = install(directory / node, roster, agreement, public)
    for number in (1, 2):
        keys[f"{SERVICE}/operator-{number}"] = read_signing_key(directory / f"operator-{number}", Role.OPERATOR, passphrase)
    return Agreements(directory, keys, sealing, agreed)


def make_agreement(roster_digest: str) -> Agreement:
    custodians = [name for name, kind in ORGANISATIONS.items() if Role.CUSTODIAN in ROLES_OF_KIND[kind]]
    bases = [
        LawfulBasis(
            organisation=name,
            basis="public_task",
            statute="an act",
            dpia="1",
            power="e-safeguard",
            necessity="to offer support to children with a parent in prison",
            expires_on="2099-01-01",
        )
        for name in custodians
    ]
    return Agreement(
        version=1,
        purpose="offer support",
        scope="all",
        roster_digest=roster_digest,
        expires_on="2099-01-01",
        lawful_bases=bases,
        release=Release(envelopes=ENVELOPES),
        encoding=Encoding(schemas_digest="a" * 64, normaliser="kinlink-normaliser/2", normaliser_digest="c" * 64),
        controls=Controls(families=0),
        padding=Padding(smallest_rows=ROWS),
    )


def signed_twice(body: dict[str, Any], context: str, roots: dict[str, Ed25519PrivateKey]) -> SignedDocument:
    return SignedDocument(body=body, signatures=[sign(key, name, context, body) for name, key in list(roots.items())[:2]])


@dataclass
class World:
    """A service of one test, on its own database and directory."""

    agreements: Agreements
    settings: ServiceSettings
    store: Engine
    now: datetime = NOW
    app: FastAPI = field(init=False)
    client: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.app = create_app(self.settings, self.store, clock=lambda: self.now)
        self.client = httpx.Client(transport=InProcess(self.app), base_url=BASE_URL)

    def sender(self, key_id: str, **changes: Any) -> RequestSigner:
        settings = {"clock": lambda: datetime.now(UTC), "nonce": lambda: secrets.token_hex(16), **changes}
        return RequestSigner(key_id, settings.pop("key", None) or self.agreements.keys[key_id], **settings)

    def send(self, key_id: str, method: str, path: str, body: Any = b"", **options: Any) -> httpx.Response:
        content = body if isinstance(body, bytes) else canonical_json(body)
        return self.client.request(method, path, content=content, auth=self.sender(key_id), **options)

    def sign(self, key_id: str, context: str, body: dict[str, Any]) -> dict[str, Any]:
        return signed(self.agreements.keys[key_id], key_id, context, body).model_dump()

    def round_body(self, **changes: Any) -> dict[str, Any]:
        agreed = self.agreements.agreed
        return {
            "round_id": ROUND,
            "roster_digest": agreed.roster_digest,
            "agreement_digest": agreed.agreement_digest,
            "purpose": agreed.agreement.purpose,
            "scope": agreed.agreement.scope,
            "opens_at": text(NOW - timedelta(hours=1)),
            "closes_at": text(NOW + timedelta(days=7)),
        } | changes

    def open_round(self, **changes: Any) -> httpx.Response:
        body = self.round_body(**changes)
        key_id = f"{SERVICE}/operator-1"
        return self.send(key_id, "PUT", f"/v1/rounds/{body['round_id']}", self.sign(key_id, "round/1", body))

    def post(self, key_id: str, path: str, body: Any = b"") -> httpx.Response:
        return self.send(key_id, "POST", path, body)

    def approve(self, number: int, findings_digest: str) -> httpx.Response:
        key_id = f"{SERVICE}/operator-{number}"
        body = {"round_id": ROUND, "findings_digest": findings_digest, "action": "release"}
        return self.post(key_id, f"/v1/rounds/{ROUND}/approvals", self.sign(key_id, "approval/1", body))

    def set_findings(self, findings: list[tuple[str, str]]) -> str:
        """Stand in for the worker: findings of (authority, child), the round awaiting approval; return their digest."""
        findings_digest = digest_of([list(item) for item in findings])
        with Session(self.store) as session, session.begin():
            round_ = session.get_one(Round, ROUND)
            round_.state, round_.findings_digest = "awaiting-approval", findings_digest
            round_.counts = {"pairs": 41, "findings": len(findings), "releasable": len(findings), "review": 0}
            for authority, child in findings:
                session.add(Finding(round_id=ROUND, authority=authority, child=child, weight_centibits=900, grade="B", decision="release"))
        return findings_digest

    def envelopes(self) -> list[Envelope]:
        with Session(self.store) as session:
            return list(session.scalars(select(Envelope).order_by(Envelope.envelope_id)))

    def snapshot(self) -> dict[str, Any]:
        """Everything that a refused request must leave as it was: all tables but the nonces, and the vault's files."""
        with self.store.begin() as connection:
            tables = {
                table.name: sorted(map(repr, connection.execute(select(table))))
                for table in Base.metadata.sorted_tables
                if table.name != "nonce"
            }
        return tables | {"files": sorted(str(file) for file in self.settings.path("vault").rglob("*"))}


def make_world(directory: Path, database_url: str) -> World:
    made = agreements()
    shutil.copytree(made.directory / "service", directory / "service")
    settings = ServiceSettings(
        organisation=SERVICE, database_url=database_url, directory=directory / "service", **passphrase_in(directory).model_dump()
    )
    return World(made, settings, open_store(settings.database))


def table_of(name: str, columns: dict[str, list[Any]]) -> bytes:
    return write_table(pa.table(columns, schema=ALL_PARTS[name]))


def random_bytes(width: int, seed: str) -> bytes:
    return hashlib.shake_256(seed.encode()).digest(width)


@functools.cache
def parts_of(seed: str = "one", rows: int = 3, canary: str = "canary", kind: Kind = Kind.PRISON_SERVICE) -> dict[str, bytes]:
    """A whole submission of invented filters, and of slots that open nothing."""
    parts = {
        name: table_of(
            name,
            {
                "pseudonym": [random_bytes(16, f"{seed}{name}{row}") for row in range(rows)],
                "clk": [random_bytes(128, f"{seed}{name}{row}") for row in range(rows)],
            },
        )
        for name in ENCODING_PARTS
    }
    for population, uploader, responder in SEARCHES:
        if uploader is kind:
            parts |= {
                slots_part(population, projection, responder): slots_of(seed, population, projection, responder, rows)
                for projection in PROJECTIONS
            }
    if kind is Kind.PRISON_SERVICE:
        owners = [random_bytes(16, f"{seed}adults.{projection}.arrow{row}") for projection in PROJECTIONS for row in range(rows)]
        sealed = [random_bytes(SEALED_ATTRIBUTES_BYTES, f"{seed}attributes{row}") for row in range(len(owners))]
        parts[ATTRIBUTES_PART] = table_of(ATTRIBUTES_PART, {"pseudonym": owners, "attributes": sealed})
    parts["canaries.arrow"] = table_of("canaries.arrow", {"label": ["adults.A.0"], "clk": [random_bytes(128, canary)]})
    return parts


def slots_of(seed: str, population: str, projection: str, responder: Kind, rows: int) -> bytes:
    """The slots of one part, all of its filters' alike but for their nonces."""
    each, name = sum(VOLUMES["referral"][projection]), slots_part(population, projection, responder)  # type: ignore[arg-type]
    owners = [random_bytes(16, f"{seed}{population}.{projection}.arrow{row}") for row in range(rows) for _ in range(each)]
    columns = {"pseudonym": owners, "nonce": [random_bytes(16, f"{seed}{name}{row}") for row in range(rows * each)]}
    for column in SLOTS:
        columns.setdefault(column.name, [random_bytes(column.type.byte_width, f"{seed}{column.name}")] * (rows * each))
    return table_of(name, columns)


ROWS = 3


def rows_of(name: str) -> int:
    """How many rows a part of `parts_of` has."""
    if name == "canaries.arrow":
        return 1
    if name == ATTRIBUTES_PART:
        return ROWS * len(PROJECTIONS)
    return ROWS * sum(VOLUMES["referral"][name.split(".")[1]]) if ".slots." in name else ROWS


@dataclass
class Sender:
    """One custodian that submits."""

    world: World
    organisation: str = PRISON

    @property
    def key_id(self) -> str:
        return f"{self.organisation}/custodian"

    def manifest(self, contents: dict[str, bytes], **changes: Any) -> dict[str, Any]:
        agreed = self.world.agreements.agreed
        listed = [
            Part(name=name, rows=rows_of(name), size=len(content), sha256=hashlib.sha256(content).hexdigest())
            for name, content in contents.items()
        ]
        manifest = SubmissionManifest(
            round_id=ROUND,
            round_digest=digest_of(self.world.round_body()),
            roster_digest=agreed.roster_digest,
            agreement_digest=agreed.agreement_digest,
            organisation=self.organisation,
            normaliser="kinlink-normaliser/2",
            normaliser_digest="c" * 64,
            schemas_digest="a" * 64,
            quarantined_per_mille=0,
            parts=listed,
        )
        return manifest.model_dump(mode="json") | changes

    def announce(self, body: dict[str, Any], *, signed_by: str | None = None, context: str = SUBMISSION_CONTEXT) -> httpx.Response:
        document = self.world.sign(signed_by or self.key_id, context, body)
        return self.world.send(self.key_id, "PUT", f"/v1/rounds/{ROUND}/submissions/{digest_of(body)}", document)

    def put_chunk(self, digest: str, name: str, index: int, content: bytes) -> httpx.Response:
        return self.world.send(self.key_id, "PUT", f"/v1/rounds/{ROUND}/submissions/{digest}/parts/{name}/chunks/{index}", content)

    def put_parts(self, digest: str, parts: dict[str, bytes]) -> None:
        for name, content in parts.items():
            for index in range(-(-len(content) // CHUNK_BYTES)):
                response = self.put_chunk(digest, name, index, content[index * CHUNK_BYTES : (index + 1) * CHUNK_BYTES])
                assert response.status_code == 204, response.text

    def accept(self, digest: str) -> httpx.Response:
        return self.world.post(self.key_id, f"/v1/rounds/{ROUND}/submissions/{digest}/accept")

    def submit(self, parts: dict[str, bytes]) -> tuple[str, httpx.Response]:
        body = self.manifest(parts)
        response = self.announce(body)
        assert response.status_code == 200, response.text
        self.put_parts(digest_of(body), parts)
        return digest_of(body), self.accept(digest_of(body))


def b64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def refusal(response: httpx.Response, status: int, title: str) -> str:
    problem = response.json()
    assert (response.status_code, problem["title"], problem["status"]) == (status, title, status), problem
    assert response.headers["content-type"] == "application/problem+json"
    assert "\n" not in problem["detail"]
    return problem["detail"]
