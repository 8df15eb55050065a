"""The frame of every page that an authority's desk prints: it loads nothing, runs nothing, and prints. Pure."""

import re
from collections.abc import Iterable
from html import escape
from typing import Final

CONTENT_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
_SHEET: Final = re.compile(r'<section lang="(\w+)".*?</section>\n?', re.DOTALL)  # what is in one is escaped
_HTML: Final = re.compile(r'<html lang="\w+">')
INK, PAPER = "#1a1a1a", "#ffffff"
STYLE: Final = (
    f"body{{font:12pt/1.5 sans-serif;color:{INK};background:{PAPER};max-width:42rem;margin:2rem auto;padding:0 1rem}}"
    "section+section{break-before:page}dl{display:grid;grid-template-columns:12rem 1fr;gap:.3rem}dt{font-weight:bold}dd{margin:0}"
    "strong{display:block;margin:1rem 0}.easy{font-size:16pt;line-height:1.7}.blank{border-bottom:1px solid;min-height:2.2rem;margin:.2rem 0 1rem}"
    "h2{break-after:avoid}li,dl,.ask{break-inside:avoid}@media print{body{margin:0;max-width:none;padding:0;font-size:12pt;line-height:1.35}"
    "h1{margin:0 0 .4em}h2{margin:.7em 0 .2em}p,ul{margin:.3em 0}strong{margin:.5em 0}@page{size:A4;margin:18mm}}"
)


def page(titles: Iterable[tuple[str, str]], body: str) -> str:
    """Return a whole page.

    Args:
        titles: each language of the page and its title in it, the page's own first; both neutral, for screens and print queues show them.
        body: the content, escaped.
    """
    named = list(titles)
    head = f'<meta charset="utf-8">\n<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta http-equiv="Content-Security-Policy" content="{CONTENT_POLICY}">'
    title = " / ".join(escape(text) for _, text in named)
    return f'<!doctype html>\n<html lang="{named[0][0]}">\n<head>\n{head}\n<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n'


def in_language(text: str, language: str) -> str:
    """Return a page with its sheet of one language alone, or as it is where it has none in it."""
    if language not in _SHEET.findall(text):
        return text
    return _HTML.sub(f'<html lang="{language}">', _SHEET.sub(lambda sheet: sheet[0] if sheet[1] == language else "", text))


def bullets(heading: str, sentences: Iterable[str]) -> str:
    """Return a heading with a list of sentences."""
    items = "\n".join(f"<li>{escape(sentence)}</li>" for sentence in sentences)
    return f"<h2>{escape(heading)}</h2>\n<ul>\n{items}\n</ul>"
