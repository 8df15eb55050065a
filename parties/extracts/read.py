"""Read a custodian's files as text, a bounded number of rows at a time: CSV in UTF-8 or Parquet, named as in the extract rules.

Strict where a lenient reader would guess: a ragged row is an error, not a shifted column. Errors name file and row.
"""

import csv
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from schemas.errors import ExtractError

if TYPE_CHECKING:
    import pandas as pd

CHUNK_ROWS = 100_000
MAX_FIELD = 1_000  # characters; the longest genuine one is an address
FIRST_DATA_ROW = 2  # as a spreadsheet counts: row 1 is the header


class Chunk(NamedTuple):
    """Some consecutive rows of a file: the first one's number, and the text in columns (missing is "")."""

    first_row: int
    frame: "pd.DataFrame"


def read_extract(folder: Path, name: str, *, rows: int = CHUNK_ROWS) -> Iterator[Chunk]:
    """Yield the file called `name` (no ending) in chunks of at most `rows`; CSV goes before Parquet. At least one chunk, maybe empty.

    Raises:
        ExtractError: it is missing, not UTF-8, not a table, or a row has too few, too many or too long fields.
    """
    for ending, read in ((".csv", _csv_rows), (".parquet", _parquet_rows)):
        path = folder / f"{name}{ending}"
        if path.is_file():
            yield from read(path, rows)
            return
    raise ExtractError(f"{name}.csv: not in {folder}; export it there, with its header row alone if there is nothing to report")


def _csv_rows(path: Path, rows: int) -> Iterator[Chunk]:
    import pandas as pd

    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = _header(next(reader, []), path)
            first_row = FIRST_DATA_ROW
            while content := list(islice(reader, rows)):
                _check_shape(content, len(header), first_row, path)
                yield Chunk(first_row, pd.DataFrame(content, columns=header, dtype=str))
                first_row += len(content)
            if first_row == FIRST_DATA_ROW:
                yield Chunk(first_row, pd.DataFrame(columns=header, dtype=str))
    except UnicodeDecodeError:
        raise ExtractError(f"{path.name}: not in UTF-8; export it again in that encoding") from None
    except csv.Error:  # its text may quote the file
        raise ExtractError(
            f"{path.name}: not a comma-separated file with quotes as they should be, or a field is over-long; export it again"
        ) from None


def _parquet_rows(path: Path, rows: int) -> Iterator[Chunk]:
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            header, first_row = _header(file.schema_arrow.names, path), FIRST_DATA_ROW
            for batch in file.iter_batches(batch_size=rows):
                content = {name: _texts(column) for name, column in zip(header, batch.columns, strict=True)}
                frame = pd.DataFrame(content, columns=header, dtype=str)
                _check_shape(frame.itertuples(index=False), len(header), first_row, path)
                yield Chunk(first_row, frame)
                first_row += len(frame)
            if first_row == FIRST_DATA_ROW:
                yield Chunk(first_row, pd.DataFrame(columns=header, dtype=str))
    except (pa.ArrowException, OSError):
        raise ExtractError(f"{path.name}: not a Parquet file of text and dates; export it again") from None


def _texts(column: Any) -> list[str]:
    from parties.extracts.columns import text_column

    texts: list[str] = text_column(column).to_pylist()
    return texts


def _header(names: list[str], path: Path) -> list[str]:
    header = [name.strip() for name in names]
    if not header or len(set(header)) < len(header) or not all(header):
        raise ExtractError(f"{path.name}, row 1: want a header row of different column names; export it again")
    return header


def _check_shape(content: Any, width: int, first_row: int, path: Path) -> None:
    for row, fields in enumerate(content, start=first_row):
        if len(fields) != width:
            raise ExtractError(
                f"{path.name}, row {row}: {len(fields)} fields where the header has {width}; export it again, with quotes around commas"
            )
        if max(map(len, fields)) > MAX_FIELD:
            raise ExtractError(f"{path.name}, row {row}: a field is over {MAX_FIELD} characters; shorten it, or mend a missing quote")
