"""`kinlink party escalate` and `escalations`: an urgent call about a child who may be without care, and where each call stands."""

import sys
from datetime import UTC, datetime
from pathlib import Path

from flows.commands.console import Json, emit, say, warn
from parties.settings import load_settings
from schemas.errors import ConfigurationError
from schemas.escalation import Criterion


def escalate(
    *, area: str, why: Criterion, telephoned: str | None = None, at: datetime | None = None, dir: Path = Path(), as_json: Json = False
) -> None:
    """Say whom to ring now about a child in an area, then record the call and seal the record to the area's authority.

    The call is the alarm: ring first. Nothing here names a child; say that on the telephone.
    Example: kinlink party escalate --dir prison --area E08000025 --why unattended --telephoned "Ann Duty"

    Args:
        area: the GSS code of the area where the child is.
        why: the reason that it cannot wait.
        telephoned: who answered; asked for on a terminal where not given.
        at: when they did, in UTC; now where not given.
        dir: the node's directory, with contacts.csv.
        as_json: print one JSON object.
    """
    from parties.escalation.records import send, who_answers

    settings = load_settings(dir)
    answering = who_answers(settings, area)
    say(f"ring {answering.name} now: {answering.telephone}; if the child is in danger, ring 999")
    if not answering.is_tested:
        warn("this number was not tried for over a week; ring it once a week and note the day in contacts.csv")
    name = telephoned or _asked()
    found = {"ring": answering.name, "telephone": answering.telephone}
    if not name:
        emit({**found, "recorded": False}, "ring, then run this again with --telephoned and the name of who answered", as_json=as_json)
        return
    call, sealed = send(settings, area, why, telephoned=name, at=at.replace(tzinfo=UTC) if at else None)
    told = f"recorded as {call.reference}; send {sealed} to the authority. Not acknowledged in 15 minutes: ring again; in 30: ring 999"
    emit({**found, "recorded": True, "reference": call.reference, "file": str(sealed)}, told, as_json=as_json)


def escalations(
    *, open: Path | None = None, acknowledged: str | None = None, by: str | None = None, dir: Path = Path(), as_json: Json = False
) -> None:
    """Say where every urgent call stands, who must act and how; or open one that came, or record who acknowledged one.

    Example: kinlink party escalations --dir prison --acknowledged 0123456789ab --by "Ann Duty"

    Args:
        open: a sealed record that came to this authority's desk.
        acknowledged: the reference of a call that was acknowledged.
        by: who acknowledged it.
        dir: the node's directory.
        as_json: print one JSON object.
    """
    from parties.escalation.records import acknowledge, receive, standing_calls

    settings = load_settings(dir)
    if (acknowledged is None) != (by is None):
        raise ConfigurationError("escalations: want --acknowledged and --by together; say which call, and who acknowledged it")
    if open is not None:
        receive(settings, open)
    if acknowledged is not None and by is not None:
        acknowledge(settings, acknowledged, by)
    standing = standing_calls(settings)
    calls = [{**call.model_dump(mode="json"), "state": step.state, "owner": step.owner, "action": step.action} for call, step in standing]
    lines = [f"{call.reference} {call.criterion}, {call.telephoned_at}: {step.owner} {step.action}" for call, step in standing]
    emit({"calls": calls}, "\n".join(lines) or "no urgent calls", as_json=as_json)


def _asked() -> str:
    return input("who answered? ").strip() if sys.stdin.isatty() else ""
