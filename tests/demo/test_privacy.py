"""After a whole round: what identifies people lies with its owner and nowhere else, and every token was released once."""

import base64
import json
import sqlite3
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
from marked import AUTHORITY, CHILD_FORENAME, CHILD_ID, POLICE, PRISON, SURNAME, TRUTH, WRITTEN, forms
from running import Demo

from flows.demo import plan
from parties.initialise import load_agreed
from parties.keys.identity_keys import load_sealing_key
from parties.keys.round_key import open_shares, round_key
from parties.settings import load_settings
from schemas.roster import Role
from schemas.round_manifest import RoundManifest
from schemas.token import envelope_id
from validation.keyring import open_keyring

pytestmark = pytest.mark.demo

OTHERS = 0o077


@cache
def contents(run: Demo) -> dict[str, bytes]:
    """Return everything that was written, by the top directory it lies in: contents and names of files, what was printed."""
    pieces: dict[str, list[bytes]] = {"printed": [run.printed.encode()], "scratch": []}
    for path in run.out.rglob("*"):
        place = path.relative_to(run.out)
        pieces.setdefault(place.parts[0], []).append(str(place).encode())
        if path.is_file():
            pieces[place.parts[0]].append(path.read_bytes())
    pieces["scratch"] += [path.read_bytes() for path in run.scratch.rglob("*") if path.is_file()]
    return {place: b"\n".join(found) for place, found in pieces.items()}


def holders(run: Demo, value: str | bytes) -> set[str]:
    """Return the directories of the demo (and "printed", "scratch") that hold a value in some form."""
    wanted = set(forms(value))
    return {place for place, content in contents(run).items() if any(form in content for form in wanted)}


def database(run: Demo):
    """Return the service's database, opened to be read."""
    return sqlite3.connect(f"file:{run.directory('linkage-service') / 'service.sqlite'}?mode=ro", uri=True)


def key_material(run: Demo):
    """Return the shares of the round's key, and the key, as a custodian works them out."""
    settings = load_settings(run.directory(PRISON))
    agreed = load_agreed(settings)
    connection = database(run)
    document, digest = connection.execute("SELECT manifest, digest FROM round").fetchone()
    sealed = dict(connection.execute("SELECT holder, sealed FROM key_share WHERE recipient = ?", (PRISON,)).fetchall())
    connection.close()
    shares = open_shares(sealed, agreed.roster, digest, PRISON, load_sealing_key(settings, Role.CUSTODIAN))
    return {**shares, "round key": round_key(shares, RoundManifest.model_validate(json.loads(document)["body"]), digest)}


def test_the_marker_people_reached_a_referral(marked_run):
    _, run = marked_run
    referrals = run.directory(f"{AUTHORITY.lower()}-desk") / "referrals"
    documents = [path for path in referrals.rglob("*") if path.is_file() and SURNAME.encode() in path.read_bytes()]
    assert documents
    assert any(CHILD_FORENAME.encode() in path.read_bytes() for path in documents)
    assert CHILD_ID in (run.out / "score" / "collected.json").read_text(encoding="utf-8")


def test_a_marker_is_found_with_each_of_its_owners(marked_run):
    marked, run = marked_run
    for marker in marked.markers:
        assert holders(run, marker.value) >= marker.owners, marker.name


@pytest.mark.parametrize(
    "encode", [str.encode, lambda text: base64.b64encode(b"x" + text.encode()), lambda text: text.encode().hex().encode()]
)
def test_the_search_finds_a_marker_however_it_is_written(tmp_path, encode):
    (tmp_path / "place").mkdir()
    (tmp_path / "place" / "file").write_bytes(b"before" + encode(SURNAME + " and after") + b"after")
    assert holders(Demo(tmp_path, {}, "", 0, tmp_path / "none"), SURNAME) == {"place"}


def with_desks(owners):
    """Return the owners' directories; an authority's desk has lists of its own."""
    return owners | {f"{owner}-desk" for owner in owners if owner == AUTHORITY.lower()}


def test_no_marker_is_anywhere_else(marked_run):
    marked, run = marked_run
    found = {marker.name: holders(run, marker.value) - with_desks(marker.owners) - {TRUTH, WRITTEN} for marker in marked.markers}
    assert {name: places for name, places in found.items() if places} == {}


