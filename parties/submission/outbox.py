"""The outbox: a submission on its way, as files, until its receipt is here."""

import hashlib
import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import pyarrow as pa

from parties.settings import NodeSettings
from schemas.canonical import canonical_json
from schemas.commitment import records_root
from schemas.encoding_set import CHUNK_BYTES, ENCODING_PARTS, Part, read_table, write_blocks
from schemas.errors import SubmissionError
from schemas.signature import SignedDocument
from schemas.slots import ALL_PARTS

DIRECTORY, MANIFEST_FILE, FILTERS_FILE = "outbox", "manifest.json", "filters.npz"
_OWNER_ONLY = 0o700


class Outbox:
    """One round's submission on disk."""

    def __init__(self, settings: NodeSettings, round_id: str) -> None:
        """Use the outbox of this round, which may not be there yet."""
        self._path = settings.path(DIRECTORY, round_id)

    def fill(self, parts: Mapping[str, Iterable[pa.Table]]) -> dict[str, Part]:
        """Write each part, block by block, in place of what was there; return what the manifest says of them."""
        self.clear()
        self._path.mkdir(mode=_OWNER_ONLY, parents=True)
        return {name: self._write(name, blocks) for name, blocks in parts.items()}

    @property
    def filters(self) -> Path:
        """Where what stands behind the filters waits for the receipt."""
        return self._path / FILTERS_FILE

    @property
    def manifest_path(self) -> Path:
        """Where the signed manifest lies: a document that may be shown to whoever signs it as well."""
        return self._path / MANIFEST_FILE

    def seal(self, document: SignedDocument) -> None:
        """Write the signed manifest, last: without it there is nothing to send."""
        self.manifest_path.write_bytes(canonical_json(document.model_dump()))

    def manifest(self) -> SignedDocument:
        """Return the signed manifest.

        Raises:
            SubmissionError: nothing is ready to send.
        """
        try:
            return SignedDocument.model_validate(json.loads(self.manifest_path.read_bytes()))
        except (FileNotFoundError, ValueError):
            raise SubmissionError("outbox: nothing is ready to send; run `kinlink party submit`") from None

    def chunks(self, part: Part, indexes: Iterable[int]) -> Iterator[tuple[int, bytes]]:
        """Yield these chunks of a part, with their indexes."""
        with (self._path / part.name).open("rb") as file:
            for index in indexes:
                file.seek(index * CHUNK_BYTES)
                yield index, file.read(part.chunk_size(index))

    def clear(self) -> None:
        """Remove everything of this round."""
        shutil.rmtree(self._path, ignore_errors=True)

    def _write(self, name: str, blocks: Iterable[pa.Table]) -> Part:
        path = self._path / name
        with path.open("wb") as file:
            rows = write_blocks(file, ALL_PARTS[name], blocks)
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        return Part(name=name, rows=rows, size=path.stat().st_size, sha256=sha256, records_root=_root(name, path, rows))


def _root(name: str, path: Path, rows: int) -> str | None:
    """Return what the manifest commits to of an encoding part's records; of other parts there is nothing to open."""
    if name not in ENCODING_PARTS:
        return None
    return records_root(read_table(path.read_bytes(), ALL_PARTS[name], part=name, rows=rows))
