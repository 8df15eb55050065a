"""`kinlink party audit`: an auditor at the custodian's premises opens records that a public coin chose."""

from pathlib import Path

from flows.commands.console import Json, emit, progress_to_stderr, say
from flows.compiling import announced
from parties.settings import load_settings


def audit(*, round: str, beacon: str, dir: Path = Path(), as_json: Json = False) -> None:
    """Open the records of a closed round that the agreed beacon chose, and check that they are encodings of this node's records.

    Writes audits/ROUND.csv: records to look up in the source system. It stays in the node. Run it before the round ends.
    Example: kinlink party audit --dir force --round r-2026-11 --beacon 9f86d081884c7d659a2feaa0c55ad015

    Args:
        round: the round's id.
        beacon: the first value that the agreed beacon published after the round closed, in hexadecimal.
        dir: the node's directory, with the extract as it was submitted.
        as_json: print one JSON object.
    """
    from parties.auditing import audit as run_audit

    with announced(say):
        done = run_audit(load_settings(dir), round, beacon, progress_to_stderr)
    chance = done.caught_of_one_in_a_hundred
    text = (
        f"{done.opened:,} of {done.records:,} filters opened: all were committed to, and are encodings of records here; {done.invented:,} are of invented people\n"
        f"had one filter in a hundred been swapped, this would have met one with probability {chance:.3f}\n"
        f"look up each record of {done.worklist} in the source system"
    )
    answer = {
        "round_id": round,
        "records": done.records,
        "opened": done.opened,
        "invented": done.invented,
        "chance": float(f"{chance:.3f}"),
    }
    emit({**answer, "worklist": str(done.worklist)}, text, as_json=as_json)
