"""The custodian's path against the real service over TLS: keys, submission, receipt, and what stays behind."""

import json
from dataclasses import replace

import httpx
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from linkage_in_miniature import EXTRACTS, SMALLEST_ROWS, make_linkage, open_round, running_service, signed_by_roots, write_extract
from sqlalchemy import select
from sqlalchemy.orm import Session

from flows.command import main
from linkage.operator import OperatorClient
from parties import client as client_module
from parties.auditing import audit
from parties.client import ServiceClient
from parties.initialise import init_node, install, load_agreed
from parties.keyholder import issue_shares
from parties.settings import load_settings
from parties.store import Person, open_node_store
from parties.store.models import Base
from parties.submission import submit as submit_module
from parties.submission.prepare import prepare
from parties.submission.submit import send, submit
from schemas.encoding_set import ENCODING_PARTS, SubmissionManifest
from schemas.errors import AgreementError, AuthenticationError, ConfigurationError, ExtractError, RoundError, ServiceError, SubmissionError
from schemas.receipt import RECEIPT_BYTES
from schemas.roster import CONTEXT as ROSTER_CONTEXT
from schemas.roster import Kind, Role
from schemas.signature import SignedDocument
from schemas.slots import VOLUMES, kind_rows

BEACON = "b" * 64
CUSTODIANS = ("prison", "police-a", "authority-a")


@pytest.fixture(scope="module")
def linkage(tmp_path_factory):
    directory = tmp_path_factory.mktemp("linkage")
    nodes = make_linkage(directory)
    with running_service(directory):
        yield directory, nodes


@pytest.fixture
def round_id(linkage, request):
    directory, nodes = linkage
    name = f"r-{abs(hash(request.node.name)) % 10**9}"
    open_round(directory, name)
    for holder in ("holder-1", "holder-2"):
        issue_shares(nodes[holder], name)
    return name


def files_of(settings):
    return {str(path.relative_to(settings.directory)) for path in settings.directory.rglob("*") if path.is_file()}


def test_every_custodian_submits_and_keeps_its_receipt_and_what_it_may_be_asked_about(linkage, round_id):
    _, nodes = linkage
    steps = []
    for name in CUSTODIANS:
        before = files_of(nodes[name])
        done = submit(nodes[name], round_id, progress=lambda step, at, of: steps.append(step))
        assert (done.round_id, done.again) == (round_id, False)
        kept = {path for path in files_of(nodes[name]) - before if not path.startswith("quarantine/")}
        answers = set() if name == "prison" else {f"second-look/{round_id}.npz"}
        assert {path for path in kept if "sqlite" not in path} == {
            f"receipts/{round_id}.receipt",
            f"receipts/{round_id}.manifest.json",
            *answers,
        }
        assert nodes[name].path("receipts", f"{round_id}.receipt").stat().st_size == RECEIPT_BYTES
    assert {"check", "encode adults", "encode children", "send"} <= set(steps)


@pytest.mark.slow
def test_only_an_authority_can_tell_whom_a_person_id_stands_for(linkage, round_id):
    _, nodes = linkage
    for name in ("prison", "authority-a"):
        prepare(nodes[name], round_id)
    for name, expected in (
        ("prison", set()),
        ("authority-a", {("adults", "K1"), ("adults", "K2"), ("children", "C1"), ("children", "C2")}),
    ):
        with Session(open_node_store(nodes[name])) as session:
            found = session.execute(select(Person.population, Person.record_id).where(Person.round_id == round_id))
            assert {tuple(row) for row in found} == expected


