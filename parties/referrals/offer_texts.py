"""The sheet by which a family that has agreed reaches a voluntary organisation. It names nobody of the family. Pure.

The Welsh is a working translation for an authority's own translators to confirm.
"""

from collections.abc import Iterable, Mapping
from html import escape
from typing import Final, NamedTuple

from parties.referrals.pages import bullets, page
from parties.settings import VoluntaryOffer


class OfferText(NamedTuple):
    """The words of the sheet in one language; `for_` and `reference` are labels."""

    title: str
    for_: str
    reference: str
    do_heading: str
    do: tuple[str, ...]
    do_not_heading: str
    do_not: tuple[str, ...]
    blanks: tuple[str, ...]


TEXTS: Final[Mapping[str, OfferText]] = {
    "en": OfferText(
        "A family would like to hear from you",
        "For",
        "Reference",
        "What to do",
        (
            "The family has agreed that you may contact them, in the way that they have written here.",
            "Say who you are and what you may be able to offer. The family chooses.",
            "If they say no, or change their mind, stop, and destroy this sheet.",
        ),
        "What not to do",
        (
            "Do not ask why this sheet came to you, and do not raise it with a child.",
            "Do not pass it on, and put it into no list of families.",
        ),
        ("How the family wishes to be reached, in their own words", "What they would like help with", "Who explained this to the family, and on which day"),
    ),
    "cy": OfferText(
        "Hoffai teulu glywed gennych",
        "At sylw",
        "Cyfeirnod",
        "Beth i'w wneud",
        (
            "Mae'r teulu wedi cytuno y cewch gysylltu â nhw, yn y ffordd y maent wedi'i hysgrifennu yma.",
            "Dywedwch pwy ydych chi a beth y gallech ei gynnig. Y teulu sy'n dewis.",
            "Os dywedant na, neu newid eu meddwl, rhowch y gorau iddi, a dinistriwch y daflen hon.",
        ),
        "Beth i beidio â'i wneud",
        (
            "Peidiwch â gofyn pam y daeth y daflen hon atoch, a pheidiwch â chodi'r mater gyda phlentyn.",
            "Peidiwch â'i throsglwyddo, na'i rhoi mewn unrhyw restr o deuluoedd.",
        ),
        ("Sut mae'r teulu am gael eu cyrraedd, yn eu geiriau eu hunain", "Beth yr hoffent gael help ag ef", "Pwy esboniodd hyn i'r teulu, ac ar ba ddiwrnod"),
    ),
}  # fmt: skip


def offer(to: VoluntaryOffer, reference: str, languages: Iterable[str]) -> str:
    """Return the sheet as one page, a sheet for each language; what is about the family is left for them to write."""
    texts = [(language, TEXTS[language]) for language in languages]
    sheets = "\n".join(_sheet(language, text, to, reference) for language, text in texts)
    return page(((language, text.title) for language, text in texts), sheets)


def _sheet(language: str, text: OfferText, to: VoluntaryOffer, reference: str) -> str:
    rows = ((text.for_, f"{to.contact}, {to.organisation}, {to.telephone}"), (text.reference, reference))
    listed = "\n".join(f"<dt>{escape(label)}</dt><dd>{escape(value)}</dd>" for label, value in rows)
    blanks = (f'<div class="ask"><p>{escape(blank)}</p>\n<div class="blank"></div></div>' for blank in text.blanks)
    return "\n".join(
        [
            f'<section lang="{language}">',
            f"<h1>{escape(text.title)}</h1>",
            f"<dl>\n{listed}\n</dl>",
            bullets(text.do_heading, text.do),
            bullets(text.do_not_heading, text.do_not),
            *blanks,
            "</section>",
        ]
    )
