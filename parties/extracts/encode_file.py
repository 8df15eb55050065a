"""Encode a whole file with bounded memory: row by row the same filters, whatever interrupts it.

Finished portions lie in `OUT.parts` until all are done; a run that was killed goes on after the last. A digest under the
secret tells whether they are of this source, schema, columns and secret: if not, they are thrown away and encoding starts anew.
"""

import hashlib
import hmac
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from clkhash.schema import Schema

from parties.encoding.clk_encoder import ClkEncoder
from parties.extracts.columns import read_columns
from parties.extracts.read import FIRST_DATA_ROW
from parties.keys.derive import keyed_id
from parties.whole_files import OWNER_ONLY_DIRECTORY, whole_file
from schemas.canonical import canonical_json
from schemas.errors import ConfigurationError, ExtractError
from validation.progress import Progress, silent

PART_ROWS = 65_536
JOB_FILE = "job"
JOB_BYTES = 32
CLK = "clk"
STEP = "encode"


@dataclass(frozen=True, repr=False)
class FileJob:
    """What is to be encoded, how, and to where. Shows only places in `repr`.

    Attributes:
        source: CSV, Parquet or Arrow IPC file, one record a row.
        out: Arrow IPC file to write: one column, `clk`, its rows in the source's order.
        columns: the source's columns for the schema's features, in order.
        schema_digest: tells schemas apart.
    """

    source: Path
    out: Path
    schema: Schema
    schema_digest: str
    columns: Sequence[str]
    secret: bytes

    def digest(self) -> bytes:
        """Return 32 bytes that tell this job from others, and nothing of the secret or the source."""
        with self.source.open("rb") as file:
            source = hashlib.file_digest(file, "sha256").hexdigest()
        parts = {"source": source, "schema": self.schema_digest, "columns": list(self.columns), "rows": PART_ROWS}
        return keyed_id(self.secret, JOB_BYTES, "encode-file", canonical_json(parts).decode())

    def __repr__(self) -> str:
        """Show from where to where."""
        return f"FileJob({self.source} to {self.out})"


def encode_file(job: FileJob, progress: Progress = silent) -> int:
    """Encode the source to `job.out`; return how many rows it has.

    Raises:
        ConfigurationError: there is such a file already, or the columns are not as many as the schema's features.
        ExtractError: the source cannot be read, changed meanwhile, or a value is not of its feature's format.
    """
    encoder = ClkEncoder(job.schema, job.secret)
    if not job.source.is_file():
        raise ExtractError(f"{job.source}: no such file; name the file to encode")
    if job.out.exists():
        raise ConfigurationError(f"{job.out}: is there already; name another file, or move this one away")
    if len(job.columns) != len(encoder.features):
        raise ConfigurationError(f"columns: want {len(encoder.features)}, one for each feature that the schema encodes, in its order")
    digest = job.digest()
    folder = _parts_folder(job.out, digest)
    rows = _encode_parts(job, encoder, folder, progress)
    if not hmac.compare_digest(digest, job.digest()):
        raise ExtractError(f"{job.source.name}: changed while it was read; run the same command again")
    _assemble(job.out, folder, encoder.filter_bytes)
    progress(STEP, rows, rows)
    return rows


def _encode_parts(job: FileJob, encoder: ClkEncoder, folder: Path, progress: Progress) -> int:
    """Write the parts that are not there yet; return how many rows all have."""
    rows = 0
    for number, portion in enumerate(read_columns(job.source, job.columns, PART_ROWS)):
        part = folder / f"{number:08}"
        if not part.exists():
            with whole_file(part) as file:
                file.write(encoder.encode(portion.columns, first_row=rows + FIRST_DATA_ROW).tobytes())
        rows += len(portion.columns[0])
        progress(STEP, rows, max(portion.of_rows, rows + 1))  # it is not over before the parts are one file
    return rows


def _parts_folder(out: Path, digest: bytes) -> Path:
    """Return the folder of this job's parts; another job's are thrown away."""
    folder = out.with_name(f"{out.name}.parts")
    found = folder / JOB_FILE
    if not found.is_file() or not hmac.compare_digest(found.read_bytes(), digest):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=OWNER_ONLY_DIRECTORY)
        with whole_file(found) as file:
            file.write(digest)
    return folder


def _assemble(out: Path, folder: Path, width: int) -> None:
    schema = pa.schema([pa.field(CLK, pa.binary(width), nullable=False)])
    with whole_file(out) as file, pa.ipc.new_file(file, schema) as writer:
        for part in sorted(path for path in folder.iterdir() if path.name.isdecimal()):
            content = part.read_bytes()
            column = pa.FixedSizeBinaryArray.from_buffers(pa.binary(width), len(content) // width, [None, pa.py_buffer(content)])
            writer.write_batch(pa.RecordBatch.from_arrays([column], schema=schema))
    shutil.rmtree(folder)
