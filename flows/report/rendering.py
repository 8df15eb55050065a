"""Pages that need no network, out of templates: everything is escaped but charts of our own drawing."""

from collections.abc import Callable, Mapping
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from flows.report.drawing import signed
from schemas.errors import ConfigurationError

STYLE: Final = "style.css"


def check_page(path: Path | None) -> None:
    """Check that a page can be written, before anything is done for it.

    Raises:
        ConfigurationError: the name does not end in .html, or no such directory.
    """
    if path is not None and path.suffix != ".html":
        raise ConfigurationError(f"{path}: a page is written as .html")
    if path is not None and not path.parent.is_dir():
        raise ConfigurationError(f"{path.parent}: no such directory; make it, or name another for the page")


def rendered(template: str, content: Mapping[str, Any], **filters: Callable[[Any], str]) -> str:
    """Return the page that a template of this folder gives with `content`, and `filters` of its own; `style` and `version` are there for each."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_text), autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    environment.filters |= {"share": _share, "bits": signed, "count": "{:,}".format, "svg": _unescaped, **filters}
    return environment.get_template(template).render(style=_unescaped(_text(STYLE)), version=version("kinlink"), **content)


def _text(name: str) -> str:
    return (files("flows.report") / name).read_text(encoding="utf-8")


def _unescaped(own: str) -> str:
    """Return what is our own as it is: the style, and charts of drawing.py, where matplotlib escapes what it writes."""
    import markupsafe

    return markupsafe.Markup(own)  # noqa: S704 - never of a file or a record


def _share(value: float | None) -> str:
    """Return a share as people read it; what cannot be said is a dash."""
    return "\N{EN DASH}" if value is None else f"{value:.2%}"
