"""Publications as `kinlink statistics publish` wrote them, read again: only what was released, and only as it was released."""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from parties.publication.places import Row, published_row
from parties.publication.plain import EVERY_AGE
from parties.publication.writing import SUMS
from schemas.aggregate import ALL_AGES, Cell
from schemas.errors import ConfigurationError

COUNTS, METADATA = "counts.csv", "metadata.json"
MAX_FILE_BYTES: Final = 8 * 1024**2
MAX_PUBLICATIONS: Final = 1_000


@dataclass(frozen=True)
class Publication:
    """One round's published counts, and when it took submissions (days, ISO 8601)."""

    round_id: str
    opens: str
    closes: str
    epsilon: float
    delta: str
    rows: tuple[Row, ...]


def read_publications(folders: Iterable[Path]) -> list[Publication]:
    """Return the publications in `folders`, or one level below them, the newest first; a copy of one counts once.

    Raises:
        ConfigurationError: a folder has none, a file is not as it was published, or a round was published twice with other numbers.
    """
    found = {publication.round_id: publication for publication in _found(folders)}
    return sorted(found.values(), key=lambda item: (item.opens, item.round_id), reverse=True)


def _found(folders: Iterable[Path]) -> Iterator[Publication]:
    known: dict[str, Publication] = {}
    for folder in folders:
        for place in _places(folder):
            publication = _read(place)
            if known.setdefault(publication.round_id, publication) != publication:
                raise ConfigurationError(f"{place}: its round was published with other numbers elsewhere; leave one of the two out")
            if len(known) > MAX_PUBLICATIONS:
                raise ConfigurationError(f"over {MAX_PUBLICATIONS} publications; name fewer")
            yield publication


def _places(folder: Path) -> list[Path]:
    places = [folder] if (folder / SUMS).is_file() else sorted(path.parent for path in folder.glob(f"*/{SUMS}"))
    if not places:
        raise ConfigurationError(f"{folder}: no publication here; make one with `kinlink statistics publish`, or name its directory")
    return places


def _read(place: Path) -> Publication:
    sums = {name: digest for digest, _, name in (line.partition("  ") for line in _text(place / SUMS).splitlines())}
    counts, metadata = (_checked(place / name, sums.get(name, "")) for name in (COUNTS, METADATA))
    try:
        said = json.loads(metadata)
        return Publication(
            str(said["round"]), str(said["opens"]), str(said["closes"]), float(said["epsilon"]), str(said["delta"]), tuple(_rows(counts))
        )
    except (ValueError, KeyError, TypeError, csv.Error, ValidationError):
        raise ConfigurationError(f"{place}: written by another version of Kinlink; publish its round again into a new directory") from None


def _rows(counts: str) -> Iterator[Row]:
    for row in csv.DictReader(io.StringIO(counts)):
        age = ALL_AGES if row["age"] == EVERY_AGE else row["age"]
        numbers = {name: int(row[name]) for name in ("value", "lower", "upper")}
        yield published_row(
            Cell.model_validate({"area": row["area"], "age": age, "mark": row["mark"], **numbers}), {row["area"]: row["name"]}
        )


def _checked(path: Path, digest: str) -> str:
    text = _text(path)
    if sha256(text.encode()).hexdigest() != digest:
        raise ConfigurationError(f"{path}: is not as it was published ({SUMS} says so); take a copy that is")
    return text


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise ConfigurationError(f"{path}: over {MAX_FILE_BYTES} bytes; no publication has such a file")
        return path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError):
        raise ConfigurationError(f"{path}: cannot be read; take a copy of the publication that can") from None
