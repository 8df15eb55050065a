"""The facts behind the rules of normalisation, as packaged tables, and the digest by which parties see that theirs are equal. Pure: package data only."""

import csv
import functools
from collections.abc import Mapping
from importlib import resources

from schemas.canonical import digest

NORMALISER = "kinlink-normaliser/2"  # counts up with every change of a rule or a table
TABLES = ("default_dates", "months", "name_families", "name_words", "no_home", "sexes", "street_words")


def rows(table: str) -> list[dict[str, str]]:
    """Return the rows of a table; its first line, which gives the source, is passed over."""
    return list(csv.DictReader(_text(table).splitlines()[1:]))


def one_form(table: str, encoded: str, forms: str) -> Mapping[str, str]:
    """Return for each form of a table, divided by spaces in the column `forms`, what its column `encoded` says."""
    return {form: row[encoded] for row in rows(table) for form in row[forms].split()}


@functools.cache
def normaliser_digest() -> str:
    """Return the digest of the rules' version and every table, as agreements and manifests quote it."""
    return digest("\n".join([NORMALISER, *map(_text, TABLES)]).encode())


def _text(table: str) -> str:
    return resources.files(__package__).joinpath("tables", f"{table}.csv").read_text(encoding="utf-8")
