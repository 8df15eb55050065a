"""No identifier leaves the custodian it belongs to, in any form; no key leaves memory; no exact count leaves at all.

Everything is looked at: files, both databases, decrypted parts, logs at their most talkative, standard output and error, and what every
living object shows of itself. A control says that the same look finds what is there.
"""

import base64
import csv
import logging
import sys
import traceback
from collections import Counter
from pathlib import Path
from urllib.parse import quote

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from flows import custodian, linkage_round, local_authority, stages, statistics
from flows.boundary import coded
from flows.stages import run_stages
from linkage.inbox.vault import Vault
from linkage.store.models import AuditEntry, Finding, Round, Submission
from parties.encoding.encode import encode_population
from parties.extracts.check import Checked
from parties.extracts.mapping import map_extract
from parties.initialise import load_agreed
from parties.keys.derive import derive
from parties.keys.identity_keys import load_local_secret
from parties.referrals.collect import collect
from parties.referrals.records import read_children
from parties.second_look.keys import attribute_key, pairs_key
from schemas.aggregate import NoisedTable
from schemas.agreement import PROJECTIONS
from schemas.encoding_set import POPULATIONS, SubmissionManifest
from schemas.errors import CodedError, ExtractError
from schemas.extracts import load_rules
from schemas.roster import Kind
from schemas.slots import SEARCHES, WAVES
from tests.acceptance.planted import AUTHORITY, PARENT, PRISON, planted
from tests.acceptance.round import ROUND, SERVICE, STATISTICS, copy_closed
from tests.privacy.places import database_of, elsewhere, watch
from tests.privacy.search import Needles, shown_objects
from validation.disclosure.ledger import NoisedRelease

pytestmark = pytest.mark.slow

TELLING = "Qzxsurname"


@pytest.fixture
def watched(tmp_path, monkeypatch, caplog, capfd):
    return watch(tmp_path, monkeypatch, caplog, capfd)


def run(linkage, organisation, name, stages):
    run_stages(name, stages, prefect_api=None, directory=linkage.directory / organisation, round_id=ROUND)


def vault_of(linkage):
    """Return the decrypted content of every file of the vault."""
    found = {}
    with Session(linkage.store) as session:
        vault = Vault(linkage.service, session.get_one(Round, ROUND))
        for submission in session.query(Submission):
            for part in SubmissionManifest.model_validate(submission.manifest["body"]).parts:
                found[f"vault {submission.organisation} {part.name}"] = vault.read_part(submission.organisation, submission.digest, part)
        for file in linkage.service.path("vault", ROUND, "results").iterdir():
            found[f"vault {file.name}"] = vault.read_blob(file.name)
    return found


def run_everything(linkage):
    """Run a whole round through the flows' own stages; one of the custodians checks and encodes again."""
    linkage.open()
    for name in linkage.custodians():
        steps = custodian.STAGES if name == PRISON else custodian.STAGES[1:]
        run(linkage, name, linkage.settings(name).kind, steps)
    linkage.close()
    run(linkage, SERVICE, linkage_round.NAME, linkage_round.STAGES)
    for wave in range(1, WAVES + 1):
        linkage.look(wave)
        for name in linkage.of_kind(Kind.POLICE, Kind.LOCAL_AUTHORITY):
            run(linkage, name, custodian.answer_name(linkage.settings(name).kind), custodian.answer_stages(0))
    run(linkage, SERVICE, linkage_round.NAME, linkage_round.STAGES)
    linkage.approve_and_release()
    for name in linkage.authorities():
        run(linkage, name, local_authority.NAME, local_authority.STAGES)
    run(linkage, STATISTICS, statistics.NAME, statistics.publish_stages(linkage.directory / STATISTICS / "tables"))


@pytest.mark.slow  # a round of planted people on each database
def test_no_identifier_leaves_its_custodian_and_no_key_leaves_memory(linkage, tmp_path, watched):
    run_everything(linkage)
    people = planted(linkage.custodians())
    _each_was_really_there(linkage, people)
    needles = Needles(
        {text for texts in people.identifiers.values() for text in texts},
        linkage.round_secrets() | _derived(linkage),
    )
    places = elsewhere(linkage, tmp_path) | database_of(linkage) | vault_of(linkage) | watched()
    assert {
        "table finding",
        "table nonce",
        "log",
        f"vault {PRISON} adults.A.slots.police.arrow",
        f"nodes/{PRISON}/quarantine/receptions.csv",
    } <= places.keys()
    assert needles.leaks(places) == {}
    _no_local_secret_lies_anywhere_in_the_clear(linkage, tmp_path, places)
    for name in linkage.custodians():
        _no_custodian_has_anothers(linkage, name, people)


