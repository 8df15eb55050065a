"""Papers that are the same for every family: leaflet, easy-read leaflet, consent form, request for an assessment. Pure.

None says a child's, a parent's or a prison's name: a paper that is left on a bus tells nothing. What is particular is written in by hand.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from html import escape
from typing import Final

from parties.referrals.pages import bullets, page
from parties.referrals.paper_texts import ENGLISH_TEXTS, WELSH_TEXTS, Paper, Text
from parties.referrals.signposts import Signpost, valid_signposts

TEXTS: Final[Mapping[str, Mapping[Paper, Text]]] = {"en": ENGLISH_TEXTS, "cy": WELSH_TEXTS}
WITH_HELP: Final = (Paper.LEAFLET, Paper.EASY_READ)


def paper(which: Paper, languages: Iterable[str], today: date) -> str:
    """Return a paper as one page, a sheet for each language; help is named as of a day."""
    texts = [(language, TEXTS[language][which]) for language in languages]
    help_ = valid_signposts(today) if which in WITH_HELP else ()
    sheets = "\n".join(_sheet(language, text, help_, is_easy=which is Paper.EASY_READ) for language, text in texts)
    return page(((language, text.title) for language, text in texts), sheets)


def _sheet(language: str, text: Text, help_: tuple[Signpost, ...], *, is_easy: bool) -> str:
    parts = [bullets(heading, sentences) for heading, sentences in text.sections]
    if help_:
        parts.append(bullets(text.help_heading, (f"{item.name}: {item.telephone}" for item in help_)))
    parts += [f'<div class="ask"><p>{escape(blank)}</p>\n<div class="blank"></div></div>' for blank in text.blanks]
    style = ' class="easy"' if is_easy else ""
    return "\n".join([f'<section lang="{language}"{style}>', f"<h1>{escape(text.title)}</h1>", *parts, "</section>"])
