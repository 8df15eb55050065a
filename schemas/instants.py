"""Instants as every document and database writes them: UTC, ISO 8601, to the second. Pure."""

from datetime import UTC, datetime


def as_text(moment: datetime) -> str:
    """Return `moment` as text whose order is the order of time."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
