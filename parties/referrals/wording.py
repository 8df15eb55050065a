"""The words of a referral document, by language. Pure data.

Neutral throughout: support, not risk; never why or where the parent is in prison. Neither list may gain a sentence
that tells a family's circumstances. The Welsh is a working translation for an authority's own translators to confirm.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from parties.referrals.directory import RecipientRole
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
    do_restricted: tuple[str, ...]
    hand_over: str
    speak_first: str
    check_first: str
    leaflet: str
    no_leaflet: str
    briefing_heading: str
    briefing: tuple[str, ...]
    do_not_heading: str
    do_not: tuple[str, ...]
    labels: Mapping[str, str]
    roles: Mapping[RecipientRole, str]


ENGLISH = Wording(
    language="en",
    title="Offer of support",
    about="Records held by public bodies suggest that a parent of this child may be in prison. Please offer the child support.",
    deadline="Please act by the day and hour on this sheet.",
    grades={
        "A": "The records agree closely, but nobody has confirmed this with the family.",
        "B": "This may be mistaken; do not contact the family on this sheet alone.",
    },
    do_heading="What to do",
    do=(
        "Read this sheet in private, and keep it with the child's confidential safeguarding record.",
        "Find out quietly how the child is, as you would for any child who may need support.",
        "Call the contact on this sheet if anything is unclear, or if you know a reason not to go ahead.",
        "If the child is in immediate danger, call 999.",
    ),
    do_restricted=(
        "This record is protected. Look the child up by the record number, in private, before anything else.",
        "Children's social care alone decides whether anybody is contacted, and how. Speak with your manager first.",
        "Do not copy this sheet, and give no leaflet to anyone before that is decided.",
        "If the child is in immediate danger, call 999.",
    ),
    hand_over="This child lives, or is looked after, outside the authority that sends this sheet. Please take over the offer, or call the contact if you cannot.",
    speak_first="Speak first, in private, with the parent or carer at home.",
    check_first="The parent is not on the authority's record. Check first, with what the authority knows, whether this can be the child's parent; tell nobody before.",
    leaflet="Once you have spoken with the carer at home, give or explain the leaflet in person, within two days; never post or e-mail it.",
    no_leaflet="Give no leaflet to anyone yet: it is first to be settled who cares for the child and who may be told.",
    briefing_heading="If this is your first such sheet",
    briefing=(
        "Having a parent in prison says nothing about a child or a carer. Many children need nothing more than somebody who knows.",
        "A parent may have gone without a word, and families often say that the parent is away at work or in hospital. That is theirs to tell.",
        "What helps most: one trusted adult, no questions in front of others, patience about homework, absence and mood, a quiet place.",
        "A visit to a prison, a court day or a release are hard days. Allow for them without asking for reasons.",
        "Keep it to yourself. Whoever else has to know is told by name, with a reason that you write down.",
        "The parent keeps parental responsibility. Do not change what the school sends to whom on the strength of this sheet.",
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
        "also": "Also for",
        "due": "Act by",
        "contact": "Who to call",
        "reference": "Reference",
    },
    roles={
        RecipientRole.DSL: "Designated Safeguarding Lead",
        RecipientRole.HEAD_TEACHER: "Head teacher",
        RecipientRole.HEALTH_VISITOR: "Health visitor",
        RecipientRole.MIDWIFE: "Midwife",
        RecipientRole.SOCIAL_WORKER: "Social worker",
        RecipientRole.REVIEWING_OFFICER: "Independent Reviewing Officer",
        RecipientRole.CHILDRENS_SOCIAL_CARE: "Children's social care",
        RecipientRole.RESPONSIBLE_AUTHORITY: "Contact of the responsible authority",
        RecipientRole.HOME_EDUCATION: "Home education officer",
        RecipientRole.ALTERNATIVE_PROVISION: "Lead for education otherwise than at school",
        RecipientRole.INCLUSION: "Inclusion officer",
        RecipientRole.PARTICIPATION: "Participation adviser",
        RecipientRole.PERSONAL_ADVISER: "Personal adviser",
        RecipientRole.OTHER_NATION: "Contact in the other nation",
        RecipientRole.SINGLE_POINT_OF_CONTACT: "Single point of contact",
    },
)

WELSH = Wording(
    language="cy",
    title="Cynnig o gefnogaeth",
    about="Mae cofnodion cyrff cyhoeddus yn awgrymu y gallai rhiant i'r plentyn hwn fod yn y carchar. Cynigiwch gefnogaeth i'r plentyn.",
    deadline="Gweithredwch erbyn y diwrnod a'r awr ar y daflen hon.",
    grades={
        "A": "Mae'r cofnodion yn cytuno'n agos, ond nid oes neb wedi cadarnhau hyn gyda'r teulu.",
        "B": "Gallai hyn fod yn gamgymeriad; peidiwch â chysylltu â'r teulu ar sail y daflen hon yn unig.",
    },
    do_heading="Beth i'w wneud",
    do=(
        "Darllenwch y daflen hon yn breifat, a'i chadw gyda chofnod diogelu cyfrinachol y plentyn.",
        "Holwch yn dawel sut mae'r plentyn, fel y byddech ar gyfer unrhyw blentyn y gallai fod angen cefnogaeth arno.",
        "Ffoniwch y cyswllt ar y daflen hon os oes unrhyw beth yn aneglur, neu os gwyddoch am reswm dros beidio â bwrw ymlaen.",
        "Os yw'r plentyn mewn perygl uniongyrchol, ffoniwch 999.",
    ),
    do_restricted=(
        "Mae'r cofnod hwn wedi'i ddiogelu. Chwiliwch am y plentyn yn ôl rhif y cofnod, yn breifat, cyn gwneud dim arall.",
        "Gwasanaethau cymdeithasol i blant yn unig sy'n penderfynu a ddylid cysylltu â rhywun, a sut. Siaradwch â'ch rheolwr yn gyntaf.",
        "Peidiwch â chopïo'r daflen hon, a pheidiwch â rhoi taflen i neb cyn penderfynu hynny.",
        "Os yw'r plentyn mewn perygl uniongyrchol, ffoniwch 999.",
    ),
    hand_over="Mae'r plentyn hwn yn byw, neu'n derbyn gofal, y tu allan i'r awdurdod sy'n anfon y daflen hon. Cymerwch y cynnig drosodd, neu ffoniwch y cyswllt os na allwch.",
    speak_first="Siaradwch yn gyntaf, yn breifat, â'r rhiant neu'r gofalwr gartref.",
    check_first="Nid yw'r rhiant ar gofnod yr awdurdod. Yn gyntaf, gwiriwch â'r hyn y mae'r awdurdod yn ei wybod a all hwn fod yn rhiant i'r plentyn; peidiwch â dweud wrth neb cyn hynny.",
    leaflet="Ar ôl siarad â'r gofalwr gartref, rhowch neu esboniwch y daflen wyneb yn wyneb, o fewn dau ddiwrnod; peidiwch byth â'i phostio na'i he-bostio.",
    no_leaflet="Peidiwch â rhoi taflen i neb eto: rhaid setlo yn gyntaf pwy sy'n gofalu am y plentyn a phwy a gaiff wybod.",
    briefing_heading="Os dyma'ch taflen gyntaf o'r fath",
    briefing=(
        "Nid yw bod â rhiant yn y carchar yn dweud dim am blentyn na gofalwr. Nid oes angen mwy ar lawer o blant na rhywun sy'n gwybod.",
        "Gall rhiant fod wedi mynd heb air, ac mae teuluoedd yn aml yn dweud bod y rhiant i ffwrdd yn gweithio neu yn yr ysbyty. Eu lle nhw yw dweud.",
        "Yr hyn sy'n helpu fwyaf: un oedolyn y gellir ymddiried ynddo, dim cwestiynau o flaen eraill, amynedd am waith cartref, absenoldeb a hwyliau, lle tawel.",
        "Mae ymweld â charchar, diwrnod llys neu ryddhau yn ddyddiau anodd. Byddwch yn hyblyg heb ofyn am resymau.",
        "Cadwch hyn i chi'ch hun. Dywedir wrth bwy bynnag arall sydd angen gwybod wrth ei enw, gyda rheswm a ysgrifennwch.",
        "Mae'r rhiant yn cadw cyfrifoldeb rhiant. Peidiwch â newid beth mae'r ysgol yn ei anfon at bwy ar sail y daflen hon.",
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
        "also": "Hefyd at sylw",
        "due": "Gweithredu erbyn",
        "contact": "Pwy i'w ffonio",
        "reference": "Cyfeirnod",
    },
    roles={
        RecipientRole.DSL: "Person Diogelu Dynodedig",
        RecipientRole.HEAD_TEACHER: "Pennaeth",
        RecipientRole.HEALTH_VISITOR: "Ymwelydd iechyd",
        RecipientRole.MIDWIFE: "Bydwraig",
        RecipientRole.SOCIAL_WORKER: "Gweithiwr cymdeithasol",
        RecipientRole.REVIEWING_OFFICER: "Swyddog Adolygu Annibynnol",
        RecipientRole.CHILDRENS_SOCIAL_CARE: "Gwasanaethau cymdeithasol i blant",
        RecipientRole.RESPONSIBLE_AUTHORITY: "Cyswllt yr awdurdod cyfrifol",
        RecipientRole.HOME_EDUCATION: "Swyddog addysg gartref",
        RecipientRole.ALTERNATIVE_PROVISION: "Arweinydd addysg heblaw yn yr ysgol",
        RecipientRole.INCLUSION: "Swyddog cynhwysiant",
        RecipientRole.PARTICIPATION: "Cynghorydd cyfranogiad",
        RecipientRole.PERSONAL_ADVISER: "Cynghorydd personol",
        RecipientRole.OTHER_NATION: "Cyswllt yn y genedl arall",
        RecipientRole.SINGLE_POINT_OF_CONTACT: "Un pwynt cyswllt",
    },
)


def languages_of(gss_code: str | None, preferred: str = "") -> tuple[Wording, ...]:
    """Return the languages of an authority's documents: Welsh and English in Wales, English elsewhere; in Wales the preferred one first."""
    if not (gss_code or "").startswith("W"):
        return (ENGLISH,)
    return (ENGLISH, WELSH) if preferred == ENGLISH.language else (WELSH, ENGLISH)
