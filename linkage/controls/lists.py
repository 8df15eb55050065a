"""The sealed lists of controls: each responder sends the round's opener with its answers to the last wave; one is enough for all lists.

Reads and writes the vault. What a custodian is told depends on its own list and on what it sent. A false opener, kept beside the
others, opens no list but its sender's.
"""

from collections.abc import Iterable
from contextlib import suppress

from linkage.controls.known import NO_CONTROLS, Controls
from linkage.inbox.pools import Submissions
from linkage.inbox.vault import CONTROLS_OPENER_BLOB
from schemas.controls import CONTROLS_PART, SEALED_LISTS, Planted, list_context, open_list
from schemas.encoding_set import read_table
from schemas.errors import RoundError, SealError, SubmissionError

OPENER = "answers: the opener of the round's controls"


def receive_opener(submissions: Submissions, organisation: str, opener: str | None, *, families: int, round_digest: str) -> None:
    """Keep the opener that an organisation sent with its answers to the last wave, once it opens that organisation's own list.

    Args:
        submissions: the round's.
        organisation: who sent it; one that submitted nothing has no list, and what it sends is not kept.
        opener: in hexadecimal.
        families: how many control families were agreed on.
        round_digest: of the round's manifest.

    Raises:
        SubmissionError: it is missing, or does not open the list.
    """
    if not families or organisation not in submissions.accepted:
        return
    if opener is None:
        raise SubmissionError(f"{OPENER} is missing; update Kinlink, then answer again")
    try:
        _open(submissions, organisation, bytes.fromhex(opener), families, round_digest)
    except SealError:
        raise SubmissionError(f"{OPENER} does not open your own list; answer where the submission was made") from None
    submissions.vault.write_blob(_blob(organisation), bytes.fromhex(opener))


def read_controls(submissions: Submissions, *, families: int, round_digest: str) -> Controls:
    """Return the controls of a round, of every custodian that submitted.

    Raises:
        RoundError: no custodian has shown them yet, so that nobody can tell a real finding from an invented one.
    """
    if not families or not submissions.accepted:
        return NO_CONTROLS
    openers = [submissions.vault.read_blob(_blob(name)) for name in submissions.accepted if submissions.vault.has_blob(_blob(name))]
    if not openers:
        raise RoundError(
            "controls: nobody has shown which people of this round are invented; let one custodian answer the second wave, then link again"
        )
    lists = {name: _read(submissions, name, openers, families, round_digest) for name in submissions.accepted}
    read = {name: planted for name, planted in lists.items() if planted is not None}
    return Controls(read, frozenset(lists.keys() - read.keys()))


def _read(
    submissions: Submissions, organisation: str, openers: Iterable[bytes], families: int, round_digest: str
) -> dict[int, Planted] | None:
    """Return an organisation's list, or None where no opener opens it."""
    for opener in dict.fromkeys(openers):
        with suppress(SealError):
            return _open(submissions, organisation, opener, families, round_digest)
    return None


def _open(submissions: Submissions, organisation: str, opener: bytes, families: int, round_digest: str) -> dict[int, Planted]:
    table = read_table(submissions.part(organisation, CONTROLS_PART), SEALED_LISTS, part=CONTROLS_PART, rows=1)
    return open_list(table["sealed"][0].as_py(), families, opener, list_context(round_digest, organisation))


def _blob(organisation: str) -> str:
    return f"{CONTROLS_OPENER_BLOB}.{organisation}"
