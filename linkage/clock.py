"""Instants as the service writes them: UTC, ISO 8601, to the second. The one place that reads the clock."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
INSTANT = "%Y-%m-%dT%H:%M:%SZ"


def utc_now() -> datetime:
    """Return the present instant, aware."""
    return datetime.now(UTC)


def as_text(moment: datetime) -> str:
    """Return `moment` as text whose order is the order of time."""
    return moment.astimezone(UTC).strftime(INSTANT)
