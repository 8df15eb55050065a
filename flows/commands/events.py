"""`kinlink party events`: what follows a reception, from the prison service to the desks."""

from pathlib import Path
from typing import Any

from flows.commands.console import Json, emit, warn
from schemas.errors import ConfigurationError


def events(*, done: str | None = None, event: str | None = None, by: str | None = None, dir: Path = Path(), as_json: Json = False) -> None:
    """Publish today's feed of events, at the prison service; or fetch it and say what follows for each case, at an authority's desk.

    Run it once a day; safe to repeat. A feed has one size, whatever happened, and only who has a child of it can tell.
    Example: kinlink party events --dir council, later kinlink party events --dir council --done 0f3a9c --event returned --by "Dee Lead"

    Args:
        done: at a desk, the document of the case whose event somebody has seen to.
        event: which event was seen to, such as released.
        by: who has seen to it.
        dir: the prison service's directory, or the authority's, or its desk's.
        as_json: print one JSON object.
    """
    from parties.settings import load_settings
    from schemas.roster import Kind

    settings = load_settings(dir)
    if Kind(settings.kind) is Kind.PRISON_SERVICE:
        _publish(settings, as_json=as_json)
    elif done is not None:
        _done(settings, done, event, by, as_json=as_json)
    else:
        _learn(settings, as_json=as_json)


def _publish(settings: Any, *, as_json: bool) -> None:
    from parties.custody.publishing import publish

    published = publish(settings)
    emit(
        {"feed": published.number, "events": published.events, "waiting": published.waiting},
        f"feed {published.number}: {published.events:,} events published, {published.waiting:,} wait for the next",
        as_json=as_json,
    )


def _done(settings: Any, document: str, event: str | None, by: str | None, *, as_json: bool) -> None:
    from parties.custody.learning import record_done
    from parties.custody.publishing import NAMES

    if event not in NAMES or by is None:
        raise ConfigurationError(f"events: --done wants --event, one of {', '.join(NAMES)}, and --by, who has seen to it")
    record_done(settings, document, NAMES[event], by)
    emit({"document": document, "event": event}, f"{document}: {event} is seen to", as_json=as_json)


def _learn(settings: Any, *, as_json: bool) -> None:
    from parties.custody.learning import learn, learned
    from parties.custody.publishing import NAMES

    looked = learn(settings)
    if looked.missed:
        warn(f"{looked.missed} feeds are kept by nobody any more, and this desk never saw them: ring the prison service about your cases")
    words = {number: name for name, number in NAMES.items()}
    rows = [
        {
            "document": item.document,
            "event": words[item.event],
            "due": item.due,
            "who": item.follows.owner,
            "what": item.follows.action,
            "done_by": item.done_by,
        }
        for item in learned(settings)
    ]
    waiting = [f"  by {row['due']}  {row['document']}  {row['event']}: {row['who']} {row['what']}" for row in rows if not row["done_by"]]
    text = f"{looked.feeds} new feeds, {looked.events} new events, {looked.deleted} cases withdrawn\n" + "\n".join(
        waiting or ["nothing waits to be seen to"]
    )
    emit({"feeds": looked.feeds, "events": looked.events, "withdrawn": looked.deleted, "cases": rows}, text, as_json=as_json)
