"""Two custodians' records through the real encoders, search, second look and release rule."""

from flows.linking import Linking
from linkage.findings.links import Person, with_margins
from linkage.findings.paths import declared_paths, findings
from linkage.release.policy import decide
from linkage.second_look.levels import field_levels
from linkage.second_look.scoring import CENTIBITS, load_model
from schemas.agreement import Release, Search
from schemas.linkage import evidence_model

POLICY, TERMS = Release(), Search()


def released(left, right, population="children"):
    """Return what would be released, as pairs of rows: the left side's people declared by a prisoner each."""
    linking = Linking(population)
    sides = linking.encode(left), linking.encode(right)
    candidates = linking.candidates(*sides, TERMS)
    model, pairs = load_model(evidence_model(), population), []
    floor = (POLICY.link_centibits - POLICY.review_band_centibits) / CENTIBITS
    for looked in linking.second_look(*sides, candidates, slots=4):
        weights = model.weights(field_levels(looked.left_tags, looked.right_tags), len(right.people()))
        near = weights >= floor
        ends = zip(looked.left[near].tolist(), looked.right[near].tolist(), weights[near].tolist(), strict=True)
        pairs += [(Person("prison", one), Person("authority", other), weight) for one, other, weight in ends]
    links = with_margins(pairs, lambda *_: False, floor=floor)
    ties = {Person("prisoner", link.left.number): [link.left] for link in links}
    found = findings(declared_paths(ties, links), delta=POLICY.delta_centibits / CENTIBITS)
    return [(item.prisoner.number, item.child.number) for item in found if decide(item, POLICY) == "release"]