@pytest.mark.slow
def test_the_same_data_is_not_sent_again_and_other_data_takes_its_place(linkage, round_id):
    directory, nodes = linkage
    first, second = submit(nodes["police-a"], round_id), submit(nodes["police-a"], round_id)
    assert (second.submission, second.accepted_at, second.again) == (first.submission, first.accepted_at, True)
    more = [*EXTRACTS["police-a"]["persons"], "P2,,Ben,Oak,1980-02-03,M,1 Long Lane,Cardiff,CF10 3NP,"]
    write_extract(directory / "police-a", {"persons": more})
    third = submit(nodes["police-a"], round_id)
    write_extract(directory / "police-a", EXTRACTS["police-a"])
    assert third.submission != first.submission
    assert third.again is False


def test_an_interrupted_submission_goes_on_where_it_stopped(linkage, round_id, monkeypatch):
    _, nodes = linkage
    settings, sent = nodes["prison"], []
    prepare(settings, round_id)
    real_put = ServiceClient.put

    def failing_put(self, path, **body):
        if "/chunks/" in path:
            if len(sent) == 3:
                raise ServiceError("the line went dead")
            sent.append(path)
        return real_put(self, path, **body)

    monkeypatch.setattr(ServiceClient, "put", failing_put)
    with pytest.raises(ServiceError):
        send(settings, round_id)
    monkeypatch.setattr(ServiceClient, "put", lambda self, path, **body: sent.append(path) or real_put(self, path, **body))
    send(settings, round_id)
    chunks = [path for path in sent if "/chunks/" in path]
    assert len(set(chunks)) == len(chunks)


@pytest.mark.slow
def test_a_receipt_lost_on_the_way_is_asked_for_again(linkage, round_id):
    _, nodes = linkage
    first = submit(nodes["prison"], round_id)
    path = nodes["prison"].path("receipts", f"{round_id}.receipt")
    content = path.read_bytes()
    path.unlink()
    assert submit(nodes["prison"], round_id).accepted_at == first.accepted_at
    assert path.read_bytes() == content


@pytest.mark.slow
def test_a_receipt_of_somebody_else_is_refused(linkage, round_id, monkeypatch):
    _, nodes = linkage
    submit(nodes["police-a"], round_id)
    other = nodes["police-a"].path("receipts", f"{round_id}.receipt").read_bytes()
    monkeypatch.setattr(submit_module, "_deliver", lambda *_: other)
    with pytest.raises(SubmissionError, match="another submission"):
        submit(nodes["prison"], round_id)
    forged = json.loads(other)
    forged["body"]["accepted_at"] = "2020-01-01T00:00:00Z"
    monkeypatch.setattr(submit_module, "_deliver", lambda *_: json.dumps(forged).encode().ljust(RECEIPT_BYTES))
    with pytest.raises(AuthenticationError):
        submit(nodes["prison"], round_id)
    assert not nodes["prison"].path("receipts", f"{round_id}.receipt").exists()


def test_shares_are_issued_twice_as_the_same_bytes_and_never_stand_in_a_file(linkage, round_id):
    _, nodes = linkage
    path = next(nodes["holder-1"].path("shares").glob(f"{round_id}.*"))
    before = path.read_bytes()
    assert issue_shares(nodes["holder-1"], round_id) == 3
    assert path.read_bytes() == before
    assert path.stat().st_mode & 0o777 == 0o600
    assert set(json.loads(before)) == set(CUSTODIANS)


def test_without_every_share_nothing_is_encoded(linkage):
    directory, nodes = linkage
    open_round(directory, "round-without-shares")
    issue_shares(nodes["holder-1"], "round-without-shares")
    with pytest.raises(RoundError, match="holder-2: not there yet"):
        submit(nodes["prison"], "round-without-shares")


def test_an_extract_below_the_bar_leaves_nothing_behind(linkage, round_id):
    directory, nodes = linkage
    worse = [EXTRACTS["prison"]["receptions"][0], *(f"R{number},NOT-ONE,Cai,Oak,,,,M,2026-01-06,remand,CFI,,," for number in range(9))]
    write_extract(directory / "prison", {"receptions": worse})
    try:
        with pytest.raises(ExtractError, match="nothing was sent"):
            submit(nodes["prison"], round_id)
        with pytest.raises(SubmissionError, match="nothing is ready"):
            send(nodes["prison"], round_id)
    finally:
        write_extract(directory / "prison", EXTRACTS["prison"])