def _each_was_really_there(linkage, people):
    for owner, texts in people.identifiers.items():
        extract = b"".join(linkage.files(f"{owner or AUTHORITY}/extract").values()).decode()
        assert {text for text in texts if text in extract} >= ({PARENT["surname"]} if not owner else texts)
    referred = b"".join(linkage.files(f"{AUTHORITY}/referrals").values()).decode()
    assert PARENT["surname"] in referred
    assert PARENT["forename"] not in referred
    with (linkage.directory / PRISON / "quarantine" / "receptions.csv").open(encoding="utf-8") as file:
        assert ("sex", "one_of") in {(row["column"], row["rule"]) for row in csv.DictReader(file)}


def _derived(linkage):
    """Return the keys of the filters and of the second look, which follow from the round key."""
    key = linkage.round_secrets()["round key"]
    filters = {
        (population, projection): derive(key, "clk", population, projection) for population in POPULATIONS for projection in PROJECTIONS
    }
    attributes = {(population, "attributes"): attribute_key(key, population) for population in POPULATIONS}
    pairs = {search: pairs_key(key, *search) for search in SEARCHES}
    return {" ".join(name): value for name, value in {**filters, **attributes, **pairs}.items()}


def _no_local_secret_lies_anywhere_in_the_clear(linkage, tmp_path, places):
    secrets = {name: load_local_secret(linkage.settings(name)) for name in linkage.custodians()}
    everywhere = places | {path.relative_to(tmp_path).as_posix(): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    needles = Needles(keys=secrets)
    assert needles.leaks({"in the clear": b"".join(secrets.values())}) == {"in the clear": {*secrets}}
    assert needles.leaks(everywhere) == {}  # its own file holds it encrypted


def _no_custodian_has_anothers(linkage, name, people):
    own = people.identifiers[name]
    others = {text for owner, texts in people.identifiers.items() for text in texts if owner not in {"", name}} - own
    assert Needles(others).leaks(linkage.files(name)) == {}


@pytest.mark.parametrize(
    "written",
    [
        str.encode,
        lambda text: text.upper().encode(),
        lambda text: text.lower().encode(),
        lambda text: text.encode("utf-16"),
        lambda text: text.encode("utf-16-be"),
        lambda text: text.encode().hex().encode(),
        lambda text: text.upper().encode().hex().upper().encode(),
        lambda text: base64.b64encode(text.encode()),
        lambda text: base64.b64encode(b"a" + text.lower().encode() + b"z"),
        lambda text: base64.urlsafe_b64encode(b"ab" + text.upper().encode()),
        lambda text: quote(text, safe="").encode(),
    ],
)
@pytest.mark.parametrize("name", ["surname", "date_of_birth", "postcode", "address", "nomis", "pnc"])
def test_the_search_finds_what_is_there_in_every_form(written, name):
    text = PARENT[name]
    assert Needles([text]).leaks({"a file": b"\x00some" + written(text) + b"thing", "another": b"else"}) == {"a file": {text}}


@pytest.mark.parametrize(("text", "normalised"), [("ZZ97 4QX", b"ZZ974QX"), ("1969-07-23", b" 19690723 "), ("71 Qzx Road", b"71 qzx rd")])
def test_the_search_finds_what_the_encoder_makes_of_it(text, normalised):
    assert Needles([text]).within(b'"%s"' % normalised) == {text} or text == "71 Qzx Road"
    assert Needles(keys={"key": bytes(range(32))}).within(b"." + base64.b64encode(b"z" + bytes(range(32)))) == {"key"}
    assert Needles(keys={"key": bytes(range(32))}).within(bytes(range(32)).hex().upper().encode()) == {"key"}


def test_the_search_sees_files_databases_logs_output_and_objects(closed, tmp_path, watched):
    class Telltale:
        __module__ = "parties.telltale"

        def __repr__(self):
            return TELLING

    telltale = Telltale()
    (tmp_path / "nodes" / SERVICE / "note.txt").write_text(f"x{TELLING.upper()}x")
    logging.getLogger("kinlink").debug("seen: %s", TELLING)
    sys.stdout.write(TELLING)
    with Session(closed.store) as session, session.begin():
        session.query(Submission).update({"state": TELLING})
    places = elsewhere(closed, tmp_path) | database_of(closed) | watched() | shown_objects()
    found = Needles([TELLING]).leaks(places)
    assert {
        f"nodes/{SERVICE}/note.txt",
        "table submission",
        "log",
        "standard output",
        f"parties.telltale.{type(telltale).__qualname__}",
    } <= found.keys()


def test_no_object_shows_an_identifier_or_a_key_while_an_extract_is_encoded_or_a_referral_written(founded, tmp_path):
    with copy_closed(founded, tmp_path / "nodes", f"sqlite:///{tmp_path / 'service.sqlite'}") as closed:
        _nothing_shows_itself(closed)


def _nothing_shows_itself(closed):
    closed.link()
    closed.approve_and_release()
    settings, keys = closed.settings(AUTHORITY), closed.round_secrets(AUTHORITY)
    needles = Needles({text for texts in planted(closed.custodians()).identifiers.values() for text in texts}, keys)
    shown: dict[str, bytes] = {}
    leaking = []

    def look(step, done, total):
        if done == total:
            now = shown_objects()
            shown.update(now)
            leaking.extend((step, leak) for leak in needles.leaks(now).items())

    checked = Checked({}, dict.fromkeys(load_rules(settings.kind).files, frozenset()))
    mapped = map_extract(settings, checked)
    assert PARENT["surname"].lower() in mapped.adults.rows.surname
    encode_population(
        mapped.adults.rows,
        population="adults",
        round_key=keys["round key"],
        round_id=ROUND,
        local_secret=load_local_secret(settings),
        encoding=load_agreed(settings).agreement.encoding,
        progress=look,
    )
    children = read_children(settings, {"QZX2-0"})
    look("records", 1, 1)
    assert children["QZX2-0"].surname == PARENT["surname"]
    assert collect(settings, ROUND, look).written >= 3
    assert leaking == []
    assert shown.keys() >= SEEN_AT_WORK


SEEN_AT_WORK = {
    "parties.extracts.check.Checked",
    "parties.extracts.mapping.Mapped",
    "parties.encoding.rows.PersonRows",
    "parties.referrals.opening.Opened",
    "parties.referrals.routing.Child",
    "parties.referrals.payloads.SchoolReferral",
    "schemas.token.TokenBody",
    "schemas.sealed.SealingKey",
}


class Careless(Exception):  # noqa: N818 - what it says is what matters
    """An error whose text quotes a value, as a library's may."""


def _fail_carelessly(directory, round_id):
    surname = TELLING
    try:
        raise Careless(surname)
    except Careless as error:
        raise ValueError(f"{surname} in {round_id}") from error


def test_what_crosses_the_boundary_to_an_orchestrator_is_a_stage_and_a_code():
    with pytest.raises(CodedError) as caught:
        coded("check and encode")(_fail_carelessly)(Path(), ROUND)
    error = caught.value
    assert str(error) == "check and encode failed with code 1; the node's own log says why"
    assert error.__dict__ == {"code": 1}
    assert error.__cause__ is None
    assert error.__context__ is None
    crossing = error.__traceback__.tb_next  # the first frame is this test's
    assert "_fail_carelessly" not in {frame.name for frame in traceback.extract_tb(crossing)}
    formatted = "".join(traceback.TracebackException.from_exception(error.with_traceback(crossing), capture_locals=True).format())
    assert Needles([TELLING]).within(formatted.encode()) == set()


def test_a_stage_that_fails_tells_its_orchestrator_only_where(linkage, monkeypatch):
    told = []

    def orchestrator(function):
        def task(*args):
            try:
                return function(*args)
            except Exception as error:
                told.append("".join(traceback.format_exception(error)) + repr(error.__dict__))
                raise

        return task

    monkeypatch.setattr(stages, "coded", lambda stage: lambda function: orchestrator(coded(stage)(function)))
    extract = linkage.directory / PRISON / "extract" / "receptions.csv"
    extract.write_text(extract.read_text(encoding="utf-8") + f"{TELLING},one field too few\n", encoding="utf-8")
    linkage.open()
    with pytest.raises(ExtractError) as own_words:
        run(linkage, PRISON, PRISON, custodian.STAGES)
    needles = Needles([TELLING])
    assert "receptions.csv, row" in str(own_words.value)
    assert needles.within("".join(traceback.format_exception(own_words.value)).encode()) == set()
    assert len(told) == 1
    assert f"check and encode failed with code {ExtractError.exit_code}" in told[0]
    assert "receptions" not in told[0]
    assert needles.within(told[0].encode()) == set()


def test_no_exact_count_is_shown_or_kept(closed):
    closed.link()
    with Session(closed.store) as session:
        exact = Counter(session.scalars(select(Finding.decision)))
    seen = closed.status()
    status = seen["counts"]
    assert status["findings"] <= -(-exact.total() // 10) * 10  # records on stand-by are no child more
    assert status["releasable"] == -(-exact["release"] // 10) * 10
    assert all(count % 10 == 0 for count in (*status.values(), *seen["reasons"].values()))
    before, files = closed.dump(), closed.files(SERVICE).keys()
    table = closed.tables()
    after = closed.dump()
    assert closed.files(SERVICE).keys() == files
    assert {name for name in after if after[name] != before[name]} == {"audit_entry", "budget", "noised_release"}
    with Session(closed.store) as session:
        kept = session.query(NoisedRelease).one()
        event = session.query(AuditEntry).order_by(AuditEntry.seq.desc()).first().event
    assert NoisedTable.model_validate(kept.answer) == table
    assert event["detail"].keys() == {"budget", "query", "micro_rho"}
