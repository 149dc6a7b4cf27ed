"""ISO weeks as the association counts them: by the calendar of Berlin."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from app.errors import N_, Invalid

ZONE = ZoneInfo("Europe/Berlin")


def week_of(instant: datetime) -> str:
    """The ISO week of an instant, such as 2026-W48."""
    return week_of_day(day_of(instant))


def day_of(instant: datetime) -> date:
    """The day of an instant in Berlin."""
    return instant.astimezone(ZONE).date()


def week_of_day(day: date) -> str:
    year, number, _ = day.isocalendar()
    return f"{year}-W{number:02}"


def monday_of(week: str) -> date:
    """The first day of a week; Invalid if there is no such week."""
    year, sep, number = week.partition("-W")
    if sep and len(year) == 4 and len(number) == 2 and (year + number).isdecimal():
        try:
            return date.fromisocalendar(int(year), int(number), 1)
        except ValueError:
            pass
    raise Invalid(N_("Diese Woche gibt es nicht. Schreiben Sie etwa 2026-W48."))


def due_at(week: str, *, weekday: int, hour: int) -> datetime:
    """When the round of a week is computed; weekday 1 is Monday, the hour is local.

    An hour that the clock skips in spring counts as the one after it.
    """
    day = monday_of(week) + timedelta(days=weekday - 1)
    return datetime.combine(day, time(hour), ZONE)
