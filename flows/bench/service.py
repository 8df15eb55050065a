"""A linkage service under load: a process of its own over TLS on loopback, and every authority of the country at once.

Three questions: how long small requests wait at a steady rate; how fast a large submission goes up, beside the same bytes through plain TLS; and
whether anything is lost where all authorities submit in the same minute. Keys and records are random and are thrown away.
"""

import multiprocessing
import secrets
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from hashlib import sha256
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import Any, cast

import httpx
import numpy as np
import pyarrow as pa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from flows.bench.report import Report
from flows.bench.targets import Figure
from flows.demo.founding import found
from flows.demo.processes import Processes, answers, free_port, kinlink, wait_until
from linkage.certificates import AUTHORITY_CERTIFICATE, SERVER_CERTIFICATE, SERVER_KEY, server_password
from linkage.initialise import init_service, install
from linkage.operator import OperatorClient
from linkage.settings import ServiceSettings, load_settings
from parties.encoding.normalise import NORMALISER, normaliser_digest
from schemas.agreement import Controls, Padding
from schemas.byte_columns import id_column
from schemas.encoding_set import (
    CANARIES,
    CHUNK_BYTES,
    CLK_BYTES,
    CONTEXT,
    ENCODING_PARTS,
    ENCODINGS,
    PSEUDONYM_BYTES,
    Part,
    SubmissionManifest,
    write_table,
)
from schemas.geography import authorities
from schemas.linkage import schemas_digest
from schemas.request_signing import RequestSigner
from schemas.roster import ROLES_OF_KIND, Identity, Kind, Organisation, Role
from schemas.signature import public_text, signed
from validation.keyring import PassphraseReference
from validation.patience import PatientClient
from validation.progress import Progress

ROUND, SERVICE, VALID_DAYS, START_SECONDS = "load-1", "linkage-service", 7, 60
RATE, CALLERS = 50, 8  # small requests a second in all; connections that make them
ROWS = Padding().smallest_rows
MEBIBYTE = 1024**2
P95, UPLOAD, GROWTH, LOST = (
    "service: 95 of 100 small requests at 50 a second, ms",
    "service: upload, of plain TLS",
    "service: memory for one large upload, MiB",
    "service: submissions without a receipt",
)


@dataclass(frozen=True)
class Terms:
    """How large: seconds of small requests, bytes of the large submission, how often it goes up, and how many authorities submit at once."""

    seconds: float = 20.0
    mebibytes: int = 200
    repetitions: int = 3
    authorities: int = 175


def run(terms: Terms, tell: Progress) -> Report:
    """Load a service, and say how it bore it."""
    report = Report("service")
    with TemporaryDirectory(prefix="kinlink-bench-") as folder, Processes() as processes, _running(Path(folder), terms, processes) as load:
        waits = load.small_requests(terms.seconds, tell)
        report.others.append(Figure(P95, quantiles(waits, n=20)[-1] * 1_000))
        before = load.resident()
        ratios = [load.upload(number, terms.mebibytes, tell) for number in range(terms.repetitions)]
        report.others.append(Figure(UPLOAD, median(ours / plain for ours, plain in ratios)))
        report.others.append(Figure(GROWTH, (load.resident() - before) / MEBIBYTE))
        receipts, seconds = load.submit_all(tell)
        report.others.append(Figure(LOST, terms.authorities - receipts))
    rates = ", ".join(f"{ours:.0f} beside {plain:.0f}" for ours, plain in ratios)
    report.facts = {
        "median wait of a small request, ms": f"{median(waits) * 1_000:.1f} of {len(waits)}",
        f"{terms.mebibytes} MiB, MiB a second beside plain TLS": rates,
        f"{terms.authorities} submissions at once": f"{receipts} receipts in {seconds:.1f} s",
    }
    return report


