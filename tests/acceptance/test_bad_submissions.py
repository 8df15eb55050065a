"""A custodian's own tools, and a broken or hostile sender, against a real service: one clear line, and nothing changed by it."""

import json
import secrets
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import httpx
import pytest
from sqlalchemy import text

from parties.keys.identity_keys import key_id, load_signing_key
from parties.submission.submit import send
from schemas.encoding_set import MAX_CHUNK_BYTES
from schemas.errors import AuthenticationError, SubmissionError
from schemas.request_signing import RequestSigner
from schemas.roster import Role
from schemas.signature import SignedDocument
from tests.acceptance.planted import POLICE
from tests.acceptance.round import ROUND, SERVICE

pytestmark = pytest.mark.slow

PART = "adults.A.arrow"
MEBIBYTE = 1024 * 1024
MUCH = 8 * MAX_CHUNK_BYTES // MEBIBYTE


def outbox(linkage, organisation=POLICE):
    return linkage.directory / organisation / "outbox" / ROUND


def document_of(linkage):
    return SignedDocument.model_validate_json((outbox(linkage) / "manifest.json").read_bytes())


def state(linkage):
    """Return everything that a refused request must leave as it was."""
    return linkage.dump(), linkage.files(SERVICE)


def announce(linkage):
    with linkage.raw(POLICE, Role.CUSTODIAN) as custodian:
        document = document_of(linkage)
        place = f"/v1/rounds/{ROUND}/submissions/{document.digest}"
        assert custodian.put(place, content=document.model_dump_json()).status_code == 200
    return place


def cut_short(linkage):
    part = outbox(linkage) / PART
    part.write_bytes(part.read_bytes()[:-1])


def change_a_byte(linkage):
    part = outbox(linkage) / PART
    content = bytearray(part.read_bytes())
    content[len(content) // 2] ^= 1
    part.write_bytes(bytes(content))


def change_the_manifest(linkage):
    body = document_of(linkage).model_dump()
    body["body"]["quarantined_per_mille"] += 1
    (outbox(linkage) / "manifest.json").write_text(json.dumps(body), encoding="utf-8")


@pytest.mark.parametrize(
    ("damage", "error", "line"),
    [
        (cut_short, SubmissionError, r"part adults\.A\.arrow, chunk 0: want \d+ bytes; send the chunk again"),
        (change_a_byte, SubmissionError, r"part adults\.A\.arrow: SHA-256 differs from the manifest"),
        (change_the_manifest, AuthenticationError, r"the signature of custodian is missing or wrong"),
    ],
)
def test_a_damaged_submission_is_refused_and_sending_it_again_changes_nothing(linkage, damage, error, line):
    linkage.open()
    damage(linkage)
    refused = []
    for _ in range(2):
        with pytest.raises(error, match=line) as caught:
            send(linkage.settings(POLICE), ROUND)
        refused.append((str(caught.value), state(linkage)))
    assert refused[0] == refused[1]
    assert "\n" not in refused[0][0]
    with linkage.store.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM submission WHERE state = 'accepted' OR receipt IS NOT NULL")) == 0
    assert not (linkage.directory / POLICE / "receipts" / f"{ROUND}.receipt").exists()


def test_after_a_refusal_the_right_submission_is_accepted(linkage):
    linkage.open()
    good = (outbox(linkage) / PART).read_bytes()
    cut_short(linkage)
    with pytest.raises(SubmissionError):
        send(linkage.settings(POLICE), ROUND)
    (outbox(linkage) / PART).write_bytes(good)
    send(linkage.settings(POLICE), ROUND)
    assert (linkage.directory / POLICE / "receipts" / f"{ROUND}.receipt").exists()


def test_a_submission_to_another_round_is_refused_and_changes_nothing(linkage):
    linkage.open()
    linkage.open_round("round-2")
    document, before = document_of(linkage), state(linkage)
    with linkage.raw(POLICE, Role.CUSTODIAN) as custodian:
        answer = custodian.put(f"/v1/rounds/round-2/submissions/{document.digest}", content=document.model_dump_json())
    assert (answer.status_code, answer.json()["title"]) == (422, "SubmissionError")
    assert answer.json()["detail"].startswith("manifest: round_id is not this round's")
    assert state(linkage) == before


def test_a_body_that_ends_before_it_is_whole_changes_nothing(linkage):
    linkage.open()
    place, content, before = announce(linkage), (outbox(linkage) / PART).read_bytes(), state(linkage)
    url = f"{linkage.settings(POLICE).service_url}{place}/parts/{PART}/chunks/0"
    settings = linkage.settings(POLICE)
    headers = {"host": url.split("/")[2], "content-type": "application/octet-stream", "content-length": str(len(content))}
    signer = RequestSigner(
        key_id(settings, Role.CUSTODIAN),
        load_signing_key(settings, Role.CUSTODIAN),
        clock=lambda: datetime.now(UTC),
        nonce=lambda: secrets.token_hex(16),
    )
    signer.sign("PUT", url, headers, content)
    request = f"PUT {place}/parts/{PART}/chunks/0 HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    trust = ssl.create_default_context(cafile=settings.path("ca.pem"))
    with (
        socket.create_connection(("127.0.0.1", linkage.founded.port)) as plain,
        trust.wrap_socket(plain, server_hostname="127.0.0.1") as connection,
    ):
        connection.sendall(request.encode() + b"\r\n" + content[:-1])
    with linkage.raw(POLICE, Role.CUSTODIAN) as custodian:
        assert PART in custodian.get(place).json()["missing"]
    assert state(linkage) == before


def test_a_body_over_the_limit_is_refused_while_it_streams_and_its_rest_is_not_read(linkage):
    linkage.open()
    place, before, sent = announce(linkage), state(linkage), []

    def too_much():
        for _ in range(MUCH):
            sent.append(MEBIBYTE)
            yield bytes(MEBIBYTE)

    trust = ssl.create_default_context(cafile=linkage.settings(POLICE).path("ca.pem"))
    try:
        answer = httpx.put(f"{linkage.settings(POLICE).service_url}{place}/parts/{PART}/chunks/0", content=too_much(), verify=trust)
        assert (answer.status_code, answer.json()["title"]) == (413, "SubmissionError")
    except httpx.TransportError:
        pass  # the service hangs up on who does not stop
    assert len(sent) < MUCH
    assert state(linkage) == before


def test_plain_http_gets_no_answer(linkage):
    with pytest.raises(httpx.TransportError):
        httpx.get(f"http://127.0.0.1:{linkage.founded.port}/v1/health")


def test_a_submission_accepted_on_several_connections_at_once_has_one_receipt(linkage):
    linkage.open()
    with linkage.client(POLICE, Role.CUSTODIAN) as custodian:
        place = announce(linkage)
        for part in document_of(linkage).body["parts"]:
            custodian.put(f"{place}/parts/{part['name']}/chunks/0", content=(outbox(linkage) / part["name"]).read_bytes())
    with linkage.raw(POLICE, Role.CUSTODIAN) as custodian, ThreadPoolExecutor(4) as at_once:
        answers = list(at_once.map(lambda _: custodian.post(f"{place}/accept"), range(4)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    with linkage.operator(0) as operator:
        assert [item["event"]["kind"] for item in operator.audit()].count("submission-accepted") == 1
