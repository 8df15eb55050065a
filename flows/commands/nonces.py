"""`kinlink party nonces` and `keys compare`: custodians and a key holder see whether one nonce was sent to two of them."""

from pathlib import Path

from flows.commands.console import Json, emit
from parties.settings import load_settings


def nonces(*, round: str, holder: str, out: Path, dir: Path = Path(), as_json: Json = False) -> None:
    """Write which nonces this node answered in a round, as hashes sealed to a key holder. As many whatever was found.

    Send the file to the holder by a channel that the linkage service does not run.
    Example: kinlink party nonces --dir force --round r-2026-11 --holder holder-1 --out force.nonces

    Args:
        round: the round's id; every wave of it is answered.
        holder: the key holder's short name on the roster.
        out: the file to write.
        dir: the node's directory.
        as_json: print one JSON object.
    """
    from parties.nonce_lists import write_nonce_list

    count = write_nonce_list(load_settings(dir), round, holder, out)
    emit({"round_id": round, "nonces": count, "out": str(out)}, f"{count:,} nonces written to {out}, sealed to {holder}", as_json=as_json)


def compare(files: list[Path], /, *, round: str, dir: Path = Path(), as_json: Json = False) -> None:
    """Compare which nonces custodians answered in a round; one on two lists is an alarm.

    Example: kinlink keys compare force.nonces council.nonces --dir holder --round r-2026-11

    Args:
        files: what custodians wrote with `kinlink party nonces`.
        round: the round's id.
        dir: the key holder's directory.
        as_json: print one JSON object.
    """
    from parties.nonce_lists import compare_nonce_lists

    done = compare_nonce_lists(load_settings(dir), round, files)
    missing = f"; not here: {', '.join(done.missing)}" if done.missing else ""
    told = f"no nonce is on two of {len(done.here)} lists{missing}"
    emit({"round_id": round, "compared": list(done.here), "missing": list(done.missing)}, told, as_json=as_json)