class Load:
    """A running service, and authorities' keys."""

    def __init__(self, settings: ServiceSettings, keys: dict[str, Ed25519PrivateKey], pid: int, digests: dict[str, Any]) -> None:
        """Load the service of `settings`, whose process is `pid`."""
        self._settings, self._keys, self._pid, self._digests = settings, keys, pid, digests
        self._names = list(keys)

    def small_requests(self, seconds: float, tell: Progress) -> list[float]:
        """Ask what round it is, `RATE` times a second; return how long after its time each was answered."""
        starts, waits = time.monotonic() + 0.5, list[float]()

        def call(number: int) -> None:
            with self.client(self._names[number]) as client:
                for at in range(number, int(seconds * RATE), CALLERS):
                    due = starts + at / RATE
                    time.sleep(max(0.0, due - time.monotonic()))
                    client.get(f"/v1/rounds/{ROUND}").raise_for_status()
                    waits.append(time.monotonic() - due)

        tell("small requests", 0, 1)
        with ThreadPoolExecutor(CALLERS) as pool:
            list(pool.map(call, range(CALLERS)))
        tell("small requests", 1, 1)
        return waits

    def upload(self, number: int, mebibytes: int, tell: Progress) -> tuple[float, float]:
        """Send one large submission, and as many bytes through plain TLS; return MiB a second of both."""
        chunks = max(1, mebibytes * MEBIBYTE // CHUNK_BYTES // len(ENCODING_PARTS))
        contents = {name: secrets.token_bytes(CHUNK_BYTES) * chunks for name in ENCODING_PARTS} | {"canaries.arrow": b"not looked at"}
        size = sum(map(len, contents.values())) / MEBIBYTE
        tell("large submission", number, number + 1)
        with self.client(self._names[-1 - number]) as client:
            address = self._announce(client, self._names[-1 - number], contents)
            began = time.monotonic()
            _send(client, address, contents)
            ours = size / (time.monotonic() - began)
        tell("large submission", number + 1, number + 1)
        return ours, size / self._plain(contents)

    def submit_all(self, tell: Progress) -> tuple[int, float]:
        """Let every authority submit at once; return how many got a receipt, and how long all took."""
        contents, done, began = _submission(), list[bool](), time.monotonic()

        def submit(name: str) -> bool:
            with self.client(name) as client:
                address = self._announce(client, name, contents)
                _send(client, address, contents)
                got = client.post(f"{address}/accept").is_success
            done.append(got)
            tell("submissions", len(done), len(self._names))
            return got

        with ThreadPoolExecutor(len(self._names)) as pool:
            receipts = sum(pool.map(submit, self._names))
        return receipts, time.monotonic() - began

    def resident(self) -> int:
        """Return the most memory that the service has had, in bytes."""
        lines = Path(f"/proc/{self._pid}/status").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))

    def client(self, name: str) -> PatientClient:
        """Return a client that signs as an authority."""
        signer = RequestSigner(
            f"{name}/{Role.CUSTODIAN}", self._keys[name], clock=lambda: datetime.now(UTC), nonce=partial(secrets.token_urlsafe, 24)
        )
        auth = cast("Callable[[httpx.Request], httpx.Request]", signer)
        return PatientClient(base_url=f"https://127.0.0.1:{self._settings.port}", verify=self._trust, auth=auth, timeout=300)

    def _announce(self, client: PatientClient, name: str, contents: dict[str, bytes]) -> str:
        """Send a manifest of these parts; return the submission's address."""
        rows = {part: 1 if part == "canaries.arrow" else ROWS for part in contents}
        manifest = SubmissionManifest(
            round_id=ROUND,
            **self._digests,
            organisation=name,
            normaliser=NORMALISER,
            normaliser_digest=normaliser_digest(),
            schemas_digest=schemas_digest(),
            quarantined_per_mille=0,
            parts=[
                Part(name=part, rows=rows[part], size=len(content), sha256=sha256(content).hexdigest())
                for part, content in contents.items()
            ],
        )
        document = signed(self._keys[name], f"{name}/{Role.CUSTODIAN}", CONTEXT, manifest.model_dump(mode="json"))
        address = f"/v1/rounds/{ROUND}/submissions/{document.digest}"
        client.put(address, content=document.model_dump_json().encode()).raise_for_status()
        return address

    def _plain(self, contents: dict[str, bytes]) -> float:
        """Send the same bytes to a process that takes them and does nothing with them; return seconds."""
        ready, spawn = multiprocessing.get_context("spawn").Pipe(), multiprocessing.get_context("spawn")
        files = [str(self._settings.path(*part)) for part in (SERVER_CERTIFICATE, SERVER_KEY)]
        sink = spawn.Process(target=_sink, args=(ready[1], *files, server_password(self._settings)), daemon=True)
        sink.start()
        with (
            socket.create_connection(("127.0.0.1", ready[0].recv())) as raw,
            self._trust.wrap_socket(raw, server_hostname="127.0.0.1") as tls,
        ):
            began = time.monotonic()
            tls.sendall(sum(map(len, contents.values())).to_bytes(8, "big"))
            for content in contents.values():
                for start in range(0, len(content), CHUNK_BYTES):
                    tls.sendall(memoryview(content)[start : start + CHUNK_BYTES])
            tls.recv(1)
            seconds = time.monotonic() - began
        sink.join()
        return seconds

    @cached_property
    def _trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self._settings.path(*AUTHORITY_CERTIFICATE)))


