"""Deadlines and office hours: weekends, bank holidays, holidays of schools, and the clocks of London."""

from datetime import UTC, date, datetime, timedelta

import pytest
from dateutil.easter import easter
from hypothesis import given
from hypothesis import strategies as st

from parties.referrals.calendar import BANK_HOLIDAYS, WELSH_CLOSURES, Calendar, Closure, calendar_of

CARDIFF, LEEDS = calendar_of("W06000015"), calendar_of("E08000035")


@pytest.mark.parametrize(
    ("calendar", "now", "due"),
    [
        (CARDIFF, "2026-11-23T10:00", "2026-11-24T08:30"),  # a Monday
        (CARDIFF, "2026-11-24T07:00", "2026-11-25T08:30"),  # before school starts: the next day all the same
        (CARDIFF, "2026-11-27T22:30", "2026-11-30T08:30"),  # a Friday night
        (CARDIFF, "2026-10-23T12:00", "2026-11-02T08:30"),  # half-term
        (CARDIFF, "2026-12-18T12:00", "2027-01-04T08:30"),  # Christmas
        (CARDIFF, "2026-07-20T12:00", "2026-09-01T08:30"),  # summer
        (LEEDS, "2026-12-24T12:00", "2026-12-29T08:30"),  # Christmas Day, a weekend, Boxing Day in lieu
        (LEEDS, "2027-03-25T12:00", "2027-03-30T08:30"),  # Easter
        (LEEDS, "2029-12-21T12:00", "2029-12-24T08:30"),  # beyond every table
        (CARDIFF, "2026-09-14T23:30", "2026-09-16T08:30"),  # in London it is the 15th already
    ],
)
def test_a_referral_is_due_at_half_past_eight_on_the_next_school_day(calendar, now, due):
    found = calendar.due_at(datetime.fromisoformat(now).replace(tzinfo=UTC), at_school=True)
    assert found.replace(tzinfo=None) == datetime.fromisoformat(due)
    assert found.tzinfo.key == "Europe/London"


@pytest.mark.parametrize(("now", "due"), [("2026-07-20T12:00", "2026-07-21T08:30"), ("2026-12-24T12:00", "2026-12-29T08:30")])
def test_whoever_is_not_at_school_acts_on_the_next_working_day(now, due):
    found = CARDIFF.due_at(datetime.fromisoformat(now).replace(tzinfo=UTC), at_school=False)
    assert found.replace(tzinfo=None) == datetime.fromisoformat(due)


@given(st.datetimes(datetime(2025, 9, 1), datetime(2028, 1, 1), timezones=st.just(UTC)))
def test_no_deadline_is_past_or_on_a_closed_day(now):
    due = CARDIFF.due_at(now, at_school=True)
    assert due > now
    assert CARDIFF.is_school_day(due.date())
    here = now.astimezone(due.tzinfo).date()
    assert not any(CARDIFF.is_school_day(here + timedelta(days=n)) for n in range(1, (due.date() - here).days))


@pytest.mark.parametrize(
    ("now", "is_open"),
    [
        ("2026-11-27T16:59", True),
        ("2026-11-27T17:00", False),
        ("2026-11-27T22:30", False),  # a Friday night
        ("2026-11-28T12:00", False),  # a Saturday
        ("2026-12-28T12:00", False),  # a bank holiday
        ("2026-06-01T08:00", True),  # nine in London, in summer
        ("2026-06-01T07:59", False),
        ("2026-11-02T08:59", False),
    ],
)
def test_a_duty_team_answers_in_office_hours_and_another_team_at_all_others(now, is_open):
    assert LEEDS.is_office_time(datetime.fromisoformat(now).replace(tzinfo=UTC)) is is_open


@pytest.mark.parametrize("year", [2026, 2027])
def test_bank_holidays_agree_with_their_rules(year):
    def first_monday(month):
        return next(day for n in range(1, 8) if (day := date(year, month, n)).weekday() == 0)

    def last_monday(month):
        return max(day for n in range(1, 32) if (day := date(year, month, n)).weekday() == 0)

    rules = {easter(year) - timedelta(days=2), easter(year) + timedelta(days=1), first_monday(5), last_monday(5), last_monday(8)}
    found = {day for day in BANK_HOLIDAYS if day.year == year}
    assert rules < found
    assert len(found) == 8
    assert all(day.weekday() < 5 for day in found)


def test_welsh_closures_are_in_order_and_apart():
    days = [day for closure in WELSH_CLOSURES for day in closure]
    assert days == sorted(days)
    assert all(closure.first < closure.last for closure in WELSH_CLOSURES)


def test_an_authority_s_own_closures_replace_its_nation_s():
    own = calendar_of("W06000015", [Closure(date(2026, 11, 24), date(2026, 11, 25))])
    assert own == Calendar((Closure(date(2026, 11, 24), date(2026, 11, 25)),))
    assert own.next_day(date(2026, 11, 23), at_school=True) == date(2026, 11, 26)
    assert own.is_school_day(date(2026, 10, 27))
