"""The extract each kind of custodian prepares, as data: files, columns, and the rules a value must keep.

Pure: reads nothing but the JSON files packaged beside it. The JSON is the one place for each rule; the Great Expectations
suites, the sample files and the reference pages are built from it.

A rule names what must hold (`present`, `matches`, `one_of`, `date`, `before`, `check`, `unique`, `refers_to`) and what follows when it
does not: the row is kept back (`quarantine`), or the fault is counted and the row leaves (`note`).
"""

import dataclasses
import functools
import importlib.resources
import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

KINDS: Final = ("prison-service", "police", "local-authority")
QUARANTINE: Final = "quarantine"
NOTE: Final = "note"


class Use(StrEnum):
    """What becomes of a column."""

    ENCODED = "encoded"  # in filters, and compared in the second look
    COMPARED = "compared"  # in the second look alone
    KEY = "key"  # what a pseudonym is made from, under a secret of the custodian's own
    TIE = "tie"  # says who belongs to whom; leaves sealed, and opens for candidate pairs alone
    STANDING = "standing"  # the authority's relation to a child, and since when; leaves sealed, as a tie does
    SEALED = "sealed"  # leaves sealed to the authority that acts, which alone opens it, with the token
    DESK = "desk"  # read by the authority's own desk; never leaves
    KEPT = "kept"  # checked, and never leaves


@dataclasses.dataclass(frozen=True, slots=True)
class Rule:
    """One thing that must hold of a column's values; a missing value breaks only `present`."""

    name: str
    severity: str
    arguments: Mapping[str, Any]


@dataclasses.dataclass(frozen=True, slots=True)
class ColumnRules:
    """A column, whether its file must have it, and its rules."""

    name: str
    required: bool
    rules: tuple[Rule, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class FileRules:
    """A file of an extract: its columns in order."""

    name: str
    columns: tuple[ColumnRules, ...]

    @property
    def header(self) -> tuple[str, ...]:
        """The column names in order."""
        return tuple(column.name for column in self.columns)


@dataclasses.dataclass(frozen=True, slots=True)
class ExtractRules:
    """A kind of custodian's extract: files in the order in which they refer to each other."""

    kind: str
    version: int
    files: Mapping[str, FileRules]


@functools.cache
def load_rules(kind: str) -> ExtractRules:
    """Return the extract rules of a kind of custodian.

    Raises:
        KeyError: `kind` is not one of `KINDS`.
    """
    if kind not in KINDS:
        raise KeyError(kind)
    return _load(kind)


@functools.cache
def load_answer_rules() -> ExtractRules:
    """Return the rules of the answers that an authority gives to questions about its own records."""
    return _load("answers")


def _load(kind: str) -> ExtractRules:
    text = importlib.resources.files(__name__).joinpath(f"{kind}.json").read_text(encoding="utf-8")
    content = json.loads(text)
    files = {name: _file(name, body) for name, body in content["files"].items()}
    return ExtractRules(kind=content["kind"], version=content["version"], files=files)


@functools.cache
def load_uses() -> Mapping[str, Mapping[str, Mapping[str, Use]]]:
    """Return what becomes of each column, by kind of custodian and file: what agreements between organisations are written from."""
    content = json.loads(importlib.resources.files(__name__).joinpath("uses.json").read_text(encoding="utf-8"))
    return {
        kind: {file: {column: Use(use) for column, use in columns.items()} for file, columns in files.items()}
        for kind, files in content.items()
    }


def _file(name: str, body: Mapping[str, Any]) -> FileRules:
    columns = (ColumnRules(column, spec["required"], tuple(map(_rule, spec["rules"]))) for column, spec in body["columns"].items())
    return FileRules(name, tuple(columns))


def _rule(body: Mapping[str, Any]) -> Rule:
    arguments = {key: value for key, value in body.items() if key not in {"rule", "severity"}}
    return Rule(body["rule"], body["severity"], arguments)
