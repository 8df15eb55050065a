"""`kinlink keys`: a key holder's side, and every node's own private keys."""

from pathlib import Path

from flows.commands.console import Json, emit, progress_to_stderr
from flows.commands.passphrase import NOT_GIVEN, Passphrase, chosen


def issue(*, dir: Path = Path(), round: str, as_json: Json = False) -> None:
    """Make this key holder's share of a round's key and send it, sealed, to every custodian on the roster.

    Safe to repeat: the same share is sent again. What is left of rounds that have closed is deleted, as `kinlink keys delete` does. Example: kinlink keys issue --dir . --round r-2026-11

    Args:
        dir: the key holder's directory.
        round: the round's id.
        as_json: print one JSON object.
    """
    from parties.deleting import delete_closed_shares
    from parties.keyholder import issue_shares
    from parties.settings import load_settings

    settings = load_settings(dir)
    delete_closed_shares(settings)
    sent = issue_shares(settings, round, progress_to_stderr)
    emit({"round_id": round, "recipients": sent}, f"share sent, sealed, to {sent} custodians", as_json=as_json)


def encrypt(*, dir: Path = Path(), passphrase: Passphrase = NOT_GIVEN, as_json: Json = False) -> None:
    """Encrypt the private keys of a node that were made in the clear: a custodian's, key holder's, the service's or an operator's.

    Safe to repeat, also after a stop. Example: kinlink keys encrypt --dir force --passphrase-file /run/credentials/force

    Args:
        dir: the node's directory.
        passphrase: where the passphrase of the keys is; where the settings say, if not given.
        as_json: print one JSON object.
    """
    from validation.keyring import ASKED_FOR, encrypt_all, named_passphrase

    named = named_passphrase(dir) if passphrase == NOT_GIVEN else ASKED_FOR
    done = encrypt_all(dir, named if named != ASKED_FOR else chosen(dir, passphrase))
    emit({"encrypted": done}, f"{len(done)} key(s) in {dir} are encrypted now", as_json=as_json)


def rotate(*, dir: Path = Path(), as_json: Json = False) -> None:
    """Make new keys for a node beside the old, also while rounds run; they are used once a roster that lists both is installed.

    Safe to repeat: where new keys wait for a roster, none are made again. Example: kinlink keys rotate --dir force

    Args:
        dir: the directory of a custodian's node, a data-protection lead, a key holder or the statistics office.
        as_json: print one JSON object.
    """
    from parties.keys.rotating import rotate as rotate_keys
    from parties.keys.rotating import waiting
    from parties.settings import load_settings

    settings = load_settings(dir)
    entry, made = rotate_keys(settings), waiting(settings)
    told = f"{', '.join(made)} made; send identity.json to the root signers, and install the roster that they sign"
    emit({"organisation": entry.model_dump(mode="json"), "waiting": made}, told, as_json=as_json)


def delete(*, dir: Path = Path(), round: str, as_json: Json = False) -> None:
    """Delete what this node still has of a round, and send the service a signed statement of it. Safe to repeat.

    A key holder may once the round is closed, a custodian once it has expired. Example: kinlink keys delete --dir holder --round r-2026-11

    Args:
        dir: the node's directory; the statement is kept in its statements/.
        round: the round's id.
        as_json: print one JSON object.
    """
    from parties.deleting import delete_round
    from parties.settings import load_settings

    statement = delete_round(load_settings(dir), round)
    deleted = ", ".join(item.material for item in statement.deleted)
    emit({"statement": statement.model_dump(mode="json")}, f"deleted of {round}: {deleted}; the statement was sent", as_json=as_json)
