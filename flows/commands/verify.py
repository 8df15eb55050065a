"""`kinlink party verify` and `kinlink service verify`: whether the service's log holds what it must."""

from pathlib import Path

from flows.commands.console import Json, emit


def party(*, round: str, dir: Path = Path(), as_json: Json = False) -> None:
    """Verify that the service's log holds this node's submission, and that a desk's envelopes are those that were released.

    Changes nothing but heads/last.json: the newest head, which every later one must follow.
    Example: kinlink party verify --dir council --round r-2026-11

    Args:
        round: the round's id.
        dir: the node's directory.
        as_json: print one JSON object.
    """
    from parties.settings import load_settings
    from parties.verifying import verify

    found = verify(load_settings(dir), round)
    lines = [
        f"head of {found.at}: {found.head[:16]}, the same for everybody: compare it with another party's",
        f"{found.new_heads} heads since this node's last look follow it",
        *(["this node's submission is in the log, as its receipt says"] if found.submission else []),
        *(
            [f"{found.envelopes} envelopes: those that were released to this authority, and no others"]
            if found.envelopes is not None
            else []
        ),
        *([f"the service's database was put back from a backup {found.restored} time(s)"] if found.restored else []),
    ]
    emit({"round_id": round, **vars(found)}, "\n".join(lines), as_json=as_json)


def service(*, dir: Path = Path(), as_json: Json = False) -> None:
    """Verify the service's audit log, its second copy, its heads, and the envelopes that are still there. The service may run.

    Example: kinlink service verify --dir service

    Args:
        dir: the service's directory.
        as_json: print one JSON object.
    """
    from linkage.agreed import load_agreed
    from linkage.settings import load_settings
    from linkage.store.engine import open_store
    from linkage.verifying import verify_log

    settings = load_settings(dir)
    store = open_store(settings.database)
    try:
        found = verify_log(store, settings, load_agreed(settings.directory))
    finally:
        store.dispose()
    text = f"{found.entries} entries follow from each other and are as in the second copy; {found.heads} heads and {found.batches} batches of envelopes are of them"
    emit(vars(found), text, as_json=as_json)
