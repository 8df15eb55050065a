"""The words of the statistician's page that no publication has, in English and Welsh: the same keys in both. Pure."""

from collections.abc import Mapping
from typing import Final

from parties.publication import wording

ENGLISH: Final[Mapping[str, str]] = {
    "explore": "Released counts",
    "choose": "Choose",
    "show": "Show",
    "download": "Download these numbers (CSV)",
    "shown": "{place}, {age}: {value} ({lower} to {upper} at 95 % confidence)",
    "marked": "Less reliable: the interval reaches further than half of the count.",
    "of_round": "Round {round}, records submitted from {opens} to {closes}; epsilon {epsilon} at delta {delta}.",
    "by_age_here": "{place} by age",
    "within_here": "What lies in {place}: {age}",
    "history_here": "{place}, {age}: every round",
    "history_note": "Each round is a count of its own, with noise of its own: two intervals that overlap are no difference.",
    "not_here": "Not part of this round's table.",
    "language": "Language",
}
WELSH: Final[Mapping[str, str]] = {
    "explore": "Niferoedd a ryddhawyd",
    "choose": "Dewis",
    "show": "Dangos",
    "download": "Lawrlwytho'r rhifau hyn (CSV)",
    "shown": "{place}, {age}: {value} ({lower} i {upper} gyda hyder o 95 %)",
    "marked": "Llai dibynadwy: mae'r cyfwng yn cyrraedd ymhellach na hanner y nifer.",
    "of_round": "Cylch {round}, cofnodion a gyflwynwyd o {opens} i {closes}; epsilon {epsilon} ar delta {delta}.",
    "by_age_here": "{place} yn ôl oed",
    "within_here": "Beth sydd o fewn {place}: {age}",
    "history_here": "{place}, {age}: pob cylch",
    "history_note": "Mae pob cylch yn gyfrif ar wahân, gyda'i sŵn ei hun: nid yw dau gyfwng sy'n gorgyffwrdd yn wahaniaeth.",
    "not_here": "Ddim yn rhan o dabl y cylch hwn.",
    "language": "Iaith",
}
WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {**wording.ENGLISH, **ENGLISH},
    "cy": {**wording.WELSH, **WELSH},
}
