"""The words of a referral document, by language. Pure data.

Neutral throughout: support, not risk; never why or where the parent is in prison. Neither list may gain a sentence
that tells a family's circumstances. The Welsh is a working translation for an authority's own translators to confirm.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from parties.referrals.routing import RecipientRole
from schemas.token import Grade


@dataclass(frozen=True, kw_only=True)
class Wording:
    """One language's sentences; `labels` name the fields of a payload."""

    language: str
    title: str
    about: str
    deadline: str
    grades: Mapping[Grade, str]
    do_heading: str
    do: tuple[str, ...]
    do_not_heading: str
    do_not: tuple[str, ...]
    labels: Mapping[str, str]
    roles: Mapping[RecipientRole, str]


ENGLISH = Wording(
    language="en",
    title="Offer of support",
    about="Records held by public bodies suggest that a parent of this child may be in prison. Please offer the child support.",
    deadline="Please act before the start of the next school day.",
    grades={
        "A": "The records agree closely, but nobody has confirmed this with the family. Speak first, in private, with the parent or carer at home.",
        "B": "This may be mistaken; do not contact the family on this sheet alone.",
    },
    do_heading="What to do",
    do=(
        "Read this sheet in private, and keep it with the child's confidential safeguarding record.",
        "Find out quietly how the child is, as you would for any child who may need support.",
        "Call the contact on this sheet if anything is unclear, or if you know a reason not to go ahead.",
        "If the child is in immediate danger, call 999.",
    ),
    do_not_heading="What not to do",
    do_not=(
        "The child may not know; do not raise it with the child first.",
        "Do not share this sheet with colleagues or families unless the child's safety needs it.",
        "Do not treat the child differently, and do not ask why a parent is away.",
    ),
    labels={
        "child_name": "Child",
        "date_of_birth": "Date of birth",
        "school_urn": "School (URN)",
        "area": "Area",
        "child_record": "Your record",
        "authority": "Authority",
        "recipient": "For",
        "contact": "Who to call",
        "reference": "Reference",
    },
    roles={
        RecipientRole.DSL: "Designated Safeguarding Lead",
        RecipientRole.HEALTH_VISITOR: "Health visitor",
        RecipientRole.SINGLE_POINT_OF_CONTACT: "Single point of contact",
    },
)

WELSH = Wording(
    language="cy",
    title="Cynnig o gefnogaeth",
    about="Mae cofnodion cyrff cyhoeddus yn awgrymu y gallai rhiant i'r plentyn hwn fod yn y carchar. Cynigiwch gefnogaeth i'r plentyn.",
    deadline="Gweithredwch cyn dechrau'r diwrnod ysgol nesaf.",
    grades={
        "A": "Mae'r cofnodion yn cytuno'n agos, ond nid oes neb wedi cadarnhau hyn gyda'r teulu. Siaradwch yn gyntaf, yn breifat, â'r rhiant neu'r gofalwr gartref.",
        "B": "Gallai hyn fod yn gamgymeriad; peidiwch â chysylltu â'r teulu ar sail y daflen hon yn unig.",
    },
    do_heading="Beth i'w wneud",
    do=(
        "Darllenwch y daflen hon yn breifat, a'i chadw gyda chofnod diogelu cyfrinachol y plentyn.",
        "Holwch yn dawel sut mae'r plentyn, fel y byddech ar gyfer unrhyw blentyn y gallai fod angen cefnogaeth arno.",
        "Ffoniwch y cyswllt ar y daflen hon os oes unrhyw beth yn aneglur, neu os gwyddoch am reswm dros beidio â bwrw ymlaen.",
        "Os yw'r plentyn mewn perygl uniongyrchol, ffoniwch 999.",
    ),
    do_not_heading="Beth i beidio â'i wneud",
    do_not=(
        "Efallai nad yw'r plentyn yn gwybod; peidiwch â chodi'r mater gyda'r plentyn yn gyntaf.",
        "Peidiwch â rhannu'r daflen hon â chydweithwyr na theuluoedd oni bai bod diogelwch y plentyn yn gofyn am hynny.",
        "Peidiwch â thrin y plentyn yn wahanol, a pheidiwch â gofyn pam mae rhiant i ffwrdd.",
    ),
    labels={
        "child_name": "Plentyn",
        "date_of_birth": "Dyddiad geni",
        "school_urn": "Ysgol (URN)",
        "area": "Ardal",
        "child_record": "Eich cofnod",
        "authority": "Awdurdod",
        "recipient": "At sylw",
        "contact": "Pwy i'w ffonio",
        "reference": "Cyfeirnod",
    },
    roles={
        RecipientRole.DSL: "Person Diogelu Dynodedig",
        RecipientRole.HEALTH_VISITOR: "Ymwelydd iechyd",
        RecipientRole.SINGLE_POINT_OF_CONTACT: "Un pwynt cyswllt",
    },
)


def languages_of(gss_code: str | None) -> tuple[Wording, ...]:
    """Return the languages of an authority's documents: Welsh and English in Wales, English elsewhere."""
    return (WELSH, ENGLISH) if (gss_code or "").startswith("W") else (ENGLISH,)
