"""The information-sharing agreement as one page that needs no network, made from what root signers signed and from the code's own tables.

It is for those who answer for the data: who takes part, on what basis, which columns are used and how, who learns what, how long. Every
term of the agreement has its words here; a term without words is a failing test.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from flows.report.rendering import rendered
from schemas.agreed import Agreed
from schemas.canonical import short
from schemas.extracts import Use, load_uses
from schemas.roster import CUSTODIAN_KINDS, Kind

TEMPLATE: Final = "agreement.html"

KIND_WORDS: Final[Mapping[Kind, str]] = {
    Kind.PRISON_SERVICE: "prison service", Kind.POLICE: "police force", Kind.LOCAL_AUTHORITY: "local authority", Kind.KEY_HOLDER: "key holder",
    Kind.LINKAGE_SERVICE: "linkage service", Kind.STATISTICS: "statistics office",
}  # fmt: skip

USE_WORDS: Final[Mapping[Use, str]] = {
    Use.ENCODED: "leaves as part of keyed filters and comparison tags",
    Use.COMPARED: "leaves as part of comparison tags",
    Use.KEY: "stays; a pseudonym made from it leaves",
    Use.TIE: "who belongs to whom: leaves sealed, and opens for candidate pairs alone",
    Use.STANDING: "leaves sealed, and opens for candidate pairs alone",
    Use.SEALED: "leaves sealed; the desk of the authority that acts opens it, with the token",
    Use.DESK: "stays; the authority's own desk reads it",
    Use.KEPT: "stays",
}

LEARNS: Final[Mapping[Kind, str]] = {
    Kind.PRISON_SERVICE: "That its submission was accepted. Nothing of matches.",
    Kind.POLICE: "That its submission was accepted; how many requests to answer, the same whatever was found. Nothing of matches.",
    Kind.LOCAL_AUTHORITY: "As a custodian, the same as a police force. Its desk: for which of its own children support is to be offered, a grade, its own record of the carer, until when; and of the reception whether on remand, sentenced or recalled, whether contact with children is restricted, and whether nobody else cares for them. Not by which path; nothing of offence, length of sentence or prison.",
    Kind.KEY_HOLDER: "Its own share of each round's key. No filter, and no key.",
    Kind.LINKAGE_SERVICE: "How many records each custodian sent, to within a step of the agreed padding; of candidate pairs, which fields agree, whom both stand for in the round, and ties. No name, date, place or identifier; never a key.",
    Kind.STATISTICS: "Noised counts with intervals.",
}

# Terms with a row of their own; lists and what heads the page have sections. A per-mille is shown as it is signed.
TERM_WORDS: Final[Mapping[str, str]] = {
    "encoding.schemas_digest": "digest of the linkage schemas",
    "encoding.normaliser": "normaliser",
    "encoding.normaliser_digest": "digest of the normaliser's tables",
    "encoding.filter_bits": "bits of a filter",
    "encoding.diffusion": "diffusion t: bits that each bit of a filter is made of",
    "encoding.profile": "encoding profile",
    "search.cut_per_mille": "similarity from which two filters are candidates in pools of any size, thousandths",
    "search.strangers": "in smaller pools, unrelated filters expected at the lower cut, for each filter",
    "search.top_k": "candidates kept for each filter",
    "search.max_pairs": "most candidate pairs of one search",
    "release.link_centibits": "weight of a link, hundredths of a bit",
    "release.theta_centibits": "theta: least weight of a referral, hundredths of a bit",
    "release.delta_centibits": "delta: least lead over the best rival, hundredths of a bit",
    "release.grade_a_centibits": "weight of grade A, hundredths of a bit",
    "release.review_band_centibits": "how far below theta counts as review, hundredths of a bit",
    "release.token_days": "days until a token expires",
    "release.answer_days": "days after which a child whose authority has not acknowledged is passed on to the next that knows it",
    "release.envelopes": "envelopes that every authority gets at a release",
    "release.questions": "records of its own that each authority is asked about in a round",
    "controls.families": "invented families that custodians plant in a round to measure it",
    "controls.generator_digest": "digest of the invented families' generator",
    "controls.misidentified_per_million": "most wrong ones of a million released that controls are to allow",
    "controls.recall_floor_per_mille": "recall on controls, thousandths, below which a group is a warning",
    "padding.smallest_rows": "fewest rows that a projection is filled up to",
    "padding.step_per_mille": "how much each size of a pool exceeds the one below, thousandths",
    "self_check.required": "whether a submission needs the report of its own self-check",
    "self_check.graph_per_mille": "most people of 1,000 read by graph matching",
    "self_check.ten_seeds_per_mille": "most read with 10 people known",
    "self_check.fifty_seeds_per_mille": "most read with 50 people known",
    "self_check.known_100_per_mille": "most read with 100 filters known",
    "self_check.known_1000_per_mille": "most read with 1,000 filters known",
    "self_check.known_6000_per_mille": "most read with 6,000 filters known",
    "self_check.dense_graph_per_mille": "most read by graph matching where surnames are common",
    "self_check.dense_fifty_seeds_per_mille": "the same with 50 people known",
    "statistics.total_micro_rho": "privacy budget of the agreement, millionths of rho",
    "statistics.release_micro_rho": "privacy cost of one round's table, millionths of rho",
    "statistics.tallies_micro_rho": "privacy budget of each desk's tallies of outcomes, millionths of rho",
    "statistics.tally_micro_rho": "privacy cost of one quarter's tally, millionths of rho",
    "statistics.cap": "most children that one family adds to counts",
    "probing.minimum_rows": "fewest rows of a submission",
    "probing.growth_per_mille": "growth since the round before that is an alarm for operators, thousandths",
    "probing.rounds_a_month": "most rounds opened in a month",
    "probing.audit_sample": "records that an auditor opens of a submission",
    "probing.audit_beacon": "public beacon whose first value after closing draws them",
    "probing.submissions_a_month": "most submissions of one custodian accepted in a month",
    "manifest_signatures": "signatures that a submission needs: data manager, and data-protection lead",
    "retention_days": "days for which a round is kept",
    "quarantine_per_mille": "most rows in quarantine, thousandths",
}
IN_SECTIONS: Final = frozenset({"version", "purpose", "scope", "roster_digest", "expires_on", "lawful_bases"})


def agreement_page(agreed: Agreed) -> str:
    """Return the page for one roster and agreement, the same for the same documents."""
    return rendered(TEMPLATE, content(agreed))


def write_agreement_page(path: Path, agreed: Agreed) -> None:
    """Write the page."""
    path.write_text(agreement_page(agreed), encoding="utf-8")


def terms(body: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each term of an agreement's body with its dotted name, but for what has a section of its own."""
    for name, value in body.items():
        if isinstance(value, Mapping):
            yield from terms(value, f"{prefix}{name}.")
        elif prefix + name not in IN_SECTIONS:
            yield prefix + name, value


def content(agreed: Agreed) -> dict[str, Any]:
    """Return what pages about an agreement show of it."""
    agreement, roster = agreed.agreement, agreed.roster
    bases = {item.organisation: item for item in agreement.lawful_bases}
    return {
        "agreement": agreement,
        "digests": {"agreement": short(agreed.agreement_digest), "roster": short(agreed.roster_digest)},
        "roster": roster,
        "members": [(item, KIND_WORDS[item.kind], bases.get(item.organisation)) for item in roster.organisations],
        "columns": {KIND_WORDS[kind]: load_uses()[kind] for kind in CUSTODIAN_KINDS},
        "use_words": USE_WORDS,
        "learns": {KIND_WORDS[kind]: text for kind, text in LEARNS.items()},
        "terms": [(TERM_WORDS[name], value) for name, value in terms(agreement.model_dump(mode="json"))],
    }
