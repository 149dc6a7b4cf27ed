"""Weeks follow the calendar of Berlin, through leap weeks and changes of the clock."""

from datetime import UTC, date, datetime, timedelta

import pytest

from app.errors import Invalid
from app.services import rounds


@pytest.mark.parametrize(
    ("instant", "week"),
    [
        (datetime(2026, 11, 23, 9, tzinfo=UTC), "2026-W48"),
        (datetime(2026, 11, 22, 22, 59, tzinfo=UTC), "2026-W47"),
        (datetime(2026, 11, 22, 23, 0, tzinfo=UTC), "2026-W48"),  # Monday in Berlin
        (datetime(2026, 7, 5, 21, 59, tzinfo=UTC), "2026-W27"),
        (datetime(2026, 7, 5, 22, 0, tzinfo=UTC), "2026-W28"),  # summer time
        (datetime(2027, 1, 3, 12, tzinfo=UTC), "2026-W53"),  # a leap week
        (datetime(2024, 12, 30, 12, tzinfo=UTC), "2025-W01"),
        (datetime(2023, 1, 1, 12, tzinfo=UTC), "2022-W52"),
    ],
)
def test_week_of_an_instant_is_that_of_berlin(instant, week):
    assert rounds.week_of(instant) == week


@pytest.mark.parametrize(
    ("week", "expected"),
    [
        ("2026-W48", datetime(2026, 11, 23, 5, tzinfo=UTC)),  # winter: 6 is 5 UTC
        ("2026-W28", datetime(2026, 7, 6, 4, tzinfo=UTC)),  # summer: 6 is 4 UTC
    ],
)
def test_round_is_due_at_the_same_hour_of_the_clock(week, expected):
    assert rounds.due_at(week, weekday=1, hour=6) == expected


def test_hour_that_the_clock_skips_is_the_one_after_it():
    skipped = rounds.due_at("2026-W13", weekday=7, hour=2)  # 29 March, 2 to 3

    assert skipped.astimezone(UTC) == datetime(2026, 3, 29, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "week",
    ["", "2026", "2026-48", "2026-W00", "2026-W54", "2025-W53", "26-W48", "2026-W4x"],
)
def test_weeks_that_do_not_exist_are_refused(week):
    with pytest.raises(Invalid):
        rounds.monday_of(week)


def test_ten_years_have_exactly_the_weeks_of_the_calendar():
    hour, end = datetime(2020, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC)

    seen = []
    while hour < end:
        week = rounds.week_of(hour)
        if rounds.due_at(week, weekday=1, hour=6) <= hour and week not in seen[-1:]:
            seen.append(week)
        hour += timedelta(hours=1)

    monday, expected = date(2019, 12, 30), []
    while monday < date(2030, 1, 1):
        year, number, _ = monday.isocalendar()
        expected.append(f"{year}-W{number:02}")
        monday += timedelta(days=7)
    assert seen == expected
    assert len(seen) == len(set(seen))