@contextmanager
def _running(folder: Path, terms: Terms, processes: Processes) -> Iterator[Load]:
    """Found a linkage of all authorities, start its service with an open round, and give it for as long as the block runs."""
    (folder / "passphrase").touch(mode=0o600)
    (folder / "passphrase").write_text(secrets.token_urlsafe(32), encoding="utf-8")
    directory = folder / "service"
    service = init_service(directory, SERVICE, port=free_port(), passphrase=PassphraseReference(passphrase_file=folder / "passphrase"))
    keys = {f"authority-{code.lower()}": Ed25519PrivateKey.generate() for code in list(authorities())[: terms.authorities]}
    organisations = [service, *(_authority(name, key) for name, key in keys.items()), *map(_holder, ("holder-one", "holder-two"))]
    made = found(
        organisations,
        purpose="load",
        scope="load",
        normaliser=NORMALISER,
        normaliser_digest=normaliser_digest(),
        expires_on=(datetime.now(UTC) + timedelta(days=VALID_DAYS)).date().isoformat(),
        controls=Controls(families=0),
    )
    for place in (directory, folder / "operator-1"):
        install(place, made.roster, made.agreement, made.roots)
    settings = load_settings(directory)
    process = processes.start(SERVICE, directory, kinlink("service", "serve", "--dir", "."), port=settings.port)
    trust = ssl.create_default_context(cafile=str(settings.path(*AUTHORITY_CERTIFICATE)))
    wait_until(
        lambda: answers(f"https://127.0.0.1:{settings.port}/v1/health", trust), process, "the linkage service", seconds=START_SECONDS
    )
    now = datetime.now(UTC)
    with OperatorClient(folder / "operator-1") as operator:
        opened = operator.open_round(ROUND, opens_at=now - timedelta(hours=1), closes_at=now + timedelta(days=1))
    digests = {"round_digest": opened["round_digest"], "roster_digest": made.roster.digest, "agreement_digest": made.agreement.digest}
    yield Load(settings, keys, process.pid, digests)


def _authority(name: str, key: Ed25519PrivateKey) -> Organisation:
    return _organisation(name, Kind.LOCAL_AUTHORITY, [_identity(name, Role.CUSTODIAN, key)], name.removeprefix("authority-").upper())


def _holder(name: str) -> Organisation:
    return _organisation(
        name, Kind.KEY_HOLDER, [_identity(name, role, Ed25519PrivateKey.generate()) for role in ROLES_OF_KIND[Kind.KEY_HOLDER]]
    )


def _organisation(name: str, kind: Kind, identities: Sequence[Identity], gss_code: str | None = None) -> Organisation:
    return Organisation(organisation=name, name=name, kind=kind, controller=name, gss_code=gss_code, identities=list(identities))


def _identity(name: str, role: Role, key: Ed25519PrivateKey) -> Identity:
    return Identity(key_id=f"{name}/{role}", role=role, signing_key=public_text(key))


def _submission() -> dict[str, bytes]:
    """Return the parts of a small submission: random filters that the service accepts."""

    def random(width: int, rows: int) -> pa.Array:
        return id_column(np.frombuffer(secrets.token_bytes(rows * width), dtype=np.uint8).reshape(rows, width))

    parts = {
        name: write_table(pa.Table.from_arrays([random(PSEUDONYM_BYTES, ROWS), random(CLK_BYTES, ROWS)], schema=ENCODINGS))
        for name in ENCODING_PARTS
    }
    canaries = pa.Table.from_arrays([pa.array(["adults.A.0"]), random(CLK_BYTES, 1)], schema=CANARIES)
    return {**parts, "canaries.arrow": write_table(canaries)}


def _send(client: PatientClient, address: str, contents: dict[str, bytes]) -> None:
    for name, content in contents.items():
        for index, start in enumerate(range(0, len(content), CHUNK_BYTES)):
            chunk = content[start : start + CHUNK_BYTES]
            client.put(f"{address}/parts/{name}/chunks/{index}", content=chunk).raise_for_status()


def _sink(ready: Any, certificate: str, key: str, password: str | None) -> None:
    """Take as many bytes over TLS as are said first, the least that any server does; runs in a process of its own."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key, password)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ready.send(listener.getsockname()[1])
        raw, _ = listener.accept()
        with context.wrap_socket(raw, server_side=True) as tls:
            buffer, left = bytearray(MEBIBYTE), int.from_bytes(tls.recv(8), "big")
            while left > 0:
                left -= tls.recv_into(buffer)
            tls.sendall(b".")
