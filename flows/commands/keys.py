"""`kinlink keys`: a key holder's side."""

from pathlib import Path

from flows.commands.console import Json, emit, progress_to_stderr


def issue(*, dir: Path = Path(), round: str, as_json: Json = False) -> None:
    """Make this key holder's share of a round's key and send it, sealed, to every custodian on the roster.

    Safe to repeat: the same share is sent again. Example: kinlink keys issue --dir . --round r-2026-11

    Args:
        dir: the key holder's directory.
        round: the round's id.
        as_json: print one JSON object.
    """
    from parties.keyholder import issue_shares
    from parties.settings import load_settings

    sent = issue_shares(load_settings(dir), round, progress_to_stderr)
    emit({"round_id": round, "recipients": sent}, f"share sent, sealed, to {sent} custodians", as_json=as_json)
