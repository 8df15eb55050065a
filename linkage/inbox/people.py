"""Which person ids an authority's children have in a round: what it may be asked about, whatever was found.

The authority sends them with its submission. They are names without anything that is named: only an opened join says which filters
are one's.
"""

from linkage.inbox.vault import Vault
from schemas.errors import SubmissionError
from schemas.joins import PERSON_BYTES


def receive_people(vault: Vault, organisation: str, content: bytes) -> None:
    """Keep the person ids of an authority's children, one after the other; they take the place of earlier ones.

    Raises:
        SubmissionError: they are no whole number of ids.
    """
    if len(content) % PERSON_BYTES:
        raise SubmissionError(f"people: want ids of {PERSON_BYTES} bytes, one after the other; run `kinlink party submit` again")
    vault.write_blob(_blob(organisation), content)


def read_people(vault: Vault, organisation: str) -> list[bytes]:
    """Return the person ids of an authority's children, each once; none where it sent none."""
    if not vault.has_blob(_blob(organisation)):
        return []
    content = vault.read_blob(_blob(organisation))
    return list(dict.fromkeys(content[start : start + PERSON_BYTES] for start in range(0, len(content), PERSON_BYTES)))


def _blob(organisation: str) -> str:
    return f"people.{organisation}"