def test_an_authoritys_own_child_id_is_with_it_and_the_scorer_alone(marked_run):
    _, run = marked_run
    assert holders(run, CHILD_ID) == {AUTHORITY.lower(), f"{AUTHORITY.lower()}-desk", "score", TRUTH}


def test_quarantine_lists_hold_no_value(marked_run):
    marked, run = marked_run
    lists = [path for name in (PRISON, POLICE, AUTHORITY) for path in (run.directory(name.lower()) / "quarantine").iterdir()]
    content = b"".join(path.read_bytes() for path in lists)
    assert b"upn" in content
    assert [marker.name for marker in marked.markers if any(form in content for form in forms(marker.value))] == []


def test_shares_and_round_key_lie_nowhere(marked_run):
    _, run = marked_run
    material = key_material(run)
    assert len(material) == 3
    assert {name: places for name, value in material.items() if (places := holders(run, value))} == {}


def test_a_private_key_lies_with_its_owner_alone_and_encrypted(marked_run):
    _, run = marked_run
    keys = [path for path in run.out.glob("*/keys/*") if path.is_file()]
    assert len(keys) > 15
    for path in keys:
        assert holders(run, path.read_bytes().strip()) == {path.relative_to(run.out).parts[0]}
    opened = {path: open_keyring(path.parents[1]).read(path.name) for path in keys}
    assert {str(path): places for path, secret in opened.items() if (places := holders(run, secret))} == {}


def test_nobody_else_may_read_anything(marked_run):
    _, run = marked_run
    paths = [run.out, *(path for path in run.out.rglob("*") if not path.is_symlink())]
    assert {str(path.relative_to(run.out)): oct(path.stat().st_mode) for path in paths if path.stat().st_mode & OTHERS} == {}


def test_the_orchestrator_keeps_ids_and_codes_only(marked_run):
    _, run = marked_run
    databases = list((run.out / "prefect-server").glob("*.db"))
    assert databases
    connection = sqlite3.connect(f"file:{databases[0]}?mode=ro", uri=True)
    parameters = {row[0] for row in connection.execute("SELECT parameters FROM flow_run")}
    completed = connection.execute("SELECT count(*) FROM flow_run WHERE state_type = 'COMPLETED'").fetchone()[0]
    connection.close()
    assert len(parameters) >= 7
    assert {tuple(sorted(json.loads(text))) for text in parameters} == {("directory", "round_id")}
    assert completed >= 7  # others were killed on the way, and run again


def test_every_released_finding_is_one_token_and_one_referral_through_two_crashes(marked_run):
    _, run = marked_run
    connection = database(run)
    findings = set(connection.execute("SELECT authority, child FROM finding WHERE decision = 'release'"))
    envelopes = connection.execute("SELECT envelope_id, token_sha256, redeemed_at, authority FROM envelope").fetchall()
    state = connection.execute("SELECT state FROM round").fetchall()
    connection.close()
    collected = json.loads((run.out / "score" / "collected.json").read_text(encoding="utf-8"))
    referrals = [(code, item["child_id"]) for code, answer in collected.items() for item in answer["referrals"]]
    assert state == [("released",)]
    assert "linkage-service is killed: after the uploads" in run.printed
    assert "linkage-service is killed: after the findings" in run.printed
    chaos = run.summary["chaos"]
    assert len(chaos["killed"]) == len(chaos["stage"]) == chaos["restarted"] >= 4
    assert (chaos["doubled"], chaos["lost"]) == (0, 0)
    assert chaos["tokens_before"] == chaos["tokens_after"] == len(findings)
    assert len(findings) == len(referrals) == len(set(referrals)) == run.summary["tokens_released"]
    assert {envelope_id(plan.ROUND_ID, *finding) for finding in findings} <= {row[0] for row in envelopes}
    assert len({*Counter(row[3] for row in envelopes).values()}) == 1
    assert len({row[0] for row in envelopes}) == len({row[1] for row in envelopes}) == len(envelopes)
    assert all(row[2] for row in envelopes)


def test_a_small_demo_with_crashes_is_as_precise(marked_run):
    _, run = marked_run
    assert run.summary["precision"] >= 0.9
    assert run.summary["recall"] >= 0.6


def test_no_outbox_is_left(marked_run):
    _, run = marked_run
    assert [str(path) for path in Path(run.out).glob("*/outbox/*")] == []
