"""The places that counts are published for: 175 upper-tier authorities of England and Wales. Pure: reads the table packaged beside it.

Codes, names, sources and dates are in `geography.json`. Codes are those of April 2025; `authority` also takes the two that changed then.
"""

import functools
import importlib.resources
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

WALES: Final = "W92000004"


@dataclass(frozen=True)
class Place:
    """A nation, country, region or authority: code, name, Welsh name (the English one where there is no other), and what it lies in."""

    code: str
    name: str
    welsh_name: str
    within: str = ""
    force: str = ""  # police force area, of authorities alone

    def named(self, language: str) -> str:
        """Return its name in `en` or `cy`."""
        return self.welsh_name if language == "cy" else self.name


@functools.cache
def nation() -> Place:
    """Return England and Wales."""
    return Place(*_table()["nation"])


@functools.cache
def countries() -> Mapping[str, Place]:
    """Return England and Wales apart, by code."""
    return {code: Place(code, name, welsh, nation().code) for code, (name, welsh) in _table()["countries"].items()}


@functools.cache
def regions() -> Mapping[str, Place]:
    """Return the nine regions of England, and Wales, by code."""
    return {code: Place(code, name, welsh, country) for code, (name, welsh, country) in _table()["regions"].items()}


@functools.cache
def authorities() -> Mapping[str, Place]:
    """Return the authorities by code; `within` is the region's code, Wales's for those in Wales."""
    rows = _table()["authorities"].items()
    return {code: Place(code, name, welsh or name, region, force) for code, (name, welsh, region, force) in rows}


@functools.cache
def forces() -> Mapping[str, str]:
    """Return the names of the police force areas by code."""
    return dict(_table()["forces"])


def current(code: str) -> str:
    """Return the code that stands for an authority since April 2025; any other code is returned as it is."""
    return str(_table()["recoded"].get(code, code))


def authority(code: str) -> Place | None:
    """Return the authority of a code, also of one from before April 2025, or None where the table has none."""
    return authorities().get(current(code))


@functools.cache
def _table() -> Any:
    return json.loads(importlib.resources.files("schemas").joinpath("geography.json").read_text(encoding="utf-8"))