def test_a_pool_too_large_for_one_round_key_is_refused_before_it_is_encoded(linkage, round_id, monkeypatch):
    _, nodes = linkage
    monkeypatch.setattr("schemas.agreement.SCOPE_ROWS", 1)
    monkeypatch.setattr("parties.submission.prepare.encode_population", lambda *_, **__: pytest.fail("it was encoded"))
    with pytest.raises(SubmissionError, match=r"over 1 rows in a pool.*split the scope"):
        prepare(nodes["prison"], round_id)


def test_the_manifest_lists_every_part_and_the_same_rows_for_each_projection(linkage, round_id):
    _, nodes = linkage
    prepare(nodes["prison"], round_id)
    document = SignedDocument.model_validate_json(nodes["prison"].path("outbox", round_id, "manifest.json").read_bytes())
    manifest = SubmissionManifest.model_validate(document.body)
    rows = {part.name: part.rows for part in manifest.parts}
    each = sum(VOLUMES["referral"]["A"])
    filters, slots = set(ENCODING_PARTS), set(kind_rows(manifest, Kind.PRISON_SERVICE))
    assert set(rows) == {*filters, *slots, "canaries.arrow"}
    assert len({rows[name] for name in filters if name.startswith("adults")}) == 1
    assert {rows[name] for name in slots if name.startswith("adults")} == {each * rows["adults.A.arrow"]}
    assert manifest.quarantined_per_mille == 167
    assert rows["adults.A.arrow"] == SMALLEST_ROWS
    content = b"".join(path.read_bytes() for path in nodes["prison"].path("outbox", round_id).iterdir())
    assert not [word for word in (b"Birch", b"birch", b"A1234BC", b"CF10 3NP", b"CF103NP", b"1985-02-03", b"19850203") if word in content]


@pytest.mark.slow
def test_extracts_of_different_length_give_parts_of_equal_size(linkage, round_id):
    directory, nodes = linkage
    sizes = []
    try:
        for receptions in (EXTRACTS["prison"]["receptions"], EXTRACTS["prison"]["receptions"][:-1]):
            write_extract(directory / "prison", {"receptions": receptions})
            prepare(nodes["prison"], round_id)
            sizes.append({path.name: path.stat().st_size for path in nodes["prison"].path("outbox", round_id).iterdir()})
    finally:
        write_extract(directory / "prison", EXTRACTS["prison"])
    for seen in sizes:
        del seen["manifest.json"]  # says the share in quarantine, in thousandths
    assert sizes[0] == sizes[1]


def test_an_extract_of_fewer_people_than_agreed_is_refused_before_it_is_padded(linkage, round_id, monkeypatch):
    _, nodes = linkage
    agreed = load_agreed(nodes["prison"])
    probing = agreed.agreement.probing.model_copy(update={"minimum_rows": 50})
    few = replace(agreed, agreement=agreed.agreement.model_copy(update={"probing": probing}))
    monkeypatch.setattr("parties.submission.prepare.load_agreed", lambda _: few)
    with pytest.raises(SubmissionError, match=r"fewer than the agreed 50 people.*nothing was sent"):
        prepare(nodes["prison"], round_id)


def test_a_service_that_is_not_there_is_said_so(tmp_path, monkeypatch):
    nodes = make_linkage(tmp_path)
    monkeypatch.setattr(client_module, "RETRY_AFTER_SECONDS", (0.0, 0.0))
    with pytest.raises(ServiceError, match="no connection; check the address"), ServiceClient(nodes["prison"], Role.CUSTODIAN) as service:
        service.get("/v1/rounds")
    (tmp_path / "prison" / "ca.pem").unlink()
    with pytest.raises(ConfigurationError, match=r"ca\.pem"):
        ServiceClient(nodes["prison"], Role.CUSTODIAN)


