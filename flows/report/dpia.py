"""A data protection impact assessment as one page, filled from what root signers signed and from the code's own tables, for people to complete.

It says what the software does and what is left; what a controller must judge is left open and marked. It is no assessment until somebody has.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from flows.report.agreement import content
from flows.report.rendering import rendered
from schemas.agreed import Agreed
from schemas.lawful_basis import conditions, powers

TEMPLATE: Final = "dpia.html"


@dataclass(frozen=True)
class Hazard:
    """What may go wrong for people, what stands against it, the modules that hold it, and what is left."""

    harm: str
    measures: str
    held_by: tuple[str, ...]
    left: str


HAZARDS: Final = (
    Hazard(
        "A token names the wrong child: a school hears that a parent is in prison who is not.",
        "A finding is released only above a weight, with a lead over every rival, with no guard against it, and after two people approved; controls measure how often it is wrong.",
        ("linkage/release/policy.py", "linkage/approvals.py", "linkage/controls/measuring.py"),
        "A rare namesake of the same age at the same place. The professional is told that it may be so.",
    ),
    Hazard(
        "A child is missed, and groups of people are missed more often than others.",
        "Several ways to match, rows for other names, and recall by group with a floor that is a warning before release.",
        ("parties/encoding/rows.py", "linkage/controls/measuring.py"),
        "Children whom no authority, force or prison recorded.",
    ),
    Hazard(
        "Somebody reads names or dates out of what was sent.",
        "Keyed and diffused filters under keys of one round, a self-check by attacks before anything leaves, and separate controllers.",
        ("parties/encoding/diffusion.py", "parties/self_check.py", "schemas/roster.py"),
        "The service together with one custodian, or with all key holders, can read every filter.",
    ),
    Hazard(
        "A custodian asks about somebody by inventing a record.",
        "Two signatures, limits of size and number, alarms, and audits by a public coin.",
        ("schemas/sign_off.py", "linkage/inbox/plausible.py", "linkage/inbox/probing.py", "parties/audit.py"),
        "A few invented people in a large submission are seldom met by one audit.",
    ),
    Hazard(
        "Prison service, police or analysts learn who matched.",
        "What they are told is the same bytes whatever was found; requests and envelopes are as many for everybody.",
        ("linkage/rounds.py", "linkage/inbox/waves.py", "linkage/release/minting.py"),
        "A local court report lets people guess.",
    ),
    Hazard(
        "A table of counts tells of one family.",
        "Noise for families of the agreed size, drawn once, from a budget that cannot be refunded.",
        ("validation/disclosure/noise.py", "validation/disclosure/ledger.py"),
        "What the agreed epsilon allows.",
    ),
    Hazard(
        "Data are kept for longer than they are needed.",
        "A round ends by itself; keys, filters, findings and envelopes are destroyed, and everybody signs what was deleted.",
        ("linkage/expiry.py", "parties/deleting.py"),
        "Referrals live on in the professionals' own records, under their own rules.",
    ),
)

QUESTIONS: Final = (
    "Who was asked: children, parents and carers, professionals, trade unions? What did they say, and what was changed?",
    "Why would less data, fewer organisations, or asking each parent for consent not do?",
    "How are people told, in which languages, and how do they object?",
    "What does the data protection officer advise, and was it followed?",
    "Which risks are accepted, by whom, and when is this looked at again?",
)


def dpia_page(agreed: Agreed) -> str:
    """Return the page for one roster and agreement, the same for the same documents."""
    return rendered(
        TEMPLATE, {**content(agreed), "hazards": HAZARDS, "questions": QUESTIONS, "conditions": conditions(), "powers": dict(powers())}
    )


def write_dpia_page(path: Path, agreed: Agreed) -> None:
    """Write the page."""
    path.write_text(dpia_page(agreed), encoding="utf-8")
