"""What controls show over rounds: kept for each, and added up over all rounds that were run with the same parameters."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from linkage.controls.known import Controls
from linkage.controls.measuring import policy_at
from linkage.controls.thresholds import Chosen, choose
from linkage.store.models import ControlResult, Round
from schemas.agreement import Agreement
from schemas.canonical import digest_of
from schemas.controls import SCHEDULE
from schemas.errors import RoundError
from validation.quality.controls import Tallies, Tally, figures, groups_below, pooled

LABEL = "on controls"


def parameters_digest(agreement: Agreement) -> str:
    """Return the digest of what two rounds must have in common for their controls to count together."""
    terms = {name: getattr(agreement, name).model_dump(mode="json") for name in ("encoding", "search", "release")}
    return digest_of({**terms, "schedule": list(SCHEDULE)})


def choose_and_keep(session: Session, round_id: str, agreement: Agreement, steps: Sequence[Tallies], controls: Controls) -> Chosen:
    """Choose a round's thresholds on its own controls and those of earlier rounds with the same parameters; keep what its own showed."""
    parameters = parameters_digest(agreement)
    chosen = choose(
        _with_others(session, round_id, parameters, steps), misidentified_per_million=agreement.controls.misidentified_per_million
    )
    written = [{key: list(tally) for key, tally in tallies.items()} for tallies in steps]
    row = ControlResult(round_id=round_id, parameters=parameters, steps=written, chosen=asdict(chosen), unread=sorted(controls.unread))
    session.merge(row)
    return chosen


def quality(session: Session, round_: Round, agreement: Agreement) -> dict[str, Any]:
    """Return what controls say of a round and of all rounds like it, and what operators have to know before they release.

    Raises:
        RoundError: the round has no findings yet, or no controls were planted in it.
    """
    kept = session.get(ControlResult, round_.round_id)
    if kept is None:
        raise RoundError("quality: no controls were counted in this round yet; see its state with `kinlink round status`")
    own = _read(kept)
    alike = session.scalars(select(ControlResult).where(ControlResult.parameters == kept.parameters)).all()
    step, terms = int(kept.chosen["step"]), agreement.controls
    policy = policy_at(agreement.release, step)
    this, every = (
        figures(tallies, misidentified_per_million=terms.misidentified_per_million)
        for tallies in (own[step], pooled(_read(row)[step] for row in alike))
    )
    return {
        "round_id": round_.round_id,
        "label": LABEL,
        "thresholds": {**kept.chosen, "theta_centibits": policy.theta_centibits, "delta_centibits": policy.delta_centibits},
        "this_round": this,
        "pooled": {"rounds": len(alike), **every},
        "warnings": [*_warnings(every, kept.unread), *groups_below(this, terms.recall_floor_per_mille)],
    }


def _with_others(session: Session, round_id: str, parameters: str, steps: Sequence[Tallies]) -> list[Tallies]:
    query = select(ControlResult).where(ControlResult.parameters == parameters, ControlResult.round_id != round_id)
    others = [_read(row) for row in session.scalars(query)]
    return [pooled([tallies, *(other[step] for other in others)]) for step, tallies in enumerate(steps)]


def _read(row: ControlResult) -> list[Tallies]:
    return [{key: Tally(*counts) for key, counts in tallies.items()} for tallies in row.steps]


def _warnings(every: dict[str, Any], unread: Sequence[str]) -> list[str]:
    lines = [f"{name}: its list of controls did not open, so that its people were left out; ask it to update Kinlink" for name in unread]
    if every["misidentification"]["verdict"] == "missed":
        lines.append("misidentification on controls is above the agreed target; look at the report before anything is released")
    return lines
