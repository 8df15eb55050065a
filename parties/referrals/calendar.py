"""When somebody must act and who answers the telephone: school days, bank holidays and office hours, by clock and calendar. Pure.

Instants are aware; days and hours are those of London. Where a table ends, or an authority's own closures are not known, a weekday counts as a
school day: a deadline may then come too early, never too late.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

LONDON: Final = ZoneInfo("Europe/London")
SCHOOL_STARTS: Final = time(8, 30)
OFFICE_OPENS, OFFICE_CLOSES = time(9), time(17)
SATURDAY: Final = 5
WALES: Final = "W"

BANK_HOLIDAYS: Final = frozenset(  # England and Wales. Source: GOV.UK, "UK bank holidays"
    map(
        date.fromisoformat,
        (
            "2026-01-01", "2026-04-03", "2026-04-06", "2026-05-04", "2026-05-25", "2026-08-31", "2026-12-25", "2026-12-28",
            "2027-01-01", "2027-03-26", "2027-03-29", "2027-05-03", "2027-05-31", "2027-08-30", "2027-12-27", "2027-12-28",
        ),
    )
)  # fmt: skip


class Closure(NamedTuple):
    """Days on which no school is open, both included."""

    first: date
    last: date


def _closures(*days: str) -> tuple[Closure, ...]:
    return tuple(Closure(*map(date.fromisoformat, pair.split("/"))) for pair in days)


# Maintained schools. Source: Welsh Government, "Approved school term dates 2025 to 2026"; "School term dates 2026 to 2027: direction"
WELSH_CLOSURES: Final = _closures(
    "2025-10-27/2025-10-31", "2025-12-20/2026-01-04", "2026-02-16/2026-02-20", "2026-03-28/2026-04-12", "2026-05-25/2026-05-29",
    "2026-07-21/2026-08-31", "2026-10-26/2026-10-30", "2026-12-19/2027-01-03", "2027-02-08/2027-02-12", "2027-03-20/2027-04-04",
    "2027-05-31/2027-06-04", "2027-07-21/2027-08-31",
)  # fmt: skip


@dataclass(frozen=True)
class Calendar:
    """When an authority's schools are closed."""

    closures: tuple[Closure, ...] = ()

    def is_working_day(self, day: date) -> bool:
        """Say whether offices are open on a day."""
        return day.weekday() < SATURDAY and day not in BANK_HOLIDAYS

    def is_school_day(self, day: date) -> bool:
        """Say whether schools are open on a day."""
        return self.is_working_day(day) and not any(closure.first <= day <= closure.last for closure in self.closures)

    def next_day(self, day: date, *, at_school: bool) -> date:
        """Return the first school day, or working day, after a day."""
        is_open = self.is_school_day if at_school else self.is_working_day
        following = day + timedelta(days=1)
        while not is_open(following):
            following += timedelta(days=1)
        return following

    def due_at(self, now: datetime, *, at_school: bool) -> datetime:
        """Return by when a referral that is written now must be acted on: half past eight on the next school day, in London.

        Whoever is not `at_school` works in holidays, too: theirs is the next working day.
        """
        return datetime.combine(self.next_day(now.astimezone(LONDON).date(), at_school=at_school), SCHOOL_STARTS, LONDON)

    def is_office_time(self, now: datetime) -> bool:
        """Say whether a duty team answers now; else the out-of-hours team does."""
        here = now.astimezone(LONDON)
        return self.is_working_day(here.date()) and OFFICE_OPENS <= here.time() < OFFICE_CLOSES


def calendar_of(gss_code: str | None, own: Iterable[Closure] = ()) -> Calendar:
    """Return an authority's calendar: its own closures where it names any, else its nation's table."""
    named = tuple(own)
    return Calendar(named or (WELSH_CLOSURES if (gss_code or "").startswith(WALES) else ()))
