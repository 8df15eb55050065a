"""Who is responsible for a child at each stage of a parent's way through custody, at each tier, and what Kinlink does of it. One table. Pure.

What Kinlink has no part in stands here too, so that nobody takes it for done.
"""

from enum import StrEnum
from typing import Final, NamedTuple


class Stage(StrEnum):
    """Where the parent is."""

    ARREST = "arrest"
    COURT = "court"
    REMAND = "remand"
    SENTENCE = "sentence"
    TRANSFER = "transfer"
    RELEASE = "release"


class Tier(StrEnum):
    """What the child needs: an offer of support, as everyone is made, or somebody now."""

    OFFER = "offer"
    URGENT = "urgent"


class Responsible(NamedTuple):
    """A stage and tier: who must act, what they do, who hears of it, and by which command; "" where it is outside of Kinlink."""

    stage: Stage
    tier: Tier
    who: str
    does: str
    hears: str
    command: str = ""


_LOCAL = "whoever the local protocol names"
RESPONSIBLE: Final[tuple[Responsible, ...]] = (
    Responsible(Stage.ARREST, Tier.OFFER, "the police force, by its arrest protocol", "asks who looks after the children", _LOCAL),
    Responsible(
        Stage.ARREST, Tier.URGENT, "the arresting officers", "telephone the authority's duty team; where a child is alone, stay", _LOCAL
    ),
    Responsible(Stage.COURT, Tier.OFFER, "staff of the court's custody and probation", "ask, before the parent leaves", _LOCAL),
    Responsible(Stage.COURT, Tier.URGENT, "whoever learns of it at court", "telephones the authority's duty or out-of-hours team", _LOCAL),
    Responsible(
        Stage.REMAND,
        Tier.OFFER,
        "the authority's desk, then the professional whom the routing names",
        "opens the envelope, hands the sheet over, makes the offer",
        "the one recipient of the routing",
        "kinlink party collect",
    ),
    Responsible(
        Stage.REMAND,
        Tier.URGENT,
        "reception staff of the prison",
        "telephone the area's number first, then send the record, and ring again",
        "the authority's duty or out-of-hours team",
        "kinlink party escalate",
    ),
    Responsible(
        Stage.SENTENCE,
        Tier.OFFER,
        "the professional who has the case",
        "offers again; a sentence after remand is no new finding of another child",
        "the one recipient of the routing",
        "kinlink party outcomes",
    ),
    Responsible(
        Stage.SENTENCE,
        Tier.URGENT,
        "reception staff of the prison",
        "as on remand",
        "the authority's duty or out-of-hours team",
        "kinlink party escalate",
    ),
    Responsible(
        Stage.TRANSFER, Tier.OFFER, "the professional who has the case", "keeps the offer open; transfers are told to nobody", "nobody"
    ),
    Responsible(Stage.TRANSFER, Tier.URGENT, "the prison's family services", "tell the family where the parent is", "the family"),
    Responsible(
        Stage.RELEASE,
        Tier.OFFER,
        "the professional who has the case",
        "hears what the family wants, and records it; releases are not published yet",
        "the family",
        "kinlink party outcomes",
    ),
    Responsible(
        Stage.RELEASE,
        Tier.URGENT,
        "probation and children's social care, by their own arrangements",
        "see to the child's safety where contact is restricted",
        "children's social care",
    ),
)
