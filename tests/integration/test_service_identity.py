"""Who may speak to the service: unsigned, wrongly signed, stale and replayed requests."""

import shutil
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from schemas import request_signing
from tests.integration.service_world import NORTH, POLICE, PRISON, ROUND, make_world, refusal


@pytest.fixture
def world(tmp_path, migrated_url):
    made = make_world(tmp_path, migrated_url)
    made.open_round()
    yield made
    made.store.dispose()


@pytest.fixture
def any_world(tmp_path, migrated_file):
    """For what no database decides."""
    made = make_world(tmp_path, f"sqlite:///{shutil.copy(migrated_file, tmp_path)}")
    made.open_round()
    yield made
    made.store.dispose()


def request_parts(world, **changes):
    """A request of the prison service for its round, signed, as method, URL, headers and body."""
    headers = httpx.Headers({"content-type": "application/json"})
    url = f"https://127.0.0.1:8443/v1/rounds/{ROUND}"
    key_id = changes.pop("key_id", f"{PRISON}/custodian")
    world.sender(key_id, **changes).sign("GET", url, headers, b"")
    return headers


def test_a_replayed_request_is_refused(world):
    headers = request_parts(world)
    path = f"/v1/rounds/{ROUND}"
    assert world.client.get(path, headers=headers).status_code == 200
    assert "nonce was used before" in refusal(world.client.get(path, headers=headers), 401, "AuthenticationError")


def test_a_nonce_is_spent_even_where_the_request_is_refused(world):
    headers = request_parts(world, nonce=lambda: "once")
    world.client.get(f"/v1/rounds/{ROUND}", headers=headers)
    again = request_parts(world, nonce=lambda: "once")
    assert world.client.get(f"/v1/rounds/{ROUND}", headers=again).status_code == 401
    other = request_parts(world, nonce=lambda: "once", key_id=f"{NORTH}/custodian")
    assert world.client.get(f"/v1/rounds/{ROUND}", headers=other).status_code == 200


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        ({"clock": lambda: datetime.now(UTC) - timedelta(seconds=155)}, "signed more than 120 seconds ago"),
        ({"clock": lambda: datetime.now(UTC) + timedelta(seconds=35)}, "signed in the future"),
        ({"key": Ed25519PrivateKey.generate()}, "signature is not valid"),
        ({"key_id": "nobody/custodian", "key": Ed25519PrivateKey.generate()}, "not in the roster, or revoked"),
        ({"key_id": f"{POLICE}/old"}, "not in the roster, or revoked"),
        ({"nonce": lambda: "n" * 65}, "nonce of at most 64"),
    ],
)
def test_a_request_that_is_stale_or_wrongly_signed_is_refused(any_world, changes, detail):
    response = any_world.client.get(f"/v1/rounds/{ROUND}", headers=request_parts(any_world, **changes))
    assert detail in refusal(response, 401, "AuthenticationError")


@pytest.mark.parametrize("seconds", [-115, 25])
def test_a_clock_a_little_off_is_fine(any_world, seconds):
    headers = request_parts(any_world, clock=lambda: datetime.now(UTC) + timedelta(seconds=seconds))
    assert any_world.client.get(f"/v1/rounds/{ROUND}", headers=headers).status_code == 200


def test_an_unsigned_request_is_refused_everywhere_but_at_health(any_world):
    assert any_world.client.get("/v1/health").json() == {"status": "ok", "service": "kinlink"}
    assert "carries no signature" in refusal(any_world.client.get(f"/v1/rounds/{ROUND}"), 401, "AuthenticationError")
    assert "carries no signature" in refusal(any_world.client.post("/v1/tokens/redeem", content=b"{}"), 401, "AuthenticationError")


def test_a_request_moved_to_another_path_query_or_body_is_refused(any_world):
    for path in ("/v1/rounds", f"/v1/rounds/{ROUND}?x=1"):
        refusal(any_world.client.get(path, headers=request_parts(any_world)), 401, "AuthenticationError")
    response = any_world.client.request("GET", f"/v1/rounds/{ROUND}", headers=request_parts(any_world), content=b"{}")
    assert "body is not the one that was signed" in refusal(response, 401, "AuthenticationError")


def test_a_signature_that_covers_too_little_or_is_for_another_application_is_refused(any_world, monkeypatch):
    monkeypatch.setattr(request_signing, "COVERED", ("@method", "@path", "content-digest"))
    response = any_world.client.get(f"/v1/rounds/{ROUND}", headers=request_parts(any_world))
    assert "does not cover" in refusal(response, 401, "AuthenticationError")
    monkeypatch.undo()
    monkeypatch.setattr(request_signing, "TAG", "other/1")
    response = any_world.client.get(f"/v1/rounds/{ROUND}", headers=request_parts(any_world))
    assert "not made for Kinlink" in refusal(response, 401, "AuthenticationError")