@pytest.mark.parametrize(("method", "tries"), [("GET", 4), ("PUT", 4), ("POST", 1)])
def test_only_what_may_be_repeated_is_tried_again(linkage, monkeypatch, method, tries):
    _, nodes = linkage
    seen = []

    def answer(request):
        seen.append(request.headers["signature-input"])
        raise httpx.ConnectError("no")

    monkeypatch.setattr(client_module, "RETRY_AFTER_SECONDS", (0.0, 0.0, 0.0))
    with pytest.raises(ServiceError), ServiceClient(nodes["prison"], Role.CUSTODIAN, transport=httpx.MockTransport(answer)) as service:
        service.request(method, "/v1/x")
    assert len(set(seen)) == len(seen) == tries


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (409, {"title": "RoundError", "detail": "closed; next"}, RoundError),
        (500, {"title": "Oops", "detail": "x"}, ServiceError),
        (502, None, ServiceError),
    ],
)
def test_the_services_errors_are_ours(linkage, status, body, expected):
    _, nodes = linkage
    transport = httpx.MockTransport(lambda request: httpx.Response(status, json=body) if body else httpx.Response(status, text="<html>"))
    with ServiceClient(nodes["prison"], Role.CUSTODIAN, transport=transport) as service, pytest.raises(expected):
        service.get("/v1/x")


def test_a_roster_with_other_keys_for_this_node_is_not_installed(linkage, tmp_path):
    directory, _ = linkage
    init_node(tmp_path, "prison-service", "prison", "Prison")
    documents = [
        SignedDocument.model_validate_json((directory / "prison" / name).read_bytes()) for name in ("roster.json", "agreement.json")
    ]
    roots = json.loads((directory / "prison" / "roots.json").read_bytes())
    with pytest.raises(AgreementError, match="other keys"):
        install(tmp_path, *documents, roots, b"")
    with pytest.raises(ConfigurationError):
        load_agreed(load_settings(tmp_path))
    changed = signed_by_roots(ROSTER_CONTEXT, {**documents[0].body, "version": 2})
    with pytest.raises(AgreementError, match="names roster"):
        install(directory / "prison", changed, documents[1], roots, b"")


def test_migrations_make_the_tables_that_the_models_say(tmp_path):
    init_node(tmp_path, "police", "police-a", "Police A")
    engine = open_node_store(load_settings(tmp_path))
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


@pytest.mark.slow
def test_an_audit_opens_committed_records_and_names_the_local_ones_and_fails_for_another_extract(linkage, round_id, capsys):
    directory, nodes = linkage
    settings = nodes["police-a"]
    submit(settings, round_id)
    with pytest.raises(RoundError, match="is open; audit it once it is closed"):
        audit(settings, round_id, BEACON)
    with OperatorClient(directory / "operator-1") as operator:
        operator.close_round(round_id)
    assert main(["party", "audit", "--dir", str(settings.directory), "--round", round_id, "--beacon", BEACON]) == 0
    assert "all were committed to" in capsys.readouterr().out
    assert settings.path("audits", f"{round_id}.csv").read_text().splitlines() == ["population,record,is_in_source_system", "adults,P1,"]
    other = [EXTRACTS["police-a"]["persons"][0], EXTRACTS["police-a"]["persons"][1].replace("Ada", "Eva")]
    write_extract(directory / "police-a", {"persons": other})
    with pytest.raises(SubmissionError, match=r"row \d+: not what the manifest commits to"):
        audit(settings, round_id, BEACON)
    write_extract(directory / "police-a", EXTRACTS["police-a"])
    settings.path("receipts", f"{round_id}.manifest.json").unlink()
    with pytest.raises(SubmissionError, match="missing or malformed"):
        audit(settings, round_id, BEACON)
