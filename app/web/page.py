"""What every page has: navigation that knows which screens exist, formats."""

from datetime import UTC, date, datetime, timedelta

from flask import Flask, current_app
from flask_babel import format_date, format_decimal, format_time
from flask_babel import gettext as _

from app.i18n import language
from app.mail import invitations
from app.web import static_files


def init_app(app: Flask) -> None:
    app.jinja_env.globals.update(exists=exists, now=lambda: datetime.now(UTC))
    app.jinja_env.filters.update(
        number=number,
        day=day,
        moment=moment,
        appointment=appointment,
        place=invitations.place,
    )
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    static_files.init_app(app)


def exists(endpoint: str) -> bool:
    """Whether a screen is there; navigation shows no dead ends."""
    return endpoint in current_app.view_functions


def number(value: float, digits: int = 0) -> str:
    """A number as the page's language writes it, with fixed decimals."""
    decimals = f".{'0' * digits}" if digits else ""
    return str(format_decimal(value, format=f"#,##0{decimals}"))


def day(value: date | datetime) -> str:
    """The day in words, in local time: 7. Dezember 2026."""
    return str(format_date(value, format="long"))


def moment(value: datetime) -> str:
    """Day and minute, in local time: 07.12.2026, 10:00."""
    return f"{format_date(value, format='medium')}, {format_time(value, 'HH:mm')}"


def appointment(start: datetime, minutes: int) -> str:
    """Both ends in words, in local time:
    Donnerstag, 3. Dezember 2026, 10:00 bis 10:45 Uhr."""
    pattern = "EEEE, d MMMM y" if language() == "en" else "EEEE, d. MMMM y"
    return _(
        "%(day)s, %(start)s bis %(end)s Uhr",
        day=format_date(start, pattern),
        start=format_time(start, "HH:mm"),
        end=format_time(start + timedelta(minutes=minutes), "HH:mm"),
    )
