"""The statistics office's side: fetch a round's noised table and what was spent of privacy, and hold them against what was promised. `parties/publication` writes it out.

Only noised integers pass through here.
"""

from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from parties.client import ServiceClient
from parties.initialise import load_agreed
from parties.publication.criteria import criteria
from parties.publication.evidence import FEWEST, Evidence
from parties.publication.places import published_rows
from parties.publication.released import Released
from parties.rounds import fetch_round
from parties.settings import NodeSettings
from schemas import aggregate, privacy_ledger
from schemas.aggregate import NATION, NoisedTable
from schemas.errors import ConfigurationError, ServiceError
from schemas.geography import authority, nation
from schemas.privacy_ledger import Drawn, Statement
from schemas.roster import Role, keys_of
from schemas.signature import SignedDocument, check_signed

DAY = len("2026-11-23")
MAX_EVIDENCE_BYTES = 64 * 1024
Body = TypeVar("Body", bound=BaseModel)


def fetch_table(settings: NodeSettings, round_id: str, *, client: ServiceClient | None = None) -> NoisedTable:
    """Return the round's noised table, signed by the linkage service; asking again gives the same one.

    Raises:
        RoundError: the round has no findings yet.
        BudgetError: the privacy budget does not cover the table.
        AuthenticationError: the answer is not signed by the service in the roster.
        ServiceError: it is signed, but is not this round's table, or does not add up.
    """
    with client or ServiceClient(settings, Role.STATISTICIAN) as statistician:
        answer = statistician.post(f"/v1/rounds/{round_id}/tables", json={}).json()
    table = _signed_by_service(settings, answer, "table", aggregate.CONTEXT, NoisedTable)
    if table.round_id != round_id:
        raise ServiceError("table: the service answered with another round's; report it to the linkage operator")
    if not adds_up(table):
        raise ServiceError("table: its areas do not add up to the nation; nothing was written, report it to the linkage operator")
    return table


def fetch_ledger(settings: NodeSettings, *, client: ServiceClient | None = None) -> Statement:
    """Return what was spent of privacy so far, signed by the linkage service.

    Raises:
        BudgetError: the service's ledger does not add up.
        AuthenticationError: the answer is not signed by the service in the roster.
        ServiceError: it is signed, but is no statement, or its sums are wrong.
    """
    with client or ServiceClient(settings, Role.STATISTICIAN) as statistician:
        answer = statistician.get("/v1/ledger").json()
    return _signed_by_service(settings, answer, "privacy ledger", privacy_ledger.CONTEXT, Statement)


def drawn_up_to(statement: Statement, table: NoisedTable) -> list[Drawn]:
    """Return what the ledger has up to a table, itself among it: the same however many are drawn after it.

    Raises:
        ServiceError: the ledger does not have the table, or at another price.
    """
    prices = [(item.round_id, item.micro_rho) for item in statement.drawn]
    if (table.round_id, table.micro_rho) not in prices:
        raise ServiceError(
            "privacy ledger: does not have this round's table at its price; nothing was written, report it to the linkage operator"
        )
    return statement.drawn[: prices.index((table.round_id, table.micro_rho)) + 1]


def _signed_by_service(settings: NodeSettings, answer: object, what: str, context: str, body: type[Body]) -> Body:
    """Return what the linkage service of the roster has signed.

    Raises:
        AuthenticationError: it is not signed by the service.
        ServiceError: it is malformed.
    """
    try:
        document = SignedDocument.model_validate(answer)
        check_signed(document, context, keys_of(load_agreed(settings).roster.service(), Role.SERVICE))
        return body.model_validate(document.body)
    except ValidationError:
        raise ServiceError(f"{what}: the service's answer is malformed; report it to the linkage operator") from None


def fetch_released(settings: NodeSettings, round_id: str) -> Released:
    """Return the round's noised table with what a publication says of it; raises as `fetch_table`, `fetch_ledger` and `fetch_round` do."""
    with ServiceClient(settings, Role.STATISTICIAN) as client:
        window = fetch_round(client, load_agreed(settings), round_id).manifest
        table = fetch_table(settings, round_id, client=client)
    drawn = drawn_up_to(fetch_ledger(settings), table)
    return Released(table, area_names(settings), window.opens_at[:DAY], window.closes_at[:DAY], version("kinlink"), drawn=drawn)


def read_evidence(path: Path) -> Evidence:
    """Return the office's evidence of how many links are right and how many are missing.

    Raises:
        ConfigurationError: the file cannot be read, or does not say what it must.
    """
    try:
        if path.stat().st_size > MAX_EVIDENCE_BYTES:
            raise ConfigurationError(
                f"{path}: over {MAX_EVIDENCE_BYTES} bytes; evidence is four numbers and their source, and the same of groups"
            )
        return Evidence.model_validate_json(path.read_bytes())
    except OSError:
        raise ConfigurationError(f"{path}: cannot be read; name the file with --evidence") from None
    except ValidationError as error:
        wrong = ".".join(str(part) for part in error.errors()[0]["loc"]) or "numbers"
        raise ConfigurationError(
            f"{path}: {wrong}: want source, reviewed and right of them, known and linked of them, samples of {FEWEST} at least; see docs/how-to/publish-a-table.md"
        ) from None


def adds_up(table: NoisedTable) -> bool:
    """Say whether the adjusted counts are what was promised; see `parties.publication.criteria` for what that is."""
    rows = published_rows(table, {})
    return bool(rows) and all(rule.holds for rule in criteria(table, rows))


def area_names(settings: NodeSettings) -> dict[str, str]:
    """Return the name of every rostered area, by its code, and of the nation: the published name, the roster's where there is none."""
    codes = {item.gss_code: item.name for item in load_agreed(settings).roster.organisations if item.gss_code}
    published = {code: place.name for code in codes if (place := authority(code))}
    return {NATION: nation().name, **codes, **published}
