"""The outbox: a submission on its way, as files, until its receipt is here."""

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import pyarrow as pa

from parties.settings import NodeSettings
from schemas.canonical import canonical_json, digest
from schemas.encoding_set import CHUNK_BYTES, Part, write_table
from schemas.errors import SubmissionError
from schemas.signature import SignedDocument

DIRECTORY, MANIFEST_FILE = "outbox", "manifest.json"
_OWNER_ONLY = 0o700


class Outbox:
    """One round's submission on disk."""

    def __init__(self, settings: NodeSettings, round_id: str) -> None:
        """Use the outbox of this round, which may not be there yet."""
        self._path = settings.path(DIRECTORY, round_id)

    def fill(self, tables: Mapping[str, pa.Table]) -> dict[str, Part]:
        """Write each part, in place of what was there; return what the manifest says of them."""
        self.clear()
        self._path.mkdir(mode=_OWNER_ONLY, parents=True)
        return {name: self._write(name, table) for name, table in tables.items()}

    def seal(self, document: SignedDocument) -> None:
        """Write the signed manifest, last: without it there is nothing to send."""
        self._manifest.write_bytes(canonical_json(document.model_dump()))

    def manifest(self) -> SignedDocument:
        """Return the signed manifest.

        Raises:
            SubmissionError: nothing is ready to send.
        """
        try:
            return SignedDocument.model_validate(json.loads(self._manifest.read_bytes()))
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

    @property
    def _manifest(self) -> Path:
        return self._path / MANIFEST_FILE

    def _write(self, name: str, table: pa.Table) -> Part:
        content = write_table(table)
        (self._path / name).write_bytes(content)
        return Part(name=name, rows=table.num_rows, size=len(content), sha256=digest(content))
