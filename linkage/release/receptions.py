"""Behind which prisoners' receptions a released child stands: whose sealed attributes go with the token. Pure."""

from collections import defaultdict
from collections.abc import Iterable

from linkage.findings.links import Person
from linkage.findings.paths import Finding
from linkage.release.policy import Decided, decide
from schemas.agreement import Release
from schemas.token import MAX_RECEPTIONS


def prisoners_behind(found: Iterable[Finding], decided: Iterable[Decided], policy: Release) -> dict[Person, list[Person]]:
    """Return the prisoners on whom each child's release rests, the surest first and `MAX_RECEPTIONS` at most, by the record that acts.

    A finding that would not be released by itself adds nobody: what the prison service says of another parent is not the authority's to
    read.
    """
    acting = {item.child: item.acting for item in decided}
    surest: dict[Person, dict[Person, float]] = defaultdict(dict)
    for finding in found:
        if decide(finding, policy) == "release":
            known = surest[acting[finding.child]]
            known[finding.prisoner] = max(finding.weight, known.get(finding.prisoner, finding.weight))
    return {child: sorted(known, key=lambda one: (-known[one], one))[:MAX_RECEPTIONS] for child, known in surest.items()}
