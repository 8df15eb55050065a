"""The words of papers, by language. Pure data.

Nothing is promised that a service may not keep ("may be able to"). The Welsh is a working translation for an authority's own
translators to confirm.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, NamedTuple


class Paper(StrEnum):
    """A paper, by the name of its file."""

    LEAFLET = "leaflet"
    EASY_READ = "leaflet-easy-read"
    CONSENT = "consent-form"
    ASSESSMENT = "assessment-request"


class Text(NamedTuple):
    """A paper in one language: title, sections of a heading and sentences, the heading of the help to call, and what is filled in by hand."""

    title: str
    sections: tuple[tuple[str, tuple[str, ...]], ...]
    help_heading: str = ""
    blanks: tuple[str, ...] = ()


ENGLISH_TEXTS: Final[Mapping[Paper, Text]] = {
    Paper.LEAFLET: Text(
        "An offer of support for your child",
        (
            (
                "What this is about",
                (
                    "Records held by public bodies suggest that a parent of a child in your care may be in prison. Records can be mistaken: please say so if they are.",
                    "You have done nothing wrong, and neither has the child. This is not a child protection report.",
                    "The child may not know. Nobody will raise it with the child before you have talked it over.",
                ),
            ),
            (
                "What was shared, with whom, and why",
                (
                    "One named person, who gives you this leaflet, was told the child's name, date of birth and school or area, so that they can offer support.",
                    "They were not told why or where a parent is in prison. Police and prisons were told nothing about the child.",
                    "There is no national list of these children. What was shared is for this offer alone, and is passed on only where a child is in danger.",
                ),
            ),
            (
                "What you can do",
                (
                    "You choose whether to take up the offer. Saying no changes nothing else.",
                    "Say what would help. The person who gave you this may be able to arrange it, or to tell you who can.",
                    "You, the parent, or a child who is old enough may object, ask for a correction, or ask what is held: speak to the contact below.",
                ),
            ),
        ),
        "Somebody to talk to, free and in confidence",
        ("Who gave you this leaflet", "Contact at the authority", "Date"),
    ),
    Paper.EASY_READ: Text(
        "Help for your child",
        (
            ("What this is", ("A parent of your child may be in prison.", "We may be wrong. Please tell us.", "You did nothing wrong.")),
            ("Who knows", ("One person was told the child's name.", "That person wants to help.", "The police were not told.")),
            ("What you can do", ("You can say yes.", "You can say no.", "You can say: do not do this again.", "You can ask us anything.")),
        ),
        "You can call",
        ("Who gave you this", "Who to call"),
    ),
    Paper.CONSENT: Text(
        "Agreement to share",
        (
            (
                "What you agree to",
                (
                    "The person named below may share what is written here, with the services named here, to arrange support for a child.",
                    "Nothing else is shared, and with nobody else, unless a child's safety needs it.",
                ),
            ),
            (
                "Your rights",
                (
                    "You may say no, to all of it or to a part.",
                    "You may take your agreement back at any time; what comes after that day is then not shared.",
                    "You get a copy of this form.",
                ),
            ),
        ),
        "",
        (
            "What may be shared",
            "With which services",
            "Your name, and how you are related to the child",
            "Yes or no, signature, date",
            "Who explained this form",
        ),
    ),
    Paper.ASSESSMENT: Text(
        "Request for an early help assessment",
        (
            (
                "Before you send this",
                (
                    "A parent in prison is no reason for an assessment by itself: say what the child needs.",
                    "Ask the family first, and write down that they agree. Nothing is opened without that.",
                    "Write what the child says would help, or that you have not asked yet. Do not write why or where a parent is in prison.",
                ),
            ),
        ),
        "",
        (
            "The child, as in your own record",
            "What the child and the family say would help",
            "What is going well, and who helps already",
            "The family agrees: yes or no, who, date",
            "Your name, post and telephone",
        ),
    ),
}

WELSH_TEXTS: Final[Mapping[Paper, Text]] = {
    Paper.LEAFLET: Text(
        "Cynnig o gefnogaeth i'ch plentyn",
        (
            (
                "Beth yw hyn",
                (
                    "Mae cofnodion cyrff cyhoeddus yn awgrymu y gallai rhiant i blentyn yn eich gofal fod yn y carchar. Gall cofnodion fod yn anghywir: dywedwch os ydynt.",
                    "Nid ydych chi wedi gwneud dim o'i le, na'r plentyn chwaith. Nid adroddiad amddiffyn plant yw hwn.",
                    "Efallai nad yw'r plentyn yn gwybod. Ni fydd neb yn codi'r mater gyda'r plentyn cyn i chi drafod hynny.",
                ),
            ),
            (
                "Beth a rannwyd, gyda phwy, a pham",
                (
                    "Dywedwyd enw, dyddiad geni ac ysgol neu ardal y plentyn wrth un person penodol, sy'n rhoi'r daflen hon i chi, er mwyn cynnig cefnogaeth.",
                    "Ni ddywedwyd pam na ble mae rhiant yn y carchar. Ni ddywedwyd dim am y plentyn wrth yr heddlu na'r carchardai.",
                    "Nid oes rhestr genedlaethol o'r plant hyn. Ar gyfer y cynnig hwn yn unig y mae'r hyn a rannwyd, ac fe'i trosglwyddir dim ond os yw plentyn mewn perygl.",
                ),
            ),
            (
                "Beth allwch chi ei wneud",
                (
                    "Chi sy'n dewis a ydych am dderbyn y cynnig. Nid yw dweud na yn newid dim arall.",
                    "Dywedwch beth fyddai'n helpu. Efallai y gall y person a roddodd hon i chi ei drefnu, neu ddweud wrthych pwy all.",
                    "Gallwch chi, y rhiant, neu blentyn sy'n ddigon hen wrthwynebu, gofyn am gywiriad, neu ofyn beth a gedwir: siaradwch â'r cyswllt isod.",
                ),
            ),
        ),
        "Rhywun i siarad â nhw, am ddim ac yn gyfrinachol",
        ("Pwy roddodd y daflen hon i chi", "Cyswllt yn yr awdurdod", "Dyddiad"),
    ),
    Paper.EASY_READ: Text(
        "Help i'ch plentyn",
        (
            (
                "Beth yw hyn",
                ("Gall rhiant eich plentyn fod yn y carchar.", "Gallwn fod yn anghywir. Dywedwch wrthym.", "Wnaethoch chi ddim o'i le."),
            ),
            ("Pwy sy'n gwybod", ("Dywedwyd enw'r plentyn wrth un person.", "Mae'r person hwnnw am helpu.", "Ni ddywedwyd wrth yr heddlu.")),
            (
                "Beth allwch chi ei wneud",
                ("Gallwch ddweud ie.", "Gallwch ddweud na.", "Gallwch ddweud: peidiwch â gwneud hyn eto.", "Gallwch ofyn unrhyw beth."),
            ),
        ),
        "Gallwch ffonio",
        ("Pwy roddodd hon i chi", "Pwy i'w ffonio"),
    ),
    Paper.CONSENT: Text(
        "Cytundeb i rannu",
        (
            (
                "Yr hyn yr ydych yn cytuno iddo",
                (
                    "Caiff y person a enwir isod rannu'r hyn a ysgrifennir yma, gyda'r gwasanaethau a enwir yma, i drefnu cefnogaeth i blentyn.",
                    "Ni rennir dim arall, na chyda neb arall, oni bai bod diogelwch plentyn yn gofyn am hynny.",
                ),
            ),
            (
                "Eich hawliau",
                (
                    "Cewch ddweud na, i'r cyfan neu i ran.",
                    "Cewch dynnu eich cytundeb yn ôl unrhyw bryd; ni rennir yr hyn a ddaw ar ôl y diwrnod hwnnw.",
                    "Cewch gopi o'r ffurflen hon.",
                ),
            ),
        ),
        "",
        (
            "Beth y ceir ei rannu",
            "Gyda pha wasanaethau",
            "Eich enw, a'ch perthynas â'r plentyn",
            "Ie neu na, llofnod, dyddiad",
            "Pwy esboniodd y ffurflen hon",
        ),
    ),
    Paper.ASSESSMENT: Text(
        "Cais am asesiad cymorth cynnar",
        (
            (
                "Cyn anfon hwn",
                (
                    "Nid yw rhiant yn y carchar yn rheswm dros asesiad ynddo'i hun: dywedwch beth sydd ei angen ar y plentyn.",
                    "Gofynnwch i'r teulu yn gyntaf, ac ysgrifennwch eu bod yn cytuno. Nid agorir dim heb hynny.",
                    "Ysgrifennwch beth mae'r plentyn yn dweud fyddai'n helpu, neu nad ydych wedi gofyn eto. Peidiwch ag ysgrifennu pam na ble mae rhiant yn y carchar.",
                ),
            ),
        ),
        "",
        (
            "Y plentyn, fel yn eich cofnod eich hun",
            "Beth mae'r plentyn a'r teulu yn dweud fyddai'n helpu",
            "Beth sy'n mynd yn dda, a phwy sy'n helpu eisoes",
            "Mae'r teulu'n cytuno: ie neu na, pwy, dyddiad",
            "Eich enw, swydd a rhif ffôn",
        ),
    ),
}
