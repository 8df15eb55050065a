"""`kinlink round`: the operator's side. Operators see states and counts in tens, never data."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from flows.commands.console import Flag, Json, emit, warn
from flows.commands.passphrase import NOT_GIVEN, Passphrase, chosen, warn_of_unencrypted
from linkage.operator import OperatorClient
from linkage.states import Cancelled
from schemas.errors import RoundError

DEFAULT_DAYS = 7


def operator(
    *,
    name: str,
    dir: Path = Path(),
    organisation: str = "linkage-service",
    service_url: str = "https://127.0.0.1:8443",
    passphrase: Passphrase = NOT_GIVEN,
    as_json: Json = False,
) -> None:
    """Make an operator's directory and signing key; what it prints goes into the roster.

    Example: kinlink round operator --dir alex --name operator-1

    Args:
        name: the operator's name in key ids, such as operator-1.
        dir: the operator's own directory.
        organisation: the linkage service's name on the roster.
        service_url: where the service listens.
        passphrase: where the passphrase of the keys is.
        as_json: print one JSON object.
    """
    from linkage.initialise import init_operator

    reference = chosen(dir, passphrase)
    identity = init_operator(dir, organisation, name, service_url=service_url, passphrase=reference)
    warn_of_unencrypted(dir)
    emit(
        {"identity": identity.model_dump(mode="json")},
        f"operator {identity.key_id} made in {dir}; send identity.json to the root signers",
        as_json=as_json,
    )


def open_(*, round: str, dir: Path = Path(), days: int = DEFAULT_DAYS, as_json: Json = False) -> None:
    """Open a round under the roster and agreement installed here.

    Example: kinlink round open --dir alex --round r-2026-11

    Args:
        round: the new round's id: lower-case letters, digits, hyphens.
        dir: the operator's directory.
        days: after how many days it closes.
        as_json: print one JSON object.
    """
    now = datetime.now(UTC)
    with OperatorClient(dir) as client:
        _show(client.open_round(round, opens_at=now, closes_at=now + timedelta(days=days)), as_json=as_json)


def status(*, round: str, dir: Path = Path(), as_json: Json = False) -> None:
    """Say where a round stands: state, who has submitted, counts in tens, approvals.

    Args:
        round: the round's id.
        dir: the operator's directory.
        as_json: print one JSON object.
    """
    with OperatorClient(dir) as client:
        _show(client.status(round), as_json=as_json)


def close(*, round: str, dir: Path = Path(), as_json: Json = False) -> None:
    """Close a round to submissions, so that it can be searched. Safe to repeat.

    Args:
        round: the round's id.
        dir: the operator's directory.
        as_json: print one JSON object.
    """
    with OperatorClient(dir) as client:
        _show(client.close_round(round), as_json=as_json)


def cancel(*, round: str, reason: Cancelled, dir: Path = Path(), as_json: Json = False) -> None:
    """Cancel a round that was not released: nothing moves it on. What the service has of it goes when it is due, or by `round expire --early`.

    Example: kinlink round cancel --dir alex --round r-2026-11 --reason too-few-submissions

    Args:
        round: the round's id.
        reason: what the log keeps.
        dir: the operator's directory.
        as_json: print one JSON object.
    """
    with OperatorClient(dir) as client:
        _show(client.cancel(round, reason), as_json=as_json)


def look(*, round: str, wave: int, dir: Path = Path(), as_json: Json = False) -> None:
    """Open a wave of the second look at the hour that the parties agreed, whatever the search has found by then. Safe to repeat.

    Example: kinlink round look --dir alex --round r-2026-11 --wave 1

    Args:
        round: the round's id.
        wave: 1 or 2.
        dir: the operator's directory.
        as_json: print one JSON object.
    """
    with OperatorClient(dir) as client:
        _show(client.open_wave(round, wave), as_json=as_json)


def approve(*, round: str, dir: Path = Path(), as_json: Json = False) -> None:
    """Approve the release of a round's findings with this operator's key. Two different operators must. First says what controls warn of.

    Args:
        round: the round's id.
        dir: the operator's directory.
        as_json: print one JSON object.
    """
    with OperatorClient(dir) as client:
        _warn_of(client, round)
        _show(client.approve(round), as_json=as_json)


def release(*, round: str, dir: Path = Path(), as_json: Json = False) -> None:
    """Release the tokens of a round that two operators approved. Safe to repeat: each token is minted once. First says what controls warn of.

    Args:
        round: the round's id.
        dir: the operator's directory.
        as_json: print one JSON object.
    """
    with OperatorClient(dir) as client:
        _warn_of(client, round)
        _show(client.release(round), as_json=as_json)


def quality(*, round: str, dir: Path = Path(), out: Path | None = None, as_json: Json = False) -> None:
    """Say how well a round found its planted controls: precision, recall, misidentification with limits, of this round and of all like it.

    Example: kinlink round quality --dir alex --round r-2026-11 --out quality.html

    Args:
        round: the round's id.
        dir: the operator's directory.
        out: write a page to read without a network here, an .html file.
        as_json: print one JSON object.
    """
    from flows.report.controls import lines, write_page
    from flows.report.rendering import check_page

    check_page(out)
    with OperatorClient(dir) as client:
        said = client.quality(round)
    if out is not None:
        write_page(out, said)
    emit(said, "\n".join(lines(said)), as_json=as_json)


def expire(*, round: str, dir: Path = Path(), early: Flag = False, as_json: Json = False) -> None:
    """Destroy what the service has of a round: submissions, shares, findings, envelopes, the storage key. Audit log and ledger stay.

    Rounds end by themselves after the agreed days. Example: kinlink round expire --dir alex --round r-2026-11

    Args:
        round: the round's id.
        dir: the operator's directory.
        early: also where its tokens can still be redeemed, or it was not released.
        as_json: print one JSON object.
    """
    with OperatorClient(dir) as client:
        _show(client.expire(round, early=early), as_json=as_json)


def _warn_of(client: OperatorClient, round_id: str) -> None:
    """Print what controls warn of; nothing where a round has none, or no findings yet."""
    try:
        warnings = client.quality(round_id)["warnings"]
    except RoundError:
        return
    for line in warnings:
        warn(line)


def _show(answer: dict[str, Any], *, as_json: bool) -> None:
    emit(answer, "\n".join(f"{key}: {value}" for key, value in answer.items() if key != "manifest"), as_json=as_json)
