"""Opening a sample of committed records, and checking what was opened against the custodian's own encoding. Pure, given the records.

An auditor checks at the custodian's premises: which records are opened is the coin's choice, that they were committed to is the path's
proof, and that each is the encoding of a local record is made again from that record. Whether the record is of a real person is for
the auditor to see in the source system.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from schemas.commitment import place_of, record_count
from schemas.encoding_set import SubmissionManifest
from schemas.errors import SubmissionError
from schemas.merkle import Tree, is_under
from schemas.public_coin import coin, drawn


def worklist_file(round_id: str) -> str:
    """Return where in a node's directory the records to look up of a round are listed."""
    return f"audits/{round_id}.csv"


@dataclass(frozen=True, repr=False)
class Opening:
    """One committed record: where it stands, its leaf, and the way to the part's root. Shows nothing in `repr`."""

    part: str
    row: int
    leaf: bytes
    path: Sequence[str]

    def __repr__(self) -> str:
        """Show nothing."""
        return "Opening(…)"


def sampled(manifest: SubmissionManifest, digest: str, beacon: str, count: int) -> list[tuple[str, int]]:
    """Return the records to be opened of a manifest, as part and row.

    Raises:
        ConfigurationError: the beacon's value is not as it must be.
    """
    size = record_count(manifest)
    return [place_of(manifest, position) for position in drawn(coin(digest, beacon), size, count)]


def opened(leaves: Mapping[str, Sequence[bytes]], sample: Iterable[tuple[str, int]]) -> list[Opening]:
    """Open a sample of the leaves that were committed to, by part."""
    trees = {name: Tree(rows) for name, rows in leaves.items()}
    return [Opening(part, row, leaves[part][row], trees[part].path(row)) for part, row in sample]


def check_opened(
    openings: Sequence[Opening],
    manifest: SubmissionManifest,
    sample: Sequence[tuple[str, int]],
    encoded: Callable[[str, bytes], bytes | None],
) -> None:
    """Check that the very sample was opened, that each record was committed to, and that each is the encoding of a local record.

    Args:
        openings: what the custodian shows.
        manifest: what it signed.
        sample: what the coin chose.
        encoded: gives, for a part and a pseudonym, the leaf of the local record that the pseudonym stands for, made again; None: there is none.

    Raises:
        SubmissionError: naming part and row of the first record that does not hold, and never a value.
    """
    if [(item.part, item.row) for item in openings] != list(sample):
        raise SubmissionError("audit: other records were opened than the coin chose; open those")
    for item in openings:
        part = manifest.part(item.part)
        if not is_under(part.records_root or "", item.leaf, index=item.row, size=part.rows, path=item.path):
            raise SubmissionError(
                f"audit: {item.part}, row {item.row}: not what the manifest commits to; keep everything as it is, and tell the root signers"
            )
        if encoded(item.part, item.leaf) != item.leaf:
            raise SubmissionError(
                f"audit: {item.part}, row {item.row}: no encoding of a local record; keep everything as it is, and tell the root signers"
            )
