"""`kinlink party access`: what a desk holds about a child or a parent, for whoever it is about."""

import json
from pathlib import Path

from flows.commands.console import Json, emit
from parties.settings import load_settings
from schemas.errors import ConfigurationError


def access(
    *, child: str | None = None, parent: str | None = None, out: Path = Path("access.html"), dir: Path = Path(), as_json: Json = False
) -> None:
    """Write what this desk holds about one child, or about one parent, to hand to the person that it is about.

    Check who asks first. Each view shows its own person alone: a parent learns no child or school, and a child nothing of custody.
    Example: kinlink party access --dir council --parent K-3301 --out access.html

    Args:
        child: the authority's record id of a child.
        parent: the authority's record id of a carer.
        out: the file to write, readable by you alone: .html for people, .json for a system.
        dir: the authority's directory, or its desk's.
        as_json: print one JSON object, which has nothing of the view.
    """
    from parties.referrals.access import access_page, child_view, parent_view
    from parties.whole_files import whole_file

    if (child is None) == (parent is None):
        raise ConfigurationError("access: want --child or --parent; each view shows one person alone")
    settings = load_settings(dir)
    view = child_view(settings, child) if child is not None else parent_view(settings, parent or "")
    as_text = (
        json.dumps(view, ensure_ascii=False, indent=2)
        if out.suffix == ".json"
        else access_page(view, "parent" if child is None else "child")
    )
    with whole_file(out) as file:
        file.write(as_text.encode())
    emit({"entries": len(view), "out": str(out)}, f"{out} has what is held; hand it over in person, and delete it here", as_json=as_json)
