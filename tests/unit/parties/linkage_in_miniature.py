"""A whole roster in a temporary directory, and the real service on loopback: what the node's tests stand on."""

import socket
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from linkage.api.app import create_app, make_server
from linkage.initialise import init_service
from linkage.initialise import install as install_service
from linkage.operator import OperatorClient
from linkage.settings import load_settings as load_service_settings
from linkage.store.engine import migrate, open_store
from parties.encoding.normalise import NORMALISER, normaliser_digest
from parties.initialise import init_node, install
from parties.settings import load_settings
from schemas.agreement import CONTEXT as AGREEMENT_CONTEXT
from schemas.agreement import Agreement, Controls, Encoding, LawfulBasis, Padding, Probing
from schemas.linkage import schemas_digest
from schemas.roster import CONTEXT as ROSTER_CONTEXT
from schemas.roster import Roster
from schemas.signature import SignedDocument, public_text, sign
from tests.passphrases import passphrase_in

NODES = {
    "prison": "prison-service",
    "police-a": "police",
    "authority-a": "local-authority",
    "holder-1": "key-holder",
    "holder-2": "key-holder",
    "statistics": "statistics",
}
ROOTS = {f"root-{number}": Ed25519PrivateKey.generate() for number in (1, 2, 3)}
EXPIRES = "2090-01-01"
SMALLEST_ROWS = 8  # of a padded pool: more would take their time
RECEPTIONS = "reception_id,nomis_number,forename,surname,alias_forename,alias_surname,date_of_birth,sex,reception_date,reception_type,establishment,address,town,postcode"
EXTRACTS = {
    "prison": {
        "receptions": [
            RECEPTIONS,
            "R1,A1234BC,Ada,Ash,,Birch,1985-02-03,F,2026-01-05,remand,CFI,1 Long Lane,Cardiff,CF10 3NP",
            "R2,A1234BC,Ada,Ash,,,1985-02-03,F,2026-03-05,recall,CFI,HMP Cardiff,Cardiff,CF24 0UG",
            "R3,A2345CD,Ben,Cedar,,,,M,2026-01-06,remand,CFI,No fixed abode,,",
            "R4,NOT-ONE,Cai,Dogwood,,,1985-02-03,M,2026-01-06,remand,CFI,2 Long Lane,Cardiff,CF10 3NP",
        ],
        "movements": ["nomis_number,date,type,from_establishment,to_establishment"],
        "declared_children": [
            "nomis_number,child_number,forename,surname,date_of_birth,sex,address,town,postcode",
            "A1234BC,1,Eve,,2016-05-01,F,,,",
            "A2345CD,1,Fay,Cedar,2017-05-01,F,,,",
        ],
    },
    "police-a": {
        "persons": [
            "person_urn,pnc_id,forename,surname,date_of_birth,sex,address,town,postcode,previous_postcode",
            "P1,,Ada,Ash,1985-02-03,F,1 Long Lane,Cardiff,CF10 3NP,CF11 8AA",
        ],
        "children": ["child_urn,forename,surname,date_of_birth,sex,address,town,postcode"],
        "ties": ["person_urn,child_urn,relation,recorded_on"],
    },
    "authority-a": {
        "children": [
            "child_id,upn,forename,surname,date_of_birth,sex,address,town,postcode,school_urn,under_five_area,legal_status,standing",
            "C1,,Eve,Ash,2016-05-01,F,1 Long Lane,Cardiff,CF10 3NP,123456,,none,resident",
            "C2,,Gus,Ash,2018-05-01,M,1 Long Lane,Cardiff,CF10 3NP,123456,,none,former",
        ],
        "carers": [
            "carer_id,forename,surname,former_surname,date_of_birth,sex,address,town,postcode",
            "K1,Ada,Ash,Elm,1985-02-03,F,1 Long Lane,Cardiff,CF10 3NP",
            "K2,Hal,Fir,,1975-02-03,M,9 Long Lane,Cardiff,CF10 3NP",
        ],
        "ties": [
            "carer_id,child_id,relation,recorded_on",
            "K1,C1,parent,2020-01-01",
            "K2,C2,foster_carer,2020-01-01",
            "K1,C9,parent,2020-01-01",
        ],
        "directory": ["role,area_or_school,name,telephone"],
    },
}


def make_linkage(directory, *, quarantine_per_mille=400, families=0):
    """Make every node, one service with two operators, and install what three roots signed; return the nodes' settings."""
    port = _free_port()
    url, passphrase = f"https://127.0.0.1:{port}", passphrase_in(directory)
    service = init_service(directory / "service", "linkage", port=port, passphrase=passphrase)
    entries = [
        init_node(directory / name, kind, name, name.title(), service_url=url, passphrase=passphrase) for name, kind in NODES.items()
    ]
    roster = Roster(version=1, expires_on=EXPIRES, organisations=[service, *entries])
    roster_document = signed_by_roots(ROSTER_CONTEXT, roster.model_dump(mode="json"))
    agreement = Agreement(
        version=1, purpose="test", scope="test", roster_digest=roster_document.digest, expires_on=EXPIRES, quarantine_per_mille=quarantine_per_mille,
        lawful_bases=[LawfulBasis(organisation=name, basis="public_task", statute="test", dpia="test", power="e-safeguard", necessity="to offer support to children with a parent in prison", expires_on=EXPIRES) for name in NODES],
        encoding=Encoding(schemas_digest=schemas_digest(), normaliser=NORMALISER, normaliser_digest=normaliser_digest()),
        controls=Controls(families=families), padding=Padding(smallest_rows=SMALLEST_ROWS),
        probing=Probing(rounds_a_month=1_000, audit_sample=200),  # every record, fills among them: nothing is left to chance
    )  # fmt: skip
    agreement_document = signed_by_roots(AGREEMENT_CONTEXT, agreement.model_dump(mode="json"))
    roots = {name: public_text(key) for name, key in ROOTS.items()}
    for place in ("service", "operator-1", "operator-2"):
        install_service(directory / place, roster_document, agreement_document, roots)
    trust = (directory / "service" / "tls" / "ca.pem").read_bytes()
    for name in NODES:
        install(directory / name, roster_document, agreement_document, roots, trust)
    for name, files in EXTRACTS.items():
        write_extract(directory / name, files)
    return {name: load_settings(directory / name) for name in NODES}


def signed_by_roots(context, body):
    """Return a document that every root signed."""
    return SignedDocument(body=body, signatures=[sign(key, name, context, body) for name, key in ROOTS.items()])


def write_extract(directory, files):
    """Write CSV files into a node's extract."""
    for name, lines in files.items():
        (directory / "extract" / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


@contextmanager
def running_service(directory):
    """Serve over TLS on loopback while the context lasts."""
    settings = load_service_settings(directory / "service")
    store = open_store(settings.database)
    migrate(store)
    server = make_server(settings, create_app(settings, store))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.02)
    try:
        yield settings
    finally:
        server.should_exit = True
        thread.join(timeout=20)
        store.dispose()


def open_round(directory, round_id):
    """Open a round as the first operator."""
    now = datetime.now(UTC)
    with OperatorClient(directory / "operator-1") as operator:
        operator.open_round(round_id, opens_at=now, closes_at=now + timedelta(days=7))


def _free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]
