"""Read named columns of one file as Arrow's text, a bounded number of rows at a time: CSV in UTF-8, Parquet, Arrow IPC.

Rows come in the same portions however often a file is read. Errors name file, column and rule, never a value.
"""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from schemas.errors import ExtractError

CSV_BLOCK_BYTES = 4 * 1024 * 1024


class Portion(NamedTuple):
    """Some consecutive rows: about how many the whole file has, for showing how far one is, and the columns asked for, as text."""

    of_rows: int
    columns: list[pa.Array]


class _Opened(NamedTuple):
    rows: int
    batches: Iterable[pa.RecordBatch]


def read_columns(path: Path, names: Sequence[str], rows: int) -> Iterator[Portion]:
    """Yield the columns called `names`, in that order, exactly `rows` rows at a time; the last portion may be shorter. Missing is "".

    Raises:
        ExtractError: the file is missing, lacks a column, is not of the kind that its ending says, or is not text in UTF-8.
    """
    opened = READERS.get(path.suffix)
    if opened is None:
        raise ExtractError(f"{path.name}: want a file that ends in {', '.join(READERS)}; export it as one of these")
    try:
        with opened(path, names) as found:
            for table in _portions(found.batches, rows):
                yield Portion(found.rows, [text_column(table[name].combine_chunks()) for name in names])
    except FileNotFoundError:
        raise ExtractError(f"{path}: no such file; name the file to read") from None
    except (pa.ArrowException, OSError, UnicodeDecodeError, csv.Error):  # their texts quote the file
        raise ExtractError(f"{path.name}: not a readable {path.suffix[1:]} file of text and dates in UTF-8; export it again") from None


def text_column(column: Any) -> Any:
    """Return a column of any type as text, as people read it: dates as 2026-11-01, missing as ""."""
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.date32())
    return column.cast(pa.string()).fill_null("")


@contextmanager
def _csv(path: Path, names: Sequence[str]) -> Iterator[_Opened]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        _check_names(path, next(csv.reader(file), []), names)
    reading = pyarrow.csv.ReadOptions(block_size=CSV_BLOCK_BYTES, use_threads=False)
    parsing = pyarrow.csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False)
    as_text = pyarrow.csv.ConvertOptions(
        include_columns=list(names), column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
    )
    with path.open("rb") as file:  # given a path, pyarrow would read ahead without bounds
        lines = sum(block.count(b"\n") for block in iter(lambda: file.read(CSV_BLOCK_BYTES), b""))
        file.seek(0)
        with pyarrow.csv.open_csv(file, read_options=reading, parse_options=parsing, convert_options=as_text) as reader:
            yield _Opened(lines - 1, reader)


@contextmanager
def _parquet(path: Path, names: Sequence[str]) -> Iterator[_Opened]:
    with pq.ParquetFile(path) as file:
        _check_names(path, file.schema_arrow.names, names)
        yield _Opened(file.metadata.num_rows, file.iter_batches(columns=list(names)))


@contextmanager
def _arrow(path: Path, names: Sequence[str]) -> Iterator[_Opened]:
    with pa.memory_map(str(path)) as source, pa.ipc.open_file(source) as file:
        _check_names(path, file.schema.names, names)
        yield _Opened(file.count_rows(), (file.get_batch(number).select(list(names)) for number in range(file.num_record_batches)))


READERS: Mapping[str, Callable[[Path, Sequence[str]], AbstractContextManager[_Opened]]] = {
    ".csv": _csv,
    ".parquet": _parquet,
    ".arrow": _arrow,
}


def _check_names(path: Path, header: Sequence[str], names: Sequence[str]) -> None:
    for name in names:
        if header.count(name) != 1:
            raise ExtractError(f"{path.name}: want column {name} once in its header; export it so, or name other columns")


def _portions(batches: Iterable[pa.RecordBatch], rows: int) -> Iterator[pa.Table]:
    held = list[pa.RecordBatch]()
    for batch in batches:
        held.append(batch)
        if sum(map(len, held)) >= rows:
            table = pa.Table.from_batches(held)
            whole = len(table) // rows * rows
            yield from (table.slice(start, rows) for start in range(0, whole, rows))
            held = table.slice(whole).to_batches()
    if held:
        yield pa.Table.from_batches(held)
