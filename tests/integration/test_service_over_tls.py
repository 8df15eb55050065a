"""The service as it is served: made by `init_service`, over TLS on loopback, spoken to by operators."""

import socket
import ssl
import threading
import time
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from linkage.api.app import create_app, make_server
from linkage.initialise import init_operator, init_service, install, read_signing_key
from linkage.operator import OperatorClient
from linkage.settings import load_settings
from linkage.store.engine import is_current, open_store
from schemas.errors import AgreementError, AuthenticationError, ConfigurationError, NotPermittedError, RoundError, ServiceError
from schemas.roster import Role
from schemas.signature import SignedDocument
from tests.integration.service_world import NORTH, ROUND, SERVICE, InProcess, agreements, make_world

SOON = datetime.now(UTC)
WINDOW = {"opens_at": SOON - timedelta(hours=1), "closes_at": SOON + timedelta(days=7)}


@pytest.fixture
def world(tmp_path, migrated_url):
    made = make_world(tmp_path, migrated_url)
    yield made
    made.store.dispose()


def operator(world, number):
    return OperatorClient(world.agreements.directory / f"operator-{number}", transport=InProcess(world.app))


def test_operators_open_close_approve_and_release_a_round(world):
    with operator(world, 1) as first, operator(world, 2) as second:
        assert first.open_round(ROUND, **WINDOW)["state"] == "open"
        assert first.rounds() == [{"round_id": ROUND, "state": "open"}]
        with pytest.raises(RoundError, match="nothing to approve"):
            first.approve(ROUND)
        assert first.close_round(ROUND) == {"state": "closed"}
        world.set_findings([(NORTH, "c" * 32)])
        assert first.approve(ROUND) == {"approvals": 1, "needed": 2}
        with pytest.raises(NotPermittedError, match="1 of 2 approvals"):
            first.release(ROUND)
        assert second.approve(ROUND)["approvals"] == 2
        assert second.release(ROUND) == {"state": "released", "waiting": 0}
        assert second.status(ROUND)["state"] == "released"
        kinds = [item["event"]["kind"] for item in second.audit()]
        assert kinds == [
            "round-opened",
            "round-closed",
            "release-approved",
            "release-approved",
            "tokens-minted",
            "questions-minted",
            "round-released",
        ]


def test_the_service_speaks_tls_and_stops_when_told(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    made = agreements()
    world = make_world(tmp_path, f"sqlite:///{tmp_path / 'unused.sqlite'}")
    world.store.dispose()
    settings = world.settings.model_copy(update={"port": port, "database_url": None})
    store = open_store(settings.database)
    server = make_server(settings, create_app(settings, store))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.02)
        trust = ssl.create_default_context(cafile=settings.path("tls", "ca.pem"))
        for host in ("127.0.0.1", "localhost"):
            assert httpx.get(f"https://{host}:{port}/v1/health", verify=trust).json()["status"] == "ok"
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"https://127.0.0.1:{port}/v1/health", verify=ssl.create_default_context())
        directory = _moved(tmp_path, made.directory / "operator-1", f"https://127.0.0.1:{port}")
        with OperatorClient(directory) as client:
            assert client.open_round(ROUND, **WINDOW)["state"] == "open"
            assert client.rounds() == [{"round_id": ROUND, "state": "open"}]
    finally:
        server.should_exit = True
        thread.join(10)
        store.dispose()
    assert not thread.is_alive()
    with OperatorClient(directory) as client, pytest.raises(ServiceError, match="does not answer"):
        client.rounds()


def _moved(tmp_path, operator_directory, url):
    import json
    import shutil

    directory = tmp_path / "operator"
    shutil.copytree(operator_directory, directory)
    settings = json.loads((directory / "settings.json").read_text()) | {"service_url": url}
    (directory / "settings.json").write_text(json.dumps(settings))
    return directory


def test_a_new_service_is_its_owners_alone_and_is_not_made_twice(tmp_path):
    entry = init_service(tmp_path / "service", SERVICE, port=9443)
    assert [item.key_id for item in entry.identities] == [f"{SERVICE}/{name}" for name in ("service", "operator-1", "operator-2")]
    assert load_settings(tmp_path / "service").port == 9443
    for directory in (tmp_path / "service", tmp_path / "operator-1"):
        files = [file for file in directory.rglob("*") if file.is_file() and file.name != "settings.json"]
        assert {file.stat().st_mode & 0o077 for file in files} == {0}
        assert directory.stat().st_mode & 0o777 == 0o700
    assert b"PRIVATE" not in (tmp_path / "service" / "tls" / "ca.pem").read_bytes()
    store = open_store(load_settings(tmp_path / "service").database)
    assert is_current(store)
    store.dispose()
    for make in (
        lambda: init_service(tmp_path / "service", SERVICE),
        lambda: init_operator(tmp_path / "operator-1", SERVICE, "operator-1"),
    ):
        with pytest.raises(ConfigurationError, match="holds a node already"):
            make()


def test_what_was_not_signed_by_the_roots_is_not_installed(tmp_path):
    made = agreements()
    roster, agreement = (
        SignedDocument.model_validate_json((made.directory / "service" / name).read_bytes()) for name in ("roster.json", "agreement.json")
    )
    with pytest.raises(AuthenticationError):
        install(tmp_path, roster, agreement, {})
    with pytest.raises((AgreementError, AuthenticationError)):
        install(tmp_path, agreement, roster, {"root-0": "x"})
    assert list(tmp_path.iterdir()) == []


def test_missing_or_malformed_files_are_named(tmp_path):
    with pytest.raises(ConfigurationError, match="no operator in"):
        OperatorClient(tmp_path)
    with pytest.raises(ConfigurationError, match=r"service\.signing: no such key"):
        read_signing_key(tmp_path, Role.SERVICE)
    init_operator(tmp_path / "operator", SERVICE, "operator-3")
    with pytest.raises(ConfigurationError, match=r"ca\.pem is missing"):
        OperatorClient(tmp_path / "operator")
    (tmp_path / "operator" / "keys" / "operator.signing").write_text("?")
    with pytest.raises(ConfigurationError, match="not a key"):
        OperatorClient(tmp_path / "operator")
