"""Pages that need no network, out of templates: everything is escaped but charts of our own drawing."""

from collections.abc import Mapping
from importlib.metadata import version
from importlib.resources import files
from typing import Any, Final

from flows.report.drawing import signed

STYLE: Final = "style.css"


def rendered(template: str, content: Mapping[str, Any]) -> str:
    """Return the page that a template of this folder gives with `content`; `style` and `version` are there for each."""
    import jinja2

    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined)
    environment.filters |= {"share": _share, "bits": signed, "count": "{:,}".format, "svg": _unescaped}
    return environment.from_string(_text(template)).render(style=_unescaped(_text(STYLE)), version=version("kinlink"), **content)


def _text(name: str) -> str:
    return (files("flows.report") / name).read_text(encoding="utf-8")


def _unescaped(own: str) -> str:
    """Return what is our own as it is: the style, and charts of drawing.py, where matplotlib escapes what it writes."""
    import markupsafe

    return markupsafe.Markup(own)  # noqa: S704 - never of a file or a record


def _share(value: float | None) -> str:
    """Return a share as people read it; what cannot be said is a dash."""
    return "\N{EN DASH}" if value is None else f"{value:.2%}"
